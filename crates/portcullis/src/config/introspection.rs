//! Asking an issuer about each token.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    key_text::{of_file, without_line_end},
    problems::{ConfigProblems, Found},
    values::TimeSpan,
};
use crate::{
    ConfigError,
    jose::{Algorithm, SigningKey},
    secret::SecretString,
};

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

/// How a service shows an issuer who it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientCredentials {
    /// By a secret that both know.
    Secret(SecretString),
    /// By signatures of this key.
    PrivateKey(SigningKey),
}

impl IntrospectionConfig {
    /// What this service is called at the issuer, and how it shows that; reads the file
    /// that is named. For whoever asks.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn credentials(&self) -> Result<(String, ClientCredentials), ConfigProblems> {
        let mut found = Found::default();
        let id = self.client_id.clone().unwrap_or_default();
        if id.is_empty() {
            found.add(
                "client_id",
                "there is none: set the name of this service at the issuer",
            );
        }
        let credentials = self.proof(&mut found);
        found.result(credentials.map(|credentials| (id, credentials)))
    }

    fn proof(&self, found: &mut Found) -> Option<ClientCredentials> {
        let settings = [
            ("client_secret_file", self.client_secret_file.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("private_key_file", self.private_key_file.is_some()),
        ];
        let set: Vec<_> = settings.iter().filter(|(_, is_set)| *is_set).collect();
        match set.as_slice() {
            [] => found.add(
                "",
                "it is not said how this service shows who it is: set one of \
                 `client_secret_file`, `client_secret` and `private_key_file`",
            ),
            [_] => {}
            [(first, _), others @ ..] => {
                for (other, _) in others {
                    found.add(other, format!("there is `{first}` already: keep one"));
                }
                return None;
            }
        }
        if let Some(path) = &self.client_secret_file {
            let secret = of_file(path, |text| {
                let text = str::from_utf8(without_line_end(text));
                let text = text.map_err(|_| ConfigError::new("the secret is not UTF-8"))?;
                Ok(SecretString::from(text.to_owned()))
            });
            return found
                .value("client_secret_file", secret)
                .map(ClientCredentials::Secret);
        }
        if let Some(path) = &self.private_key_file {
            let key = SigningKey::from_file(path, self.private_key_algorithm);
            return found
                .value("private_key_file", key)
                .map(ClientCredentials::PrivateKey);
        }
        let secret = self.client_secret.clone();
        secret.map(ClientCredentials::Secret)
    }
}
