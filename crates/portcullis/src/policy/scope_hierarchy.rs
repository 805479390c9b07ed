//! Scopes that imply others.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use crate::{ConfigError, claims::ScopeSet};

/// Which scopes imply which others, by a rule of the application: a token with the
/// one has the others, too, for the policies and extractors of an
/// [`Authenticator`](crate::guard::Authenticator::scope_hierarchy).
///
/// As a table:
///
/// ```
/// use portcullis::policy::ScopeHierarchy;
///
/// let hierarchy = ScopeHierarchy::table([
///     ("admin", "stations:write users:write"),
///     ("stations:write", "stations:read"),
/// ])?;
/// assert!(hierarchy.implies("admin", "stations:read"));
/// assert!(!hierarchy.implies("stations:read", "stations:write"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
///
/// Or as a function, such as one for scopes whose names are paths:
///
/// ```
/// use portcullis::policy::ScopeHierarchy;
///
/// let by_prefix = ScopeHierarchy::rule(|granted, required| {
///     let rest = required.strip_prefix(granted);
///     rest.is_some_and(|rest| rest.starts_with(':'))
/// });
/// assert!(by_prefix.implies("stations", "stations:read"));
/// assert!(!by_prefix.implies("station", "stations:read"));
/// ```
#[derive(Clone)]
pub struct ScopeHierarchy(Arc<Rule>);

enum Rule {
    /// Each scope with all that it implies, directly or not.
    Table(HashMap<Box<str>, HashSet<Box<str>>>),
    Function(Box<Implies>),
}

type Implies = dyn Fn(&str, &str) -> bool + Send + Sync;

impl ScopeHierarchy {
    /// Each scope with those that it implies, separated by spaces; what these imply,
    /// it implies, too. Several rows for one scope add up.
    ///
    /// # Errors
    ///
    /// If something is no scope (RFC 6749 section 3.3), or a scope implies itself by
    /// way of others: then they all mean the same, and one of them will do.
    pub fn table<'t>(
        rows: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, ConfigError> {
        let mut direct: HashMap<Box<str>, HashSet<Box<str>>> = HashMap::new();
        for (scope, implied) in rows {
            // One scope, and no list of them.
            let scope = ScopeSet::from_tokens([scope]).map_err(|_| no_scope(scope))?;
            let implied: ScopeSet = implied.parse().map_err(|_| no_scope(implied))?;
            let row = direct.entry(scope.as_str().into()).or_default();
            row.extend(implied.iter().map(Box::from));
        }
        let closed = direct.keys().map(|scope| {
            let all = reached_from(scope, &direct);
            if all.contains(scope) {
                return Err(ConfigError::new(format!(
                    "the scope `{scope}` implies itself by way of others: take one row out"
                )));
            }
            Ok((scope.clone(), all))
        });
        Ok(Self(Arc::new(Rule::Table(
            closed.collect::<Result<_, _>>()?,
        ))))
    }

    /// `implies` says whether a token that has its first scope has the second, too.
    /// It is asked about each scope of a token that does not have the required one
    /// itself; what follows from its answers, it has to say itself.
    pub fn rule(implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(Rule::Function(Box::new(implies))))
    }

    /// Whether a token that has the scope `granted` has `required`, too. That every
    /// scope implies itself goes without saying.
    pub fn implies(&self, granted: &str, required: &str) -> bool {
        granted == required
            || match &*self.0 {
                Rule::Table(rows) => rows.get(granted).is_some_and(|all| all.contains(required)),
                Rule::Function(implies) => implies(granted, required),
            }
    }
}

/// Whether `granted` has `required`, or, where there is a hierarchy, implies it.
pub(super) fn has_scope(
    granted: &ScopeSet,
    required: &str,
    hierarchy: Option<&ScopeHierarchy>,
) -> bool {
    granted.contains(required)
        || hierarchy.is_some_and(|hierarchy| {
            let mut granted = granted.iter();
            granted.any(|granted| hierarchy.implies(granted, required))
        })
}

fn reached_from(start: &str, direct: &HashMap<Box<str>, HashSet<Box<str>>>) -> HashSet<Box<str>> {
    let mut reached = HashSet::new();
    let mut next = vec![start];
    while let Some(scope) = next.pop() {
        for implied in direct.get(scope).into_iter().flatten() {
            if reached.insert(implied.clone()) {
                next.push(implied);
            }
        }
    }
    reached
}

fn no_scope(text: &str) -> ConfigError {
    ConfigError::new(format!(
        "{text:?} is no scope: printable ASCII without space, quote or backslash"
    ))
}

impl fmt::Debug for ScopeHierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Rule::Table(rows) => f.debug_tuple("ScopeHierarchy").field(rows).finish(),
            Rule::Function(_) => f.write_str("ScopeHierarchy(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_followed_to_its_end() {
        let table =
            ScopeHierarchy::table([("a", "b"), ("b", "c  d"), ("a", "e"), ("x", "d"), ("y", "")])
                .unwrap();
        for (granted, implied) in [("a", "bcde"), ("b", "cd"), ("x", "d"), ("y", ""), ("c", "")] {
            for required in ["a", "b", "c", "d", "e", "x", "y", "z"] {
                let expected = granted == required || implied.contains(required);
                assert_eq!(
                    table.implies(granted, required),
                    expected,
                    "{granted} {required}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_a_table_is_refused() {
        for rows in [
            [("a", "b"), ("b", "a")],
            [("a", "a"), ("b", "c")],
            [("a b", "c"), ("d", "e")],
            [("", "c"), ("d", "e")],
            [("a", "c\""), ("d", "e")],
        ] {
            assert!(ScopeHierarchy::table(rows).is_err(), "{rows:?}");
        }
        let circle = ScopeHierarchy::table([("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]);
        assert!(circle.is_err());
    }
}
