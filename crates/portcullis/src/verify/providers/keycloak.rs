//! Keycloak.

use super::{
    Provider,
    names::{base_url, segment},
    settings::Settings,
};
use crate::{ConfigError, jose::Algorithm};

/// What a realm can be set to.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::Ed25519,
];

impl Provider {
    /// A realm of Keycloak: `base` is the server as browsers see it, with `/auth` at
    /// its end where old versions have it.
    ///
    /// The claim `typ` must be `Bearer`: ID tokens, refresh tokens and log-out tokens
    /// of the same keys say something else. The client is `azp`. Roles of the realm are
    /// at `realm_access.roles`, those of a client at `resource_access.CLIENT.roles`.
    ///
    /// A token's audience is the API only if its client or a client scope has an
    /// *Audience* mapper for it.
    ///
    /// # Errors
    ///
    /// Not the address of a server, or not the name of a realm.
    pub fn keycloak(base: &str, realm: &str) -> Result<Self, ConfigError> {
        let (base, realm) = (base_url(base)?, segment("a realm", realm)?);
        let issuer = format!("{base}/realms/{realm}");
        Ok(Self {
            algorithms: ALGORITHMS,
            access: Settings {
                client: Some("azp"),
                scope: Some("scope"),
                kind: Some(("typ", "Bearer")),
                ..Settings::default()
            },
            id: Settings {
                id_tokens: true,
                kind: Some(("typ", "ID")),
                ..Settings::default()
            },
            role_path: &["realm_access", "roles"],
            ..Self::new("Keycloak", issuer)
        })
    }
}
