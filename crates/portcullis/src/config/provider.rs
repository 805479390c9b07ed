//! Identity providers by name.

use serde::Deserialize;

use super::values::OneOrMany;
use crate::{
    ConfigError,
    verify::{Tenants, providers::Provider},
};

/// An identity provider by its name, with what it needs to be found; see
/// `verify::providers::Provider`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ProviderConfig {
    /// Auth0.
    Auth0 {
        /// The tenant's domain, or one of one's own.
        domain: String,
    },
    /// Amazon Cognito.
    Cognito {
        /// The region, such as `eu-west-1`.
        region: String,
        /// The id of the user pool.
        pool: String,
    },
    /// Microsoft Entra ID: one tenant, or several.
    EntraId {
        /// The one tenant, by its GUID.
        #[serde(default)]
        tenant: Option<String>,
        /// Several tenants, by their GUIDs.
        #[serde(default)]
        tenants: OneOrMany<String>,
        /// Whether the tokens are of version 1, which an API gets unless its manifest
        /// says otherwise.
        #[serde(default)]
        version_1: bool,
        /// Whether the keys of personal accounts are taken too, whose tenant must be
        /// among the several.
        #[serde(default)]
        personal_accounts: bool,
    },
    /// Microsoft Entra External ID.
    EntraExternalId {
        /// What is before `.ciamlogin.com`.
        domain: String,
        /// The tenant, by its GUID.
        tenant: String,
    },
    /// GitHub Actions.
    GithubActions {
        /// Whose workflows may come: `owner/name`, or `owner` for all of an owner's.
        repositories: OneOrMany<String>,
        /// The issuer of an enterprise; that of github.com unless set.
        #[serde(default)]
        issuer: Option<String>,
    },
    /// Google.
    Google,
    /// Google's service accounts.
    GoogleServiceAccounts,
    /// Keycloak.
    Keycloak {
        /// The server as browsers see it.
        base: String,
        /// The realm.
        realm: String,
    },
    /// Kubernetes.
    Kubernetes {
        /// The issuer of the cluster's service accounts.
        issuer: String,
    },
    /// Okta.
    Okta {
        /// The domain of the organisation.
        domain: String,
        /// The id of the authorization server.
        server: String,
    },
}

impl ProviderConfig {
    /// The provider.
    ///
    /// # Errors
    ///
    /// If something is not what the provider needs.
    pub(super) fn build(&self) -> Result<Provider, ConfigError> {
        match self {
            Self::Auth0 { domain } => Provider::auth0(domain),
            Self::Cognito { region, pool } => Provider::cognito(region, pool),
            Self::EntraId {
                tenant,
                tenants,
                version_1,
                personal_accounts,
            } => entra_id(tenant.as_deref(), tenants, *version_1, *personal_accounts),
            Self::EntraExternalId { domain, tenant } => Provider::entra_external_id(domain, tenant),
            Self::GithubActions {
                repositories,
                issuer: None,
            } => Provider::github_actions(repositories.iter()),
            Self::GithubActions {
                repositories,
                issuer: Some(issuer),
            } => Provider::github_actions_at(issuer, repositories.iter()),
            Self::Google => Ok(Provider::google()),
            Self::GoogleServiceAccounts => Ok(Provider::google_service_accounts()),
            Self::Keycloak { base, realm } => Provider::keycloak(base, realm),
            Self::Kubernetes { issuer } => Provider::kubernetes(issuer),
            Self::Okta { domain, server } => Provider::okta(domain, server),
        }
    }
}

fn entra_id(
    tenant: Option<&str>,
    tenants: &[String],
    version_1: bool,
    personal_accounts: bool,
) -> Result<Provider, ConfigError> {
    let several = || Tenants::only(tenants);
    match (tenant, tenants, personal_accounts, version_1) {
        (Some(tenant), [], false, false) => Provider::entra_id(tenant),
        (Some(tenant), [], false, true) => Provider::entra_id_v1(tenant),
        (None, [_, ..], false, false) => Ok(Provider::entra_id_organizations(several())),
        (None, [_, ..], false, true) => Ok(Provider::entra_id_organizations_v1(several())),
        (None, [_, ..], true, false) => Ok(Provider::entra_id_common(several())),
        (_, _, true, _) => Err(ConfigError::new(
            "`personal_accounts` goes with `tenants`, and without `version_1`: personal accounts \
             are a tenant of their own, whose tokens are of version 2",
        )),
        _ => Err(ConfigError::new(
            "name either one `tenant` or several `tenants`, by their GUIDs",
        )),
    }
}
