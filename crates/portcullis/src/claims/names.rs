//! Which claim carries what, where issuers differ.

use std::sync::Arc;

use crate::ConfigError;

/// A claim that means something to verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Issuer,
    Subject,
    Audience,
    ExpiresAt,
    NotBefore,
    IssuedAt,
    TokenId,
    SessionId,
    ClientId,
    AuthTime,
    /// The scopes; `scope` (RFC 8693 section 4.2) unless they are elsewhere.
    Scope,
    /// The scopes once more, as some issuers call them.
    Scp,
    /// What kind of token it is; no usual name.
    Kind,
    /// Whether a login gave the token; not read unless it is named.
    Fresh,
    /// What the token is bound to (RFC 7800 section 3.1).
    Confirmation,
}

impl Claim {
    /// The claim of this name, where the issuer has no names of its own.
    #[inline]
    fn usual(name: &str) -> Option<Self> {
        Some(match name {
            "iss" => Self::Issuer,
            "sub" => Self::Subject,
            "aud" => Self::Audience,
            "exp" => Self::ExpiresAt,
            "nbf" => Self::NotBefore,
            "iat" => Self::IssuedAt,
            "jti" => Self::TokenId,
            "sid" => Self::SessionId,
            "client_id" => Self::ClientId,
            "auth_time" => Self::AuthTime,
            "scope" => Self::Scope,
            "scp" => Self::Scp,
            "cnf" => Self::Confirmation,
            _ => return None,
        })
    }

    /// A set of this one claim.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Which claims are read, by which names, and which must be there.
#[derive(Clone, Debug)]
pub(crate) struct ClaimNames {
    /// Claims that this issuer calls otherwise.
    own: Vec<(Arc<str>, Claim)>,
    /// Those that are looked for by their usual names.
    usual: u32,
    required: Vec<Box<str>>,
    /// Those of the required that are read; the others one by one.
    required_read: u32,
    required_further: Vec<Box<str>>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            own: Vec::new(),
            usual: u32::MAX,
            required: Vec::new(),
            required_read: 0,
            required_further: Vec::new(),
        }
    }
}

impl ClaimNames {
    /// How many claims can be required: one bit each.
    pub(crate) const MAX_REQUIRED: usize = 64;

    /// Reads `claim` from the claim of this name, and from no other.
    pub(crate) fn rename(&mut self, claim: Claim, name: Arc<str>) {
        self.own.retain(|(_, own)| *own != claim);
        if claim == Claim::Scope {
            self.usual &= !Claim::Scp.bit();
        }
        if Claim::usual(&name) == Some(claim) {
            self.usual |= claim.bit();
        } else {
            self.usual &= !claim.bit();
            self.own.push((name, claim));
        }
        self.sort_required();
    }

    /// Demands claims.
    pub(crate) fn require(&mut self, names: impl IntoIterator<Item = Box<str>>) {
        self.required.extend(names);
        self.sort_required();
    }

    fn sort_required(&mut self) {
        let read = |name: &str| self.claim(name);
        let bits = self.required.iter().filter_map(|name| read(name));
        let bits = bits.fold(0, |bits, claim| bits | claim.bit());
        let further = self.required.iter().filter(|name| read(name).is_none());
        self.required_further = further.cloned().collect();
        self.required_read = bits;
    }

    /// What the claim of this name is read as.
    #[inline]
    pub(super) fn claim(&self, name: &str) -> Option<Claim> {
        let mut own = self.own.iter();
        if let Some((_, claim)) = own.find(|(own, _)| **own == *name) {
            return Some(*claim);
        }
        Claim::usual(name).filter(|claim| self.usual & claim.bit() != 0)
    }

    /// The name of a claim that has no usual one.
    pub(crate) fn own_name(&self, claim: Claim) -> Option<&str> {
        let (name, _) = self.own.iter().find(|(_, own)| *own == claim)?;
        Some(name)
    }

    /// The claims that are demanded.
    pub(crate) fn required(&self) -> &[Box<str>] {
        &self.required
    }

    /// Claims that are demanded and mean nothing else; at most
    /// [`MAX_REQUIRED`](Self::MAX_REQUIRED).
    pub(super) fn required_further(&self) -> &[Box<str>] {
        &self.required_further
    }

    /// The first claim that is demanded and not there.
    pub(super) fn missing(&self, read: u32, further: u64) -> Option<&str> {
        if self.required_read & !read != 0 {
            let is_missing = |claim: Claim| read & claim.bit() == 0;
            let mut required = self.required.iter();
            return required
                .find(|name| self.claim(name).is_some_and(is_missing))
                .map(AsRef::as_ref);
        }
        let mut required = self.required_further.iter().enumerate();
        let missing = required.find(|(bit, _)| further & (1 << bit) == 0);
        missing.map(|(_, name)| name.as_ref())
    }

