//! Issuers with many tenants under one set of keys.

use std::{
    collections::BTreeSet,
    fmt,
    hash::{Hash, Hasher},
    ptr,
    sync::Arc,
};

use super::shown::Shown;
use crate::ConfigError;

/// The tenants of an issuer whose tokens are accepted.
///
/// ```
/// use portcullis::verify::Tenants;
///
/// let customers = Tenants::only([
///     "72f988bf-86f1-41af-91ab-2d7cd011db47",
///     "8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
/// ]);
/// // Or as the application knows them at the moment, from memory.
/// # fn is_customer(tenant: &str) -> bool { true }
/// let customers = Tenants::accepted_by(|tenant| is_customer(tenant));
/// ```
#[derive(Clone)]
pub struct Tenants(Accepted);

#[derive(Clone)]
enum Accepted {
    Only(Arc<BTreeSet<Box<str>>>),
    By(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Tenants {
    /// These and no others, each a GUID.
    pub fn only<T>(tenants: T) -> Self
    where
        T: IntoIterator,
        T::Item: AsRef<str>,
    {
        let tenants = tenants.into_iter();
        let tenants = tenants.map(|tenant| tenant.as_ref().to_ascii_lowercase().into());
        Self(Accepted::Only(Arc::new(tenants.collect())))
    }

    /// Those for which `accepts` says yes. It is given a GUID in lower case and asked
    /// about every request, also about tokens that nobody has signed, so it answers
    /// from memory.
    pub fn accepted_by(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Accepted::By(Arc::new(accepts)))
    }

    fn accept(&self, tenant: &str) -> bool {
        match &self.0 {
            Accepted::Only(tenants) => tenants.contains(tenant),
            Accepted::By(accepts) => accepts(tenant),
        }
    }

    /// Those that are named.
    fn named(&self) -> impl Iterator<Item = &str> {
        let named = match &self.0 {
            Accepted::Only(tenants) => Some(tenants.iter().map(AsRef::as_ref)),
            Accepted::By(_) => None,
        };
        named.into_iter().flatten()
    }

    fn address(&self) -> *const () {
        match &self.0 {
            Accepted::Only(tenants) => Arc::as_ptr(tenants).cast(),
            Accepted::By(accepts) => Arc::as_ptr(accepts).cast(),
        }
    }
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Accepted::Only(tenants) => f.debug_tuple("Tenants").field(tenants).finish(),
            Accepted::By(_) => f.debug_tuple("Tenants").finish_non_exhaustive(),
        }
    }
}

/// What stands for the tenant in the names that Entra ID gives its issuers.
pub(super) const TENANT: &str = "{tenantid}";

/// The tenant that `issuer` names, where `pattern` has its place.
pub(super) fn tenant_in<'i>(pattern: &str, issuer: &'i str) -> Option<&'i str> {
    let mut parts = pattern.split(TENANT);
    let rest = issuer.strip_prefix(parts.next()?)?;
    let tenant = rest.get(..36).filter(|tenant| is_guid(tenant))?;
    let mut rest = rest;
    for part in parts {
        rest = rest.strip_prefix(tenant)?.strip_prefix(part)?;
    }
    rest.is_empty().then_some(tenant)
}

/// Whether `issuer` is the one of this name, or of this pattern.
pub(super) fn is_of_pattern(pattern: &str, issuer: &str) -> bool {
    pattern == issuer || (pattern.contains(TENANT) && tenant_in(pattern, issuer).is_some())
}

/// A GUID as Entra ID writes it: 32 digits in groups of 8, 4, 4, 4 and 12. In upper
/// case it would be the name of another subject's realm.
pub(super) fn is_guid(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let groups = || text.split('-');
    groups().map(str::len).eq([8, 4, 4, 4, 12]) && groups().all(|group| group.bytes().all(is_digit))
}

/// One issuer for each tenant.
#[derive(Clone, Debug)]
pub(super) struct TenantIssuers {
    pub(super) pattern: Arc<str>,
    pub(super) tenants: Tenants,
}

impl TenantIssuers {
    pub(super) fn accept(&self, issuer: &str) -> bool {
        tenant_in(&self.pattern, issuer).is_some_and(|tenant| self.tenants.accept(tenant))
    }

    /// Whether it is asked about every request who is accepted.
    pub(super) fn may_change(&self) -> bool {
        matches!(self.tenants.0, Accepted::By(_))
    }

