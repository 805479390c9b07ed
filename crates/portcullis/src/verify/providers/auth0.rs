//! Auth0.

use super::{Provider, names::base_url, settings::Settings};
use crate::{ConfigError, jose::Algorithm};

impl Provider {
    /// A tenant of Auth0, by its domain: `example.eu.auth0.com`, or its own. The issuer
    /// has a slash at its end.
    ///
    /// The audience is the identifier of the API. The client is `azp`, or in APIs with
    /// the RFC 9068 token profile `client_id`, for which
    /// [`client_claim`](crate::verify::VerifierBuilder::client_claim) is set again. Roles are at
    /// `permissions`, where the API adds them to its tokens.
    ///
    /// # Errors
    ///
    /// Not a domain.
    pub fn auth0(domain: &str) -> Result<Self, ConfigError> {
        let issuer = format!("{}/", base_url(domain)?);
        Ok(Self {
            algorithms: &[Algorithm::RS256, Algorithm::PS256],
            access: Settings {
                client: Some("azp"),
                scope: Some("scope"),
                // By one of these names, as the API's token profile has it.
                one_of: &["azp", "client_id"],
                ..Settings::default()
            },
            role_path: &["permissions"],
            ..Self::new("Auth0", issuer)
        })
    }
}
