//! Which claim of a token carries what: data, not code paths.

use std::sync::Arc;

use super::names::{Claim, ClaimNames, FRESH};
use crate::ConfigError;

/// The form of the `aud` claim, which RFC 7519 section 4.1.3 leaves open.
///
/// There is no third form, so whoever matches on it may rely on these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudienceForm {
    /// An array, however many audiences there are.
    Array,
    /// A text where there is one audience, an array otherwise.
    Text,
}

/// The shape of an API's tokens: claim names, `typ`, and how an access token
/// is told from a refresh token.
///
/// ```
/// use portcullis::issue::TokenShape;
///
/// let shape = TokenShape::rfc9068().subject_claim("uid").subject_realm("staff");
/// assert_eq!(shape.subject_claim_name(), "uid");
/// ```
#[derive(Clone, Debug)]
pub struct TokenShape {
    pub(crate) typ: Typ,
    pub(crate) subject: Arc<str>,
    pub(crate) realm: Arc<str>,
    pub(crate) kind: Option<KindClaim>,
    pub(crate) fresh: bool,
    pub(crate) audience_form: AudienceForm,
}

/// The `typ` of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typ {
    Jwt,
    AtJwt,
}

impl Typ {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::AtJwt => "at+jwt",
        }
    }
}

/// A claim that names the kind of a token.
#[derive(Clone, Debug)]
pub(crate) struct KindClaim {
    pub(crate) name: Arc<str>,
    pub(crate) access: Arc<str>,
    pub(crate) refresh: Arc<str>,
}

impl TokenShape {
    /// The access-token profile of RFC 9068: `typ` is `at+jwt`, the subject is
    /// in `sub`.
    pub fn rfc9068() -> Self {
        Self {
            typ: Typ::AtJwt,
            subject: "sub".into(),
            realm: USERS.into(),
            kind: None,
            fresh: false,
            audience_form: AudienceForm::Text,
        }
    }

    /// A shape for a service of one's own, whose tokens no other service reads: the
    /// subject is in `sub`, `type` is `access` or `refresh`, and `fresh` says whether a
    /// login gave the token. It needs no client, as RFC 9068 does.
    pub fn plain() -> Self {
        Self {
            typ: Typ::Jwt,
            kind: Some(KindClaim::by_type()),
            fresh: true,
            ..Self::rfc9068()
        }
    }

    /// A session API: the subject is in `identity`, `type` is `access` or
    /// `refresh`, and `fresh` says whether a login gave the token.
    pub fn session() -> Self {
        Self {
            typ: Typ::Jwt,
            subject: "identity".into(),
            kind: Some(KindClaim::by_type()),
            fresh: true,
            ..Self::rfc9068()
        }
    }

    /// An API-key API: the subject is in `sub`, in a realm of its own.
    pub fn api_key() -> Self {
        Self {
            typ: Typ::Jwt,
            realm: "apis".into(),
            ..Self::rfc9068()
        }
    }

    /// An OAuth password-grant API: the subject is in `user_id`, `aud` is an
    /// array, `type` is `access` or `refresh`.
    pub fn password_grant() -> Self {
        Self {
            typ: Typ::Jwt,
            subject: "user_id".into(),
            kind: Some(KindClaim::by_type()),
            audience_form: AudienceForm::Array,
            ..Self::rfc9068()
        }
    }

    /// The claim that carries the subject's name.
    #[must_use = "returns the changed shape"]
    pub fn subject_claim(mut self, name: impl Into<Arc<str>>) -> Self {
        self.subject = name.into();
        self
    }

    /// The realm to which the subjects belong; `users` unless the shape has
    /// its own.
    #[must_use = "returns the changed shape"]
    pub fn subject_realm(mut self, realm: impl Into<Arc<str>>) -> Self {
        self.realm = realm.into();
        self
    }

    /// A claim that names the kind of a token, and its values for access and
    /// refresh tokens.
    #[must_use = "returns the changed shape"]
    pub fn kind_claim(
        mut self,
        name: impl Into<Arc<str>>,
        access: impl Into<Arc<str>>,
        refresh: impl Into<Arc<str>>,
    ) -> Self {
        self.kind = Some(KindClaim {
            name: name.into(),
            access: access.into(),
            refresh: refresh.into(),
        });
        self
    }

    /// The form of the `aud` claim.
    #[must_use = "returns the changed shape"]
    pub fn audience_form(mut self, form: AudienceForm) -> Self {
        self.audience_form = form;
        self
    }

    /// The claim that carries the subject's name.
    pub fn subject_claim_name(&self) -> &str {
        &self.subject
    }

    /// The realm to which the subjects belong.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Whether tokens name the client that gets them (RFC 9068 section 2.2), so that
    /// none can be issued without one.
    pub(crate) fn names_client(&self) -> bool {
        self.typ == Typ::AtJwt
    }

    /// Whether tokens say if a login gave them.
    pub fn tells_freshness(&self) -> bool {
        self.fresh
    }
}

impl TokenShape {
    /// The names of the claims that differ from shape to shape.
    pub(crate) fn claim_names(&self) -> ClaimNames {
        let mut names = ClaimNames::default();
        names.rename(Claim::Subject, self.subject.clone());
        if let Some(kind) = &self.kind {
            names.rename(Claim::Kind, kind.name.clone());
        }
        if self.fresh {
            names.rename(Claim::Fresh, FRESH.into());
        }
        names
    }

    /// Whether every claim has one meaning.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.claim_names().check()?;
        if self
            .kind
            .as_ref()
            .is_some_and(|kind| kind.access == kind.refresh)
        {
            return Err(ConfigError::new(
                "the kind claim must have one value for access tokens and another for refresh \
                 tokens",
            ));
        }
        Ok(())
    }
}

impl KindClaim {
    fn by_type() -> Self {
        Self {
            name: "type".into(),
            access: "access".into(),
            refresh: "refresh".into(),
        }
    }
}

const USERS: &str = "users";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_has_one_meaning() {
        for shape in [
            TokenShape::rfc9068(),
            TokenShape::plain(),
            TokenShape::session(),
            TokenShape::api_key(),
            TokenShape::password_grant(),
            TokenShape::rfc9068().subject_claim("uid"),
        ] {
            assert_eq!(shape.check(), Ok(()));
        }
        let kind = |name: &'static str| TokenShape::rfc9068().kind_claim(name, "a", "r");
        for shape in [
            TokenShape::rfc9068().subject_claim("client_id"),
            TokenShape::rfc9068().subject_claim("scope"),
            TokenShape::rfc9068().subject_claim(""),
            TokenShape::session().subject_claim("type"),
            kind("exp"),
            kind("sub"),
            TokenShape::rfc9068().kind_claim("type", "t", "t"),
        ] {
            assert!(shape.check().is_err(), "{shape:?}");
        }
    }
}
