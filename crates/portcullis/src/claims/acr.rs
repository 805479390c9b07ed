//! How strong a login was (OpenID Connect Core section 2, RFC 9470).

use std::fmt;

use super::is_scope_token;

/// Authentication context class references, the preferred one first: names for how
/// strong a login is, on which issuers and services agree.
///
/// ```
/// use portcullis::claims::AcrValues;
///
/// let values = AcrValues::new(["phr", "mfa"])?;
/// assert_eq!(values.as_str(), "phr mfa");
/// assert!(values.contains("mfa"));
/// # Ok::<(), portcullis::claims::AcrError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AcrValues(Box<str>);

impl AcrValues {
    /// These values, in order of preference; those that are repeated count once.
    ///
    /// # Errors
    ///
    /// If there is none, or one of them cannot stand in a list that spaces
    /// separate, within a challenge (RFC 9470 section 3): it is empty, or has
    /// something else than printable ASCII, or a space, a quote or a backslash.
    pub fn new<I>(values: I) -> Result<Self, AcrError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut text = String::new();
        for value in values {
            let value = value.as_ref();
            // The same characters as in a scope, and for the same reasons.
            if !is_scope_token(value) {
                return Err(AcrError);
            }
            if text.split(' ').any(|own| own == value) {
                continue;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(value);
        }
        if text.is_empty() {
            return Err(AcrError);
        }
        Ok(Self(text.into()))
    }

    /// The values, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// Whether `value` is one of them; case matters.
    pub fn contains(&self, value: &str) -> bool {
        self.iter().any(|own| own == value)
    }

    /// The values separated by one space, as `acr_values` has them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Those that are in `other`, too; `None` if no value is in both.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.iter().filter(|value| other.contains(value))).ok()
    }
}

impl fmt::Display for AcrValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AcrValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Values of `acr` that cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcrError;

impl fmt::Display for AcrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "name at least one `acr`, each in printable ASCII without space, quote or backslash",
        )
    }
}

impl std::error::Error for AcrError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_and_stand_once() {
        let values = AcrValues::new(["b", "a", "b", "urn:x:2"]).unwrap();
        assert_eq!(values.as_str(), "b a urn:x:2");
        assert!(values.contains("a"));
        assert!(!values.contains("A") && !values.contains("") && !values.contains("b a"));
    }

    #[test]
    fn what_cannot_stand_in_a_challenge_is_refused() {
        assert_eq!(AcrValues::new([""; 0]), Err(AcrError));
        for bad in ["", "a b", "a\"", "a\\", "\u{e9}", "a\n"] {
            assert_eq!(AcrValues::new(["good", bad]), Err(AcrError), "{bad:?}");
        }
    }
}
