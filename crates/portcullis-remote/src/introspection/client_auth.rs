//! How this service shows who it is.

use std::{fmt, sync::Arc, time::Duration};

use base64_simd::STANDARD;
use http::HeaderValue;
use portcullis::{
    ConfigError,
    jose::{SigningKey, encode_compact, encode_segment},
    secret::SecretString,
    time::{Clock, Timestamp},
};
use serde_json::json;
use url::form_urlencoded::{self, byte_serialize};
use zeroize::Zeroizing;

use crate::{FetchError, FetchErrorKind};

/// How this service authenticates itself to an issuer that it asks about tokens:
/// without it, anybody could try tokens there (RFC 7662 section 2.1).
///
/// ```
/// use portcullis::secret::SecretString;
/// use portcullis_remote::ClientAuth;
///
/// let secret = SecretString::from("hunter2".to_owned());
/// let auth = ClientAuth::secret("my-api", &secret)?;
/// assert_eq!(format!("{auth:?}"), r#"ClientAuth { client_id: "my-api", method: "client_secret_basic" }"#);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ClientAuth {
    id: Arc<str>,
    method: Method,
}

#[derive(Clone)]
enum Method {
    Basic(HeaderValue),
    PrivateKey(SigningKey),
}

/// How long an assertion is good: for one request, by clocks that differ.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl ClientAuth {
    /// By a name and a secret, as HTTP Basic (`client_secret_basic`, RFC 6749
    /// section 2.3.1): both are percent-encoded first, as it is asked there.
    ///
    /// # Errors
    ///
    /// The name or the secret is empty.
    pub fn secret(
        client_id: impl Into<Arc<str>>,
        secret: &SecretString,
    ) -> Result<Self, ConfigError> {
        let id = named(client_id.into())?;
        if secret.expose().is_empty() {
            return Err(ConfigError::new("the client secret must not be empty"));
        }
        let mut pair = Zeroizing::new(String::new());
        pair.extend(byte_serialize(id.as_bytes()));
        pair.push(':');
        pair.extend(byte_serialize(secret.expose().as_bytes()));
        let encoded = Zeroizing::new(STANDARD.encode_to_string(pair.as_bytes()));
        let value = Zeroizing::new(format!("Basic {}", *encoded));
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| ConfigError::new("the client secret cannot be sent"))?;
        value.set_sensitive(true);
        Ok(Self {
            id,
            method: Method::Basic(value),
        })
    }

    /// By a signature (`private_key_jwt`, RFC 7523): each request brings an
    /// assertion that is good for a minute and once. Nothing that is sent is of
    /// any use to others.
    ///
    /// # Errors
    ///
    /// The name is empty, or the key is a shared secret.
    pub fn private_key(
        client_id: impl Into<Arc<str>>,
        key: SigningKey,
    ) -> Result<Self, ConfigError> {
        let id = named(client_id.into())?;
        if key.algorithm().is_symmetric() {
            return Err(ConfigError::new(
                "a client assertion needs a private key: HMAC keys are shared secrets",
            ));
        }
        Ok(Self {
            id,
            method: Method::PrivateKey(key),
        })
    }

    /// The value of `Authorization`, if that is how.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        match &self.method {
            Method::Basic(value) => Some(value),
            Method::PrivateKey(_) => None,
        }
    }

    /// Adds the assertion for `audience`, if that is how.
    pub(super) fn sign(
        &self,
        form: &mut form_urlencoded::Serializer<'_, String>,
        audience: &str,
        clock: &impl Clock,
    ) -> Result<(), FetchError> {
        let Method::PrivateKey(key) = &self.method else {
            return Ok(());
        };
        let failed = |reason| {
            let message = format!("the client assertion cannot be made: {reason}");
            FetchError::new(FetchErrorKind::Unreachable, message)
        };
        let assertion = self.assertion(key, audience, clock.now()).map_err(failed)?;
        form.append_pair("client_id", &self.id);
        form.append_pair("client_assertion_type", JWT_BEARER);
        form.append_pair("client_assertion", &assertion);
        Ok(())
    }

    fn assertion(
        &self,
        key: &SigningKey,
        audience: &str,
        now: Timestamp,
    ) -> Result<String, String> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| error.to_string())?;
        let claims = json!({
            "iss": *self.id,
            "sub": *self.id,
            "aud": audience,
            "jti": encode_segment(&id),
            "iat": now.as_secs(),
            "exp": now.saturating_add(ASSERTION_LIFETIME).as_secs(),
        });
        let header = key.header_json(Some("JWT"));
        encode_compact(header.as_bytes(), claims.to_string().as_bytes(), key)
            .map_err(|error| error.to_string())
    }
}

fn named(id: Arc<str>) -> Result<Arc<str>, ConfigError> {
    if id.is_empty() {
        return Err(ConfigError::new("the client id must not be empty"));
    }
    Ok(id)
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match &self.method {
            Method::Basic(_) => "client_secret_basic",
            Method::PrivateKey(_) => "private_key_jwt",
        };
        f.debug_struct("ClientAuth")
            .field("client_id", &self.id)
            .field("method", &method)
            .finish()
    }
}
