//! Keys that verify.

use std::{fmt, path::Path, sync::Arc};

use serde_json::{Map, Value};

use super::{
    Algorithm, KeyError, SignatureError,
    algorithm::EDDSA,
    eddsa_name::EddsaName,
    jwk::{Jwk, Purpose},
    load::{self, Load, Names},
    public::{self, PublicKey},
    secret_key::SecretKey,
    thumbprint::thumbprint,
    weak::Retiring,
};

/// A key that verifies signatures of exactly one algorithm.
///
/// The key, not the token, decides the algorithm (RFC 8725 section 3.1). It is
/// checked and prepared when it is loaded; cloning is cheap.
///
/// ```
/// use portcullis::jose::{Algorithm, VerifyingKey};
///
/// let key = VerifyingKey::from_pem(
///     Algorithm::Ed25519,
///     b"-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
/// -----END PUBLIC KEY-----",
/// )?;
/// assert!(key.accepts("Ed25519"));
/// assert!(!key.accepts("none"));
/// # Ok::<(), portcullis::jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    material: Arc<Material>,
    key_id: Option<Arc<str>>,
    issuer: Option<Arc<str>>,
    eddsa: EddsaName,
}

struct Material {
    algorithm: Algorithm,
    key: Key,
    thumbprint: String,
    retiring: Option<Retiring>,
}

enum Key {
    Secret(Arc<SecretKey>),
    Public(PublicKey),
}

