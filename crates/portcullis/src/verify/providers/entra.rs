//! Microsoft Entra ID, and Entra External ID.

use std::sync::Arc;

use super::{
    Provider,
    names::{origin, segment},
    provider::OPENID,
    settings::Settings,
};
use crate::{
    ConfigError,
    verify::{
        Tenants,
        issuer_rule::{IssuerRule, Mistaken},
        tenants::{TENANT, TenantIssuers, is_guid, not_a_guid},
    },
};

const LOGIN: &str = "https://login.microsoftonline.com";
const V2: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
const V1: &str = "https://sts.windows.net/{tenantid}/";

/// Claims that access tokens have and ID tokens do not.
const OF_ACCESS_TOKENS: &[&str] = &["scp", "azpacr", "appidacr", "idtyp"];

const IS_V1: &str = "this is a token of version 1: set `requestedAccessTokenVersion` to 2 in the \
                     manifest of the API's registration, or verify tokens of version 1";
const IS_V2: &str = "this is a token of version 2: verify these, or set \
                     `requestedAccessTokenVersion` to null in the manifest of the API's registration";

impl Provider {
    /// One tenant of Microsoft Entra ID, by its GUID, with tokens of version 2: those
    /// of an API whose manifest has `requestedAccessTokenVersion` 2. The audience is
    /// the API's client id, a GUID.
    ///
    /// The subject is `oid`, who is the same for every application of the tenant; the
    /// client is `azp`. `scp` or `roles` is required, and `azp`: so an ID token, whose
    /// audience may be the same, is none.
    ///
    /// # Errors
    ///
    /// Not a GUID.
    pub fn entra_id(tenant: &str) -> Result<Self, ConfigError> {
        let tenant = guid(tenant)?;
        let issuer = IssuerRule::Exactly(V2.replace(TENANT, &tenant).into());
        let provider = Self::entra(issuer, format!("{LOGIN}/{tenant}/v2.0{OPENID}"), V1);
        Ok(provider.of_tenant(&tenant))
    }

    /// As [`entra_id`](Self::entra_id), with tokens of version 1, which an API gets
    /// unless its manifest says otherwise. They have an issuer and metadata of their
    /// own; the audience is the API's URI (`api://…`) or its client id, as clients ask
    /// for it; the client is `appid`.
    ///
    /// # Errors
    ///
    /// Not a GUID.
    pub fn entra_id_v1(tenant: &str) -> Result<Self, ConfigError> {
        let tenant = guid(tenant)?;
        let issuer = IssuerRule::Exactly(V1.replace(TENANT, &tenant).into());
        let provider = Self::entra(issuer, format!("{LOGIN}/{tenant}{OPENID}"), V2);
        Ok(provider.version_1().of_tenant(&tenant))
    }

    /// Several tenants of Microsoft Entra ID, without personal accounts: work and
    /// school. A token's `iss` names its tenant, which is one of `tenants` and the one
    /// in `tid`, and each key is only for the issuer that its JWK names.
    ///
    /// A subject's realm is the token's `iss`.
    pub fn entra_id_organizations(tenants: Tenants) -> Self {
        let metadata = format!("{LOGIN}/organizations/v2.0{OPENID}");
        Self::entra(of_tenants(V2, tenants), metadata, V1)
    }

    /// As [`entra_id_organizations`](Self::entra_id_organizations), with the keys of
    /// personal accounts too. These are the tenant
    /// `9188040d-6c67-4c5b-b112-36a304b66dad`, which `tenants` must accept.
    pub fn entra_id_common(tenants: Tenants) -> Self {
        let metadata = format!("{LOGIN}/common/v2.0{OPENID}");
        Self::entra(of_tenants(V2, tenants), metadata, V1)
    }

    /// As [`entra_id_organizations`](Self::entra_id_organizations), with tokens of
    /// version 1.
    pub fn entra_id_organizations_v1(tenants: Tenants) -> Self {
        let metadata = format!("{LOGIN}/organizations{OPENID}");
        Self::entra(of_tenants(V1, tenants), metadata, V2).version_1()
    }

    /// An external tenant (Entra External ID, CIAM): `domain` is the part before
    /// `.ciamlogin.com`, and `tenant` its GUID. The issuer's host begins with the
    /// GUID, while the metadata is at the one with the domain.
    ///
    /// # Errors
    ///
    /// Not a label of a host name, or not a GUID.
    pub fn entra_external_id(domain: &str, tenant: &str) -> Result<Self, ConfigError> {
        let tenant = guid(tenant)?;
        let domain = segment("a domain of ciamlogin.com", domain)?;
        if domain.contains(['.', '%', '_', '~']) {
            return Err(ConfigError::new(
                "of an external tenant's domain only what is before `.ciamlogin.com` is given",
            ));
        }
        let issuer = format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
        let metadata = format!("https://{domain}.ciamlogin.com/{tenant}/v2.0{OPENID}");
        let mut provider = Self::entra(IssuerRule::Exactly(issuer.into()), metadata, V1);
        provider.name = "Microsoft Entra External ID";
        Ok(provider.of_tenant(&tenant))
    }

    fn entra(issuer: IssuerRule, metadata_url: String, other_version: &'static str) -> Self {
        let advice = if other_version == V1 { IS_V1 } else { IS_V2 };
        Self {
            metadata_url,
            issuer,
            access: Settings {
                subject: Some("oid"),
                client: Some("azp"),
                scope: Some("scp"),
                required: &["azp"],
                one_of: &["scp", "roles"],
                ..Settings::default()
            },
            id: Settings {
                id_tokens: true,
                subject: Some("oid"),
                refused: OF_ACCESS_TOKENS,
                required: &["tid", "oid"],
                ..Settings::default()
            },
            role_path: &["roles"],
            mistaken: vec![Mistaken {
                issuer: other_version.into(),
                advice,
            }],
            ..Self::new("Microsoft Entra ID", String::new())
        }
    }

    fn version_1(mut self) -> Self {
        self.access.client = Some("appid");
        self.access.required = &["appid"];
        // Keys of version 1 name no issuer, or that of version 2.
        let own = self
            .issuer()
            .replace("https://sts.windows.net", origin(&self.metadata_url));
        self.keys_name_it = Some(Arc::from(format!("{own}v2.0")));
        self
    }

    /// What an ID token says of its tenant besides its issuer.
    fn of_tenant(mut self, tenant: &str) -> Self {
        self.id.values = vec![("tid", tenant.into())];
        self
    }
}

fn of_tenants(pattern: &str, tenants: Tenants) -> IssuerRule {
    let pattern = pattern.into();
    IssuerRule::OfTenants(TenantIssuers { pattern, tenants })
}

fn guid(tenant: &str) -> Result<String, ConfigError> {
    let lower = tenant.to_ascii_lowercase();
    match is_guid(&lower) {
        true => Ok(lower),
        false => Err(not_a_guid(tenant)),
    }
}
