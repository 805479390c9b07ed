//! Asking an issuer about each token.

use std::path::PathBuf;

use serde::Deserialize;

use super::values::TimeSpan;
use crate::{jose::Algorithm, secret::SecretString};

/// How an issuer is asked about each token (RFC 7662), in place of keys: for
/// `portcullis_remote::Introspector`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// Where: an https URL; where the issuer's metadata says unless set.
    pub endpoint: Option<String>,
    /// The name of this service at the issuer. Mandatory.
    pub client_id: Option<String>,
    /// The secret of this service at the issuer. Rather in a file.
    pub client_secret: Option<SecretString>,
    /// A file with the secret; a line end at its end is not part of it.
    pub client_secret_file: Option<PathBuf>,
    /// In place of a secret: a file with the private key that signs assertions (RFC
    /// 7523), in PEM or as a JWK.
    pub private_key_file: Option<PathBuf>,
    /// The algorithm of the private key, where the key does not say it.
    pub private_key_algorithm: Option<Algorithm>,
    /// Whom assertions name as their audience; the issuer unless set.
    pub assertion_audience: Option<String>,
    /// For how long an answer counts that a token is active; 30 seconds unless set.
    pub max_age: Option<TimeSpan>,
    /// For how long an answer counts that a token is not active; 5 seconds unless set.
    pub inactive_age: Option<TimeSpan>,
    /// How long a question may take; 2 seconds unless set.
    pub timeout: Option<TimeSpan>,
    /// How much memory answers may take, in bytes; 8 MiB unless set.
    pub max_bytes: Option<usize>,
    /// About how many tokens is asked at the same time; 256 unless set.
    pub max_requests: Option<usize>,
}
