//! What all providers have in common.

use std::{path::Path, sync::Arc};

use super::{
    names::{base_url, origin},
    settings::Settings,
};
use crate::{
    ConfigError,
    jose::Algorithm,
    verify::{
        NoIssuer, Ready, VerifierBuilder,
        issuer_rule::{IssuerRule, Mistaken},
        tenants::TenantIssuers,
    },
};

/// An identity provider: its issuer, where it says what its keys are, and how its
/// tokens look. Made by name, such as [`Provider::keycloak`].
///
/// It stands for the provider's access tokens; [`id_tokens`](Self::id_tokens) makes
/// it stand for its ID tokens. Google and GitHub Actions have only these.
#[derive(Clone, Debug)]
#[must_use = "says what a verifier is to check, and checks nothing itself"]
pub struct Provider {
    /// As people call it.
    pub(super) name: &'static str,
    pub(super) issuer: IssuerRule,
    pub(super) metadata_url: String,
    pub(super) keys_url: Option<String>,
    pub(super) algorithms: &'static [Algorithm],
    pub(super) access: Settings,
    pub(super) id: Settings,
    /// Which of the two it stands for.
    pub(super) speaks_id_tokens: bool,
    pub(super) role_path: &'static [&'static str],
    pub(super) mistaken: Vec<Mistaken>,
    /// What its keys call its issuer, where that is not the name it has in tokens.
    pub(super) keys_name_it: Option<Arc<str>>,
    pub(super) ca_file: Option<&'static str>,
    pub(super) bearer_file: Option<&'static str>,
}

/// The end of most metadata's URLs (OpenID Connect Discovery section 4).
pub(super) const OPENID: &str = "/.well-known/openid-configuration";

/// The only algorithm of most.
pub(super) const RS256: &[Algorithm] = &[Algorithm::RS256];

impl Provider {
    /// A provider of this issuer, with its metadata where OpenID Connect has it.
    pub(super) fn new(name: &'static str, issuer: String) -> Self {
        Self {
            name,
            metadata_url: format!("{}{OPENID}", issuer.trim_end_matches('/')),
            issuer: IssuerRule::Exactly(issuer.into()),
            keys_url: None,
            algorithms: RS256,
            access: Settings::default(),
            id: Settings {
                id_tokens: true,
                ..Settings::default()
            },
            speaks_id_tokens: false,
            role_path: &[],
            mistaken: Vec::new(),
            keys_name_it: None,
            ca_file: None,
            bearer_file: None,
        }
    }

    /// The provider as people call it.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The `issuer` that the metadata must name, to the letter. For the metadata of
    /// many tenants of Entra ID it has `{tenantid}` in it; everywhere else it is the
    /// `iss` of the tokens.
    pub fn issuer(&self) -> &str {
        match &self.issuer {
            IssuerRule::Exactly(name) => name,
            IssuerRule::Spelled(names) => names.first().map_or("", |name| name),
            IssuerRule::OfTenants(issuers) => &issuers.pattern,
            IssuerRule::Absent | IssuerRule::Any => "",
        }
    }

    /// Where the metadata is: the whole URL. It does not follow from the
    /// [`issuer`](Self::issuer) for every provider.
    pub fn metadata_url(&self) -> &str {
        &self.metadata_url
    }

    /// Where the keys are, if they are to be had there whatever the metadata says.
    pub fn keys_url(&self) -> Option<&str> {
        self.keys_url.as_deref()
    }

    /// The algorithms it signs with.
    pub fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }

    /// The file with the certificate authority for metadata and keys (PEM), where
    /// that is not one of the system's.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.map(Path::new)
    }

    /// The file with the token to send with requests for metadata and keys. What is
    /// in it changes: it is read for each request.
    pub fn bearer_file(&self) -> Option<&Path> {
        self.bearer_file.map(Path::new)
    }

    /// Where the roles are, for [`Policy::role`](crate::policy::Policy::role); empty,
    /// which no policy is satisfied with, if it has none.
    ///
    /// ```
    /// use portcullis::{policy::Policy, verify::providers::Provider};
    ///
    /// let keycloak = Provider::keycloak("https://login.example.com", "main")?;
    /// let operators = Policy::role(keycloak.role_path(), "operator");
    /// // Keycloak's roles of one client.
    /// let editors = Policy::role(["resource_access", "my-api", "roles"], "editor");
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn role_path(&self) -> &'static [&'static str] {
        self.role_path
    }

    /// Its ID tokens instead of its access tokens: for a service at which people
    /// sign on. The audience is then the client id that asked for them. See
    /// [`VerifierBuilder::id_tokens`].
    pub fn id_tokens(self) -> Self {
        Self {
            speaks_id_tokens: true,
            ..self
        }
    }

    /// The same at another origin, in all addresses that were at the provider's own:
    /// a sovereign cloud, a custom domain, a stand-in for tests.
    ///
    /// # Errors
    ///
    /// Not `https://host`, or the like with a port.
    pub fn with_origin(self, new: &str) -> Result<Self, ConfigError> {
        let new = base_url(new)?;
        if origin(&new) != new {
            return Err(ConfigError::new(
                "an origin is a scheme and a host, and perhaps a port, without a path",
            ));
        }
        let old = origin(&self.metadata_url).to_owned();
        let moved = |url: &str| match url.strip_prefix(&old) {
            Some(path) if path.is_empty() || path.starts_with('/') => format!("{new}{path}"),
            _ => url.to_owned(),
        };
        let moved_name = |name: &Arc<str>| Arc::from(moved(name));
        let issuer = match &self.issuer {
            IssuerRule::Exactly(name) => IssuerRule::Exactly(moved_name(name)),
            IssuerRule::Spelled(names) => {
                IssuerRule::Spelled(names.iter().map(moved_name).collect())
            }
            IssuerRule::OfTenants(issuers) => IssuerRule::OfTenants(TenantIssuers {
                pattern: moved_name(&issuers.pattern),
                tenants: issuers.tenants.clone(),
            }),
            rule => rule.clone(),
        };
        let mistaken = self.mistaken.iter().map(|other| Mistaken {
            issuer: moved_name(&other.issuer),
            advice: other.advice,
        });
        Ok(Self {
            issuer,
            mistaken: mistaken.collect(),
            metadata_url: moved(&self.metadata_url),
            keys_url: self.keys_url.as_deref().map(moved),
            keys_name_it: self.keys_name_it.as_ref().map(moved_name),
            ..self
        })
    }

    /// The same with its metadata elsewhere, at this whole URL: a provider behind a
    /// proxy, say, that services reach from inside. What it names as its issuer does
    /// not change with that. The files for [certificates](Self::ca_file) and
    /// [token](Self::bearer_file) belong to the old place, and are not used.
    pub fn with_metadata_url(self, url: impl Into<String>) -> Self {
        Self {
            metadata_url: url.into(),
            keys_url: None,
            ca_file: None,
            bearer_file: None,
            ..self
        }
    }

    /// Sets up a verifier for its tokens: the issuer, and what is in them. What is
    /// set afterwards goes before; keys and audience are left to choose.
    pub fn apply<K, A>(
        &self,
        builder: VerifierBuilder<K, NoIssuer, A>,
    ) -> VerifierBuilder<K, Ready, A> {
        let settings = match self.speaks_id_tokens {
            true => &self.id,
            false => &self.access,
        };
        let builder = settings
            .apply(builder)
            .mistaken(self.mistaken.iter().cloned())
            .issuer_rule(self.issuer.clone());
        match &self.keys_name_it {
            Some(alias) => builder.keys_name_it(self.issuer().into(), alias.clone()),
            None => builder,
        }
    }
}