impl VerifyingKey {
    /// A shared secret for HMAC, of at least 32, 48 or 64 bytes for HS256,
    /// HS384 or HS512 (RFC 7518 section 3.2).
    ///
    /// # Errors
    ///
    /// The secret is too short, the algorithm is not HMAC, or the secret is a
    /// key that may be public, with which anyone could sign: PEM, a JWK or a JWK
    /// Set anywhere in the text, a line of OpenSSH, DER, or any of these in base64
    /// or hexadecimal digits.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let key = Arc::new(SecretKey::new(algorithm, secret)?);
        Self::from_secret_key(algorithm, key)
    }

    pub(super) fn from_weak_secret(
        algorithm: Algorithm,
        secret: &[u8],
        retiring: Retiring,
    ) -> Result<Self, KeyError> {
        let key = Arc::new(SecretKey::weak(algorithm, secret)?);
        Self::of_secret(algorithm, key, Some(retiring))
    }

    pub(super) fn weakness(&self) -> Option<&Retiring> {
        self.material.retiring.as_ref()
    }

    /// Whether a signature by it is not all that a token needs.
    pub(crate) fn is_limited(&self) -> bool {
        self.issuer.is_some() || self.material.retiring.is_some()
    }

    /// A public key in PEM: `PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`, of
    /// which only the key is used: neither its issuer nor its dates are checked.
    ///
    /// The text may hold more. Of a chain of certificates the first counts, which
    /// is the key's own. Private keys beside the public one are passed over
    /// without being decoded, but have no business where tokens are only
    /// verified: keep them away. Keys of another type than the algorithm's are
    /// passed over too.
    ///
    /// # Errors
    ///
    /// No such key, two that fit and differ, nothing but a private key, or a key
    /// that does not fit the algorithm or fails its checks.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        load::pem(pem, Some(algorithm))
    }

    /// A public key in DER: SubjectPublicKeyInfo (RFC 5280), a certificate, or
    /// RSAPublicKey (RFC 8017).
    ///
    /// # Errors
    ///
    /// Not a public key, or one that does not fit the algorithm or fails its
    /// checks.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_public_key(algorithm, PublicKey::from_der(algorithm, der)?)
    }

    /// A JWK (RFC 7517). Of a private key the public part is used. Without an
    /// algorithm given, `alg` of the key counts, or the only one of its curve.
    ///
    /// # Errors
    ///
    /// Not a JWK; `use`, `key_ops` or `alg` say that it is for something else;
    /// a key that does not fit the algorithm or fails its checks; no algorithm.
    pub fn from_jwk(
        json: impl AsRef<[u8]>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, KeyError> {
        load::jwk(json.as_ref(), algorithm.into())
    }

    /// A key as text, PEM or JWK. Without an algorithm given, the key decides:
    /// `alg`, or its curve, or RS256 for RSA and HS256 for a secret.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem) and [`from_jwk`](Self::from_jwk).
    pub fn from_pem_or_jwk(text: &[u8], algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        load::pem_or_jwk(text, algorithm)
    }

    /// [`from_pem_or_jwk`](Self::from_pem_or_jwk) of a file.
    ///
    /// # Errors
    ///
    /// Also if the file cannot be read.
    pub fn from_file(
        path: impl AsRef<Path>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, KeyError> {
        load::file(path.as_ref(), algorithm)
    }

    /// [`from_pem_or_jwk`](Self::from_pem_or_jwk) of an environment variable.
    ///
    /// # Errors
    ///
    /// Also if the variable is not set or not UTF-8.
    pub fn from_env(variable: &str, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        load::variable(variable, algorithm)
    }

    pub(super) fn from_public_key(algorithm: Algorithm, key: PublicKey) -> Result<Self, KeyError> {
        let members = key.members();
        let members: Vec<_> = members
            .iter()
            .map(|(name, text)| (*name, &**text))
            .collect();
        let thumbprint = thumbprint(&members)?;
        Ok(Self::new(algorithm, Key::Public(key), thumbprint, None))
    }

    pub(super) fn from_secret_key(
        algorithm: Algorithm,
        key: Arc<SecretKey>,
    ) -> Result<Self, KeyError> {
        Self::of_secret(algorithm, key, None)
    }

    fn of_secret(
        algorithm: Algorithm,
        key: Arc<SecretKey>,
        retiring: Option<Retiring>,
    ) -> Result<Self, KeyError> {
        let thumbprint = thumbprint(&[("k", &key.encoded()), ("kty", "oct")])?;
        Ok(Self::new(algorithm, Key::Secret(key), thumbprint, retiring))
    }

    fn new(algorithm: Algorithm, key: Key, thumbprint: String, retiring: Option<Retiring>) -> Self {
        Self {
            material: Arc::new(Material {
                algorithm,
                key,
                thumbprint,
                retiring,
            }),
            key_id: None,
            issuer: None,
            eddsa: EddsaName::Write,
        }
    }

    pub(super) fn with_optional_key_id(self, key_id: Option<&str>) -> Self {
        Self {
            key_id: key_id.map(Arc::from),
            ..self
        }
    }

    pub(super) fn with_eddsa_name(self, eddsa: EddsaName) -> Self {
        Self { eddsa, ..self }
    }

    /// The same key under a key id, which tokens name in `kid`: at most
    /// [`MAX_KEY_ID`](super::MAX_KEY_ID) bytes, or no token can.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<String>) -> Self {
        self.with_optional_key_id(Some(&key_id.into()))
    }

    /// Whether an Ed25519 key also takes tokens that call the algorithm by its
    /// older name `EdDSA` (deprecated by RFC 9864). It does by default. One that
    /// does not is published as `Ed25519`.
    #[must_use]
    pub fn accept_eddsa_name(self, accept: bool) -> Self {
        let eddsa = self.eddsa.accepting(accept);
        self.with_eddsa_name(eddsa)
    }

    /// The one algorithm this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm
    }

    /// The key id, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The one issuer whose tokens the key is for, if its JWK says so (`issuer`, a
    /// member of Microsoft Entra's): a pattern there, with `{tenantid}` in it, is
    /// given as it is written. It is for the caller to compare; verifying a
    /// signature does not.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Whether a token whose header has this `alg` may be tried with this key.
    pub fn accepts(&self, alg_name: &str) -> bool {
        self.eddsa.accepts(self.material.algorithm, alg_name)
    }

    /// Verifies the signature of a message: raw bytes, for ECDSA the two
    /// numbers in fixed width (RFC 7518 section 3.4).
    ///
    /// # Errors
    ///
    /// The signature is not this key's signature of the message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let fits = match &self.material.key {
            Key::Secret(secret) => secret.fits(message, signature),
            Key::Public(public) => public.fits(message, signature),
        };
        match fits {
            true => Ok(()),
            false => Err(SignatureError),
        }
    }

    /// The SHA-256 thumbprint of the key in base64url (RFC 7638).
    ///
    /// That of a secret is for comparing within one system: it is a hash of
    /// the secret (RFC 7638 section 7).
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint.clone()
    }

    /// Whether the other verifies the same tokens: in a token, nothing tells one
    /// from the other.
    pub(crate) fn is_interchangeable_with(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.is_same_for_another_issuer(other)
    }

    /// The same, but for the issuer whose tokens these are.
    pub(crate) fn is_same_for_another_issuer(&self, other: &Self) -> bool {
        self.material.algorithm == other.material.algorithm
            && self.key_id == other.key_id
            && self.material.thumbprint == other.material.thumbprint
            && self.accepts(EDDSA) == other.accepts(EDDSA)
    }

    /// The public key as a JWK with `kid`, `alg` and `use`. `None` for HMAC,
    /// which has nothing public.
    pub fn public_jwk(&self) -> Option<Map<String, Value>> {
        let Key::Public(public) = &self.material.key else {
            return None;
        };
        let mut jwk: Map<String, Value> = public
            .members()
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        jwk.insert("alg".to_owned(), self.published_name().into());
        jwk.insert("use".to_owned(), "sig".into());
        if let Some(key_id) = &self.key_id {
            jwk.insert("kid".to_owned(), (**key_id).into());
        }
        if let Some(issuer) = &self.issuer {
            jwk.insert("issuer".to_owned(), (**issuer).into());
        }
        Some(jwk)
    }

    /// The name of the algorithm as the signer and the key set write it.
    pub(crate) fn published_name(&self) -> &'static str {
        self.eddsa.written(self.material.algorithm)
    }

    /// The public members of the JWK; none for HMAC.
    pub(super) fn public_members(&self) -> Vec<(&'static str, String)> {
        match &self.material.key {
            Key::Public(public) => public.members(),
            Key::Secret(_) => Vec::new(),
        }
    }
}

