//! Kubernetes.

use super::{Provider, names::base_url, settings::Settings};
use crate::{ConfigError, jose::Algorithm};

const API_SERVER: &str = "https://kubernetes.default.svc";
const CA_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
const BEARER_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

impl Provider {
    /// Service accounts of the Kubernetes cluster that this process runs in, by the
    /// cluster's issuer (`--service-account-issuer`), such as
    /// `https://kubernetes.default.svc.cluster.local`.
    ///
    /// The keys come from the API server at `https://kubernetes.default.svc`, or at
    /// [another origin](Self::with_origin), whatever address its metadata has for them;
    /// [`ca_file`](Self::ca_file) and [`bearer_file`](Self::bearer_file) are those that a
    /// pod has. Where the cluster's issuer can be reached by everybody,
    /// [`with_metadata_url`](Self::with_metadata_url) does without them.
    ///
    /// The audience is one that a projected volume or `TokenRequest` asks for: not the
    /// API server's own, or every pod's usual token would do. The subject is
    /// `system:serviceaccount:NAMESPACE:NAME`.
    ///
    /// # Errors
    ///
    /// Not a URL.
    pub fn kubernetes(issuer: &str) -> Result<Self, ConfigError> {
        // It stays as it is written, with a slash at its end or without.
        base_url(issuer)?;
        let mut provider = Self {
            metadata_url: format!("{API_SERVER}/.well-known/openid-configuration"),
            keys_url: Some(format!("{API_SERVER}/openid/v1/jwks")),
            algorithms: &[
                Algorithm::RS256,
                Algorithm::ES256,
                Algorithm::ES384,
                Algorithm::ES512,
            ],
            access: Settings {
                required: &["sub", "kubernetes.io"],
                ..Settings::default()
            },
            ca_file: Some(CA_FILE),
            bearer_file: Some(BEARER_FILE),
            ..Self::new("Kubernetes", issuer.to_owned())
        };
        provider.id.required = provider.access.required;
        Ok(provider)
    }
}
