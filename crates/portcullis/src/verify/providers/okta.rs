//! Okta.

use super::{
    Provider,
    names::{base_url, segment},
    settings::Settings,
};
use crate::{ConfigError, verify::issuer_rule::Mistaken};

const OF_ORG_SERVER: &str = "it is of the org authorization server, whose access tokens are for \
                             Okta's own APIs and cannot be verified by others: have clients ask a \
                             custom authorization server, such as `default`";

impl Provider {
    /// A custom authorization server of Okta: the organization's domain and the id of
    /// the server, which is `default` for the one that comes with it.
    ///
    /// The subject is `uid`, for `sub` is the name that somebody logs in by; tokens
    /// that a service got for itself have none. The client is `cid`, which every access
    /// token has. Roles are at `groups`, where the server has such a claim.
    ///
    /// # Errors
    ///
    /// Not a domain, or not the id of a server. The org authorization server has none:
    /// its access tokens are not for anybody but Okta.
    pub fn okta(domain: &str, server: &str) -> Result<Self, ConfigError> {
        let base = base_url(domain)?;
        if server.is_empty() {
            return Err(ConfigError::new(format!(
                "an authorization server of Okta is missing; if it is the one without an id: \
                 {OF_ORG_SERVER}"
            )));
        }
        let server = segment("an authorization server", server)?;
        Ok(Self {
            access: Settings {
                subject: Some("uid"),
                client: Some("cid"),
                scope: Some("scp"),
                required: &["cid"],
                ..Settings::default()
            },
            id: Settings {
                id_tokens: true,
                refused: &["scp", "cid"],
                ..Settings::default()
            },
            role_path: &["groups"],
            mistaken: vec![Mistaken {
                issuer: base.as_str().into(),
                advice: OF_ORG_SERVER,
            }],
            ..Self::new("Okta", format!("{base}/oauth2/{server}"))
        })
    }
}