impl Load for VerifyingKey {
    const PURPOSE: Purpose = Purpose::Verify;

    fn is_asked_for(label: &str) -> bool {
        label == "CERTIFICATE" || label.ends_with("PUBLIC KEY")
    }

    fn check_label(label: &str) -> Result<(), KeyError> {
        public::check_label(label)
    }

    fn detect(der: &[u8]) -> Result<Algorithm, KeyError> {
        public::detect(der)
    }

    fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Self::from_secret(algorithm, secret)
    }

    fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_der(algorithm, der)
    }

    fn from_numbers(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        Self::from_public_key(algorithm, PublicKey::from_jwk(algorithm, jwk)?)
    }

    fn with_names(self, names: Names<'_>) -> Self {
        let key = Self {
            issuer: names.issuer.map(Arc::from),
            ..self.with_optional_key_id(names.key_id)
        };
        match names.says_ed25519 {
            true => key.with_eddsa_name(EddsaName::Accept),
            false => key,
        }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.material.thumbprint == other.material.thumbprint
    }
}

/// Equal keys verify the same tokens: the same key for the same algorithm, under
/// the same key id, of the same issuer.
impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.is_interchangeable_with(other)
    }
}

impl Eq for VerifyingKey {}

/// Shows the algorithm and the key id only.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::SigningKey;

    #[test]
    fn keys_are_shared_between_threads_and_small() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<VerifyingKey>();
        shared::<SigningKey>();
        assert!(size_of::<VerifyingKey>() <= 48);
    }

    /// CVE-2022-21449: a signature of zeros fits no message.
    #[test]
    fn signatures_of_zeros_and_in_der_are_refused() {
        for (algorithm, size) in [
            (Algorithm::ES256, 32),
            (Algorithm::ES384, 48),
            (Algorithm::ES512, 66),
            (Algorithm::Ed25519, 32),
        ] {
            let key = SigningKey::generate(algorithm).unwrap();
            let verifier = key.verifying_key();
            let good = key.sign(b"message").unwrap();
            assert_eq!(good.len(), 2 * size);
            let zeros = vec![0; size];
            for bad in [
                vec![0; 2 * size],
                vec![0xff; 2 * size],
                [&good[..size], &zeros].concat(),
                [&zeros, &good[size..]].concat(),
            ] {
                assert_eq!(verifier.verify(b"message", &bad), Err(SignatureError));
            }
            // Short form: SEQUENCE of two INTEGERs, as X.509 has it.
            let integer = |number: &[u8]| [&[2, number.len() as u8 + 1, 0], number].concat();
            let numbers = [integer(&good[..size]), integer(&good[size..])].concat();
            let der = [&[0x30, numbers.len() as u8], &numbers[..]].concat();
            assert_eq!(verifier.verify(b"message", &der), Err(SignatureError));
        }
    }

    #[test]
    fn the_name_of_ed25519_survives_being_stored() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        assert_eq!(key.header_name(), "EdDSA");
        for (key, name) in [
            (key.clone(), "EdDSA"),
            (key.clone().use_eddsa_name(false), "Ed25519"),
            (key.use_eddsa_name(false).use_eddsa_name(true), "EdDSA"),
        ] {
            let jwk = key.to_jwk().unwrap();
            let read = SigningKey::from_jwk(jwk.expose(), Some(Algorithm::Ed25519)).unwrap();
            let header: Value = serde_json::from_str(&read.header_json(None)).unwrap();
            assert_eq!((&header["alg"], read.header_name()), (&name.into(), name));
            let public = read.verifying_key();
            assert_eq!(public.public_jwk().unwrap()["alg"], name);
            assert!(public.accepts("Ed25519") && public.accepts("EdDSA"));
        }
    }

    #[test]
    fn a_name_that_is_not_accepted_is_not_published() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let strict = key.verifying_key().accept_eddsa_name(false);
        assert!(!strict.accepts("EdDSA"));
        assert_eq!(strict.public_jwk().unwrap()["alg"], "Ed25519");
        let both = strict.accept_eddsa_name(true);
        assert!(both.accepts("EdDSA"));
        assert_eq!(both.public_jwk().unwrap()["alg"], "EdDSA");
    }

    #[test]
    fn debug_shows_no_key() {
        let key = VerifyingKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
        assert_eq!(
            format!("{:?}", key.with_key_id("k")),
            "VerifyingKey { algorithm: HS256, key_id: Some(\"k\"), .. }"
        );
    }

    #[test]
    fn the_issuer_of_a_jwk_is_kept_and_part_of_what_a_key_is() {
        const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let jwk = |more: &str| {
            let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"k"{more}}}"#);
            VerifyingKey::from_jwk(json, None)
        };
        let plain = jwk("").unwrap();
        let entra = jwk(r#","issuer":"https://h.example/{tenantid}/v2.0""#).unwrap();
        assert_eq!(plain.issuer(), None);
        assert_eq!(entra.issuer(), Some("https://h.example/{tenantid}/v2.0"));
        let written = serde_json::to_vec(&entra.public_jwk()).unwrap();
        assert_eq!(
            VerifyingKey::from_jwk(&written, None).unwrap().issuer(),
            entra.issuer()
        );
        assert_eq!(plain, jwk("").unwrap());
        for other in [
            entra,
            plain.clone().with_key_id("K"),
            plain.clone().accept_eddsa_name(false),
        ] {
            assert_ne!(plain, other);
        }
        // A limit that cannot be read is no leave to go without.
        assert!(jwk(r#","issuer":["https://h.example"]"#).is_err());
    }
}