    /// Whether a token of this issuer may come here, whoever is accepted now.
    pub(super) fn may_accept(&self, issuer: &str) -> bool {
        match &self.tenants.0 {
            Accepted::Only(_) => self.accept(issuer),
            Accepted::By(_) => tenant_in(&self.pattern, issuer).is_some(),
        }
    }

    pub(super) fn overlap(&self, later: &Self) -> bool {
        let mut named = later.named();
        (self.may_change() && later.may_change() && self.pattern == later.pattern)
            || named.any(|issuer| self.may_accept(&issuer))
    }

    /// The issuers that are named.
    pub(super) fn named(&self) -> impl Iterator<Item = String> {
        let tenants = self.tenants.named();
        tenants.map(|tenant| self.pattern.replace(TENANT, tenant))
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if !self.pattern.contains(TENANT) {
            return Err(ConfigError::new(format!(
                "an issuer of many tenants needs {TENANT} in its name, where the tenant stands"
            )));
        }
        if let Accepted::Only(tenants) = &self.tenants.0 {
            if tenants.is_empty() {
                return Err(ConfigError::new("no tenant is accepted: name one at least"));
            }
            if let Some(tenant) = tenants.iter().find(|tenant| !is_guid(tenant)) {
                return Err(not_a_guid(tenant));
            }
        }
        Ok(())
    }
}

/// That a tenant is not named as `iss` names it.
pub(super) fn not_a_guid(tenant: &str) -> ConfigError {
    ConfigError::new(format!(
        "{} is no tenant id: that is a GUID, which the tenant's overview shows; the tokens name \
         the tenant by it, never by a domain",
        Shown(tenant)
    ))
}

impl PartialEq for TenantIssuers {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern && ptr::eq(self.tenants.address(), other.tenants.address())
    }
}

impl Eq for TenantIssuers {}

impl Hash for TenantIssuers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pattern.hash(state);
        self.tenants.address().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATTERN: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const CIAM: &str = "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0";
    const ONE: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const OTHER: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";

    #[test]
    fn a_tenant_is_a_guid_in_its_place() {
        let of = |pattern: &str, one: &str, two: &str| {
            let issuer = pattern.replacen(TENANT, one, 1).replace(TENANT, two);
            tenant_in(pattern, &issuer).map(str::to_owned)
        };
        assert_eq!(of(PATTERN, ONE, ONE).as_deref(), Some(ONE));
        assert_eq!(of(CIAM, ONE, ONE).as_deref(), Some(ONE));
        assert_eq!(of(CIAM, ONE, OTHER), None);
        for bad in [
            "",
            "common",
            "organizations",
            TENANT,
            "contoso.onmicrosoft.com",
            "72F988BF-86F1-41AF-91AB-2D7CD011DB47",
            "72f988bf-86f1-41af-91ab-2d7cd011db4",
            "72f988bf-86f1-41af-91ab-2d7cd011db477",
            "72f988bf-86f1-41af-91ab-2d7cd011db4g",
            "72f988bf86f1-41af-91ab-2d7cd011db47-",
            "{72f988bf-86f1-41af-91ab-2d7cd011db47}",
            "72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0/72f988bf-86f1-41af-91ab-2d7cd011db47",
        ] {
            assert_eq!(of(PATTERN, bad, bad), None, "{bad}");
        }
        for bad in [
            "https://login.microsoftonline.com/v2.0".to_owned(),
            format!("https://login.microsoftonline.com/{ONE}/v2.0/"),
            format!("https://login.microsoftonline.com/{ONE}"),
            format!("https://login.microsoftonline.us/{ONE}/v2.0"),
            format!(" https://login.microsoftonline.com/{ONE}/v2.0"),
        ] {
            assert_eq!(tenant_in(PATTERN, &bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_name_panics(pattern: String, issuer: String) {
            let _ = tenant_in(&pattern, &issuer);
        }

        #[test]
        fn what_matches_is_the_pattern_with_a_tenant_in_it(
            tail in "[a-z0-9/{}.é-]{0,50}", tenant in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ) {
            let issuer = format!("https://login.microsoftonline.com/{tail}");
            if let Some(tenant) = tenant_in(PATTERN, &issuer) {
                prop_assert_eq!(&issuer, &PATTERN.replace(TENANT, tenant));
            }
            let issuer = CIAM.replace(TENANT, &tenant);
            prop_assert_eq!(tenant_in(CIAM, &issuer), Some(&*tenant));
        }
    }
}