    /// Whether every claim has one meaning.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (index, (name, claim)) in self.own.iter().enumerate() {
            let mut others = self.own.iter().take(index);
            let is_usual = matches!(
                (claim, name.as_ref()),
                (Claim::Scope, "scp") | (Claim::Fresh, FRESH)
            );
            if name.is_empty()
                || (RESERVED.contains(&name.as_ref()) && !is_usual)
                || others.any(|(other, _)| other == name)
            {
                return Err(ConfigError::new(format!(
                    "`{name}` cannot be the name of a claim here: claims need names of their own, \
                     not empty, not the same, and not those of claims that mean something else"
                )));
            }
        }
        if self.required.len() > Self::MAX_REQUIRED {
            return Err(ConfigError::new("at most 64 claims can be required"));
        }
        Ok(())
    }
}

/// The claim that tells fresh tokens.
pub(crate) const FRESH: &str = "fresh";

/// Claims that only ID tokens (OpenID Connect Core section 3.3.2.11) and
/// log-out and security event tokens (RFC 8417 section 2.2) have.
pub(super) const OTHER_KINDS: [&str; 4] = ["at_hash", "c_hash", "s_hash", EVENTS];

/// What a log-out or security event token tells of.
pub(crate) const EVENTS: &str = "events";

/// Claims that mean the same in every shape, and that only the issuer writes,
/// or no issuer of access tokens does.
pub(crate) const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "client_id",
    "auth_time",
    "scope",
    "scp",
    FRESH,
    "sec",
    "gen",
    "cnf",
    "at_hash",
    "c_hash",
    "s_hash",
    "events",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[(Claim, &str)]) -> ClaimNames {
        let mut all = ClaimNames::default();
        for (claim, name) in names {
            all.rename(*claim, (*name).into());
        }
        all
    }

    #[test]
    fn a_claim_of_another_name_is_read_from_there_only() {
        let names = named(&[(Claim::ClientId, "azp"), (Claim::Scope, "permissions")]);
        assert_eq!(names.claim("azp"), Some(Claim::ClientId));
        assert_eq!(names.claim("permissions"), Some(Claim::Scope));
        for name in ["client_id", "scope", "scp", "fresh", "other"] {
            assert_eq!(names.claim(name), None, "{name}");
        }
        assert_eq!(names.claim("sub"), Some(Claim::Subject));
        let back = named(&[(Claim::Subject, "uid"), (Claim::Subject, "sub")]);
        assert_eq!(back.claim("sub"), Some(Claim::Subject));
        assert_eq!(back.claim("uid"), None);
        let one = named(&[(Claim::Scope, "scope")]);
        assert_eq!(one.claim("scope"), Some(Claim::Scope));
        assert_eq!(one.claim("scp"), None);
    }

    #[test]
    fn what_is_required_does_not_depend_on_the_order_of_settings() {
        let mut early = ClaimNames::default();
        early.require(["azp", "tenant"].map(Box::from));
        early.rename(Claim::ClientId, "azp".into());
        let mut late = named(&[(Claim::ClientId, "azp")]);
        late.require(["azp", "tenant"].map(Box::from));
        for names in [early, late] {
            assert_eq!(names.missing(0, 1), Some("azp"));
            assert_eq!(names.missing(Claim::ClientId.bit(), 0), Some("tenant"));
            assert_eq!(names.missing(Claim::ClientId.bit(), 1), None);
        }
    }

    #[test]
    fn every_claim_has_one_meaning() {
        for good in [
            &[(Claim::Subject, "oid"), (Claim::ClientId, "azp")][..],
            &[(Claim::Scope, "scp"), (Claim::Fresh, "fresh")],
            &[(Claim::Kind, "typ"), (Claim::Subject, "sub")],
        ] {
            assert_eq!(named(good).check(), Ok(()), "{good:?}");
        }
        for bad in [
            &[(Claim::Subject, "")][..],
            &[(Claim::Subject, "client_id")],
            &[(Claim::Subject, "azp"), (Claim::ClientId, "azp")],
            &[(Claim::ClientId, "sub")],
            &[(Claim::Scope, "aud")],
            &[(Claim::Kind, "cnf")],
            &[(Claim::Kind, "events")],
            &[(Claim::Kind, "fresh")],
            &[(Claim::Fresh, "exp")],
        ] {
            assert!(named(bad).check().is_err(), "{bad:?}");
        }
    }
}
