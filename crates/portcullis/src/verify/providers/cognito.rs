//! Amazon Cognito.

use super::{Provider, names::segment, settings::Settings};
use crate::{ConfigError, verify::shown::Shown};

impl Provider {
    /// A user pool of Amazon Cognito, by its region and id: `eu-west-1`,
    /// `eu-west-1_aBcDeFgHi`.
    ///
    /// The claim `token_use` must be `access`. An access token names no audience unless
    /// it was asked for with a resource: the app client in `client_id` stands for it, so
    /// the audiences are app clients' ids. Roles are at `cognito:groups`.
    ///
    /// # Errors
    ///
    /// The pool is not one of the region.
    pub fn cognito(region: &str, pool: &str) -> Result<Self, ConfigError> {
        let (region, pool) = (segment("a region", region)?, segment("a user pool", pool)?);
        if !pool
            .strip_prefix(region)
            .is_some_and(|id| id.starts_with('_'))
        {
            return Err(ConfigError::new(format!(
                "{} is no user pool of {region}: its id begins with the region, as in \
                 `{region}_aBcDeFgHi`",
                Shown(pool)
            )));
        }
        let domain = match region.starts_with("cn-") {
            true => "amazonaws.com.cn",
            false => "amazonaws.com",
        };
        let issuer = format!("https://cognito-idp.{region}.{domain}/{pool}");
        Ok(Self {
            access: Settings {
                scope: Some("scope"),
                audience: Some("client_id"),
                kind: Some(("token_use", "access")),
                ..Settings::default()
            },
            id: Settings {
                id_tokens: true,
                kind: Some(("token_use", "id")),
                ..Settings::default()
            },
            role_path: &["cognito:groups"],
            ..Self::new("Amazon Cognito", issuer)
        })
    }
}
