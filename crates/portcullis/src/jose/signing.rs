//! Keys that sign.

use std::{fmt, io, path::Path, sync::Arc};

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, SignError, VerifyingKey,
    base64url::encode_segment,
    eddsa_name::EddsaName,
    jwk::{Jwk, Purpose},
    load::{self, Load, Names},
    private::{self, PrivateKey},
    secret_key::SecretKey,
};
use crate::{
    crypto::Tag,
    json::ObjectWriter,
    random::{fill, random},
    secret::{SecretBuffer, SecretString},
};

/// A key that signs with exactly one algorithm.
///
/// It is checked and prepared when it is loaded; cloning is cheap. `Debug`
/// shows no key material.
///
/// ```
/// use portcullis::jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let signature = key.sign(b"message").expect("signs");
/// assert!(key.verifying_key().verify(b"message", &signature).is_ok());
/// assert!(key.verifying_key().verify(b"massage", &signature).is_err());
/// # Ok::<(), portcullis::jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    signer: Signer,
    verifying: VerifyingKey,
}

#[derive(Clone)]
enum Signer {
    Secret(Arc<SecretKey>),
    Private(Arc<PrivateKey>),
}

/// What a key made of a message.
pub(super) enum Signature {
    Tag(Tag),
    Bytes(Vec<u8>),
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Tag(tag) => tag.as_ref(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl SigningKey {
    /// A new random key. A pair of keys gets its thumbprint as key id, a secret
    /// a random one. RSA keys have 3072 bits, secrets the length of the hash.
    ///
    /// # Errors
    ///
    /// The operating system has no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let Some(hash) = algorithm.hmac_hash() else {
            let key = Self::from_private_key(algorithm, PrivateKey::generate(algorithm)?)?;
            let thumbprint = key.thumbprint();
            return Ok(key.with_key_id(thumbprint));
        };
        let mut secret = Zeroizing::new(vec![0; hash.length()]);
        fill(&mut secret).map_err(|_| KeyError::backend())?;
        let key_id: [u8; 16] = random().map_err(|_| KeyError::backend())?;
        Ok(Self::from_secret(algorithm, &secret)?.with_key_id(encode_segment(&key_id)))
    }

    /// A shared secret for HMAC, of at least 32, 48 or 64 bytes for HS256,
    /// HS384 or HS512 (RFC 7518 section 3.2).
    ///
    /// # Errors
    ///
    /// As [`VerifyingKey::from_secret`].
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let key = Arc::new(SecretKey::new(algorithm, secret)?);
        Ok(Self {
            verifying: VerifyingKey::from_secret_key(algorithm, Arc::clone(&key))?,
            signer: Signer::Secret(key),
        })
    }

    /// A private key in PEM: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1)
    /// or `EC PRIVATE KEY` (SEC 1).
    ///
    /// The text may hold more, such as the key's certificate, its public half or
    /// `EC PARAMETERS`, which is not looked at, or private keys of another type
    /// than the algorithm's.
    ///
    /// # Errors
    ///
    /// No such key, two that fit and differ, an encrypted key, nothing but a
    /// public key, or a key that does not fit the algorithm or fails its checks.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        load::pem(pem, Some(algorithm))
    }

    /// A private key in DER: PKCS#8 (RFC 5958), RSAPrivateKey (RFC 8017) or
    /// ECPrivateKey (RFC 5915).
    ///
    /// # Errors
    ///
    /// Not a private key, or one that does not fit the algorithm or fails its
    /// checks.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_private_key(algorithm, PrivateKey::from_der(algorithm, der)?)
    }

    /// A private or secret JWK (RFC 7517). Without an algorithm given, `alg` of
    /// the key counts, or the only one of its curve. An RSA key needs all of
    /// `p`, `q`, `dp`, `dq` and `qi`.
    ///
    /// # Errors
    ///
    /// Not a private JWK; `use`, `key_ops` or `alg` say that it is for something
    /// else; a key that does not fit the algorithm or fails its checks; no
    /// algorithm.
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

    fn from_private_key(algorithm: Algorithm, key: PrivateKey) -> Result<Self, KeyError> {
        Ok(Self {
            verifying: VerifyingKey::from_public_key(algorithm, key.public(algorithm)?)?,
            signer: Signer::Private(Arc::new(key)),
        })
    }

    /// The same key under a key id, which goes into `kid` of what it signs: at
    /// most [`MAX_KEY_ID`](super::MAX_KEY_ID) bytes, or it signs no token.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<String>) -> Self {
        Self {
            verifying: self.verifying.with_key_id(key_id),
            ..self
        }
    }

    /// Whether an Ed25519 key calls its algorithm `EdDSA`, in what it signs, in
    /// its JWK and in the key set. It does unless its JWK says `Ed25519`, the name
    /// by which RFC 9864 deprecates the older one: many verifiers do not know it
    /// yet, and all know `EdDSA`. Other keys do not care.
    ///
    /// ```
    /// use portcullis::jose::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Ed25519)?;
    /// assert_eq!(key.header_name(), "EdDSA");
    /// assert_eq!(key.use_eddsa_name(false).header_name(), "Ed25519");
    /// # Ok::<(), portcullis::jose::KeyError>(())
    /// ```
    #[must_use]
    pub fn use_eddsa_name(self, older: bool) -> Self {
        Self {
            verifying: self.verifying.with_eddsa_name(if older {
                EddsaName::Write
            } else {
                EddsaName::Accept
            }),
            ..self
        }
    }

    /// The one algorithm this key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The key id, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.verifying.key_id()
    }

    /// What goes into the `alg` header parameter.
    pub fn header_name(&self) -> &'static str {
        self.verifying.published_name()
    }

    /// The JSON of a header for this key: `alg`, `kid` if the key has one, and
    /// `typ` if given.
    pub fn header_json(&self, typ: Option<&str>) -> String {
        let mut header = Map::new();
        header.insert("alg".to_owned(), self.header_name().into());
        if let Some(key_id) = self.key_id() {
            header.insert("kid".to_owned(), key_id.into());
        }
        if let Some(typ) = typ {
            header.insert("typ".to_owned(), typ.into());
        }
        Value::Object(header).to_string()
    }

    /// Signs a message: raw bytes, for ECDSA the two numbers in fixed width
    /// (RFC 7518 section 3.4).
    ///
    /// # Errors
    ///
    /// The cryptographic library failed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signature(message).map(|signature| match signature {
            Signature::Tag(tag) => tag.as_ref().to_vec(),
            Signature::Bytes(bytes) => bytes,
        })
    }

    /// As [`sign`](Self::sign), without an allocation for what is short.
    pub(super) fn signature(&self, message: &[u8]) -> Result<Signature, SignError> {
        match &self.signer {
            Signer::Secret(secret) => Ok(Signature::Tag(secret.sign(message))),
            Signer::Private(private) => private.sign(message).map(Signature::Bytes),
        }
    }

    /// How many bytes a signature has.
    pub(super) fn signature_length(&self) -> usize {
        match &self.signer {
            Signer::Secret(secret) => secret.tag_length(),
            Signer::Private(private) => private.signature_length(),
        }
    }

    /// The key that verifies what this one signs, under the same key id.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// The SHA-256 thumbprint of the public key in base64url (RFC 7638); see
    /// [`VerifyingKey::thumbprint`].
    pub fn thumbprint(&self) -> String {
        self.verifying.thumbprint()
    }

    /// The key as a private JWK in JSON, to be stored where nobody else reads.
    ///
    /// # Errors
    ///
    /// The cryptographic library does not hand the key out.
    pub fn to_jwk(&self) -> Result<SecretString, KeyError> {
        let (public, private) = match &self.signer {
            Signer::Secret(secret) => (
                vec![("kty", "oct".to_owned())],
                vec![("k", secret.encoded())],
            ),
            Signer::Private(private) => (
                self.verifying.public_members(),
                private.members(self.algorithm())?,
            ),
        };
        let public = public.iter().map(|(name, text)| (*name, &**text));
        // It is written below, under the name that the key goes by.
        let public = public.filter(|(name, _)| *name != "alg");
        let private = private.iter().map(|(name, text)| (*name, text.as_str()));
        let members = public.chain(private);
        let length: usize = members.clone().map(|(_, text)| text.len() + MEMBER).sum();
        // Enough for the whole, so that what is secret never moves.
        let key_id = self.key_id().map_or(0, |key_id| key_id.len() * ESCAPED);
        let buffer = SecretBuffer::with_capacity(length + key_id + REST);
        self.write_jwk(members, buffer)
            .ok()
            .and_then(SecretBuffer::into_text)
            .ok_or_else(KeyError::backend)
    }

    fn write_jwk<'m>(
        &self,
        members: impl Iterator<Item = (&'m str, &'m str)>,
        buffer: SecretBuffer,
    ) -> io::Result<SecretBuffer> {
        let mut jwk = ObjectWriter::new(buffer);
        for (name, text) in members {
            jwk.plain_member(name, text)?;
        }
        jwk.plain_member("alg", self.header_name())?;
        jwk.plain_member("use", "sig")?;
        if let Some(key_id) = self.key_id() {
            jwk.member("kid", key_id)?;
        }
        jwk.end()
    }
}

/// What a member of a JWK takes besides its text: a name of at most four
/// characters, and what punctuates it.
const MEMBER: usize = 10;

/// What a byte of a text takes at most in JSON: `\u0000`.
const ESCAPED: usize = 6;

/// The braces and the members `alg`, `use` and `kid` without its text.
const REST: usize = 64;

impl Load for SigningKey {
    const PURPOSE: Purpose = Purpose::Sign;

    fn is_asked_for(label: &str) -> bool {
        label.ends_with("PRIVATE KEY")
    }

    fn check_label(label: &str) -> Result<(), KeyError> {
        private::check_label(label)
    }

    fn detect(der: &[u8]) -> Result<Algorithm, KeyError> {
        private::detect(der)
    }

    fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Self::from_secret(algorithm, secret)
    }

    fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_der(algorithm, der)
    }

    fn from_numbers(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        Self::from_private_key(algorithm, PrivateKey::from_jwk(algorithm, jwk)?)
    }

    fn with_names(self, names: Names<'_>) -> Self {
        Self {
            verifying: self.verifying.with_names(names),
            ..self
        }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.verifying.is_same_as(&other.verifying)
    }
}

/// Shows the algorithm and the key id only.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{KeyErrorKind, SignErrorKind, encode_compact};

    #[test]
    fn every_algorithm_generates_signs_and_is_stored() {
        for algorithm in Algorithm::ALL {
            let key = match SigningKey::generate(*algorithm) {
                // Verifies only.
                Err(error) if !cfg!(feature = "aws-lc") && algorithm.rsa_scheme().is_some() => {
                    assert_eq!(error.kind(), KeyErrorKind::Unsupported);
                    assert!(error.to_string().contains("`aws-lc`"), "{error}");
                    continue;
                }
                key => key.unwrap(),
            };
            assert_eq!(key.algorithm(), *algorithm);
            match algorithm.is_symmetric() {
                true => assert_eq!(key.key_id().unwrap().len(), 22),
                false => assert_eq!(key.key_id(), Some(&*key.thumbprint())),
            }
            let stored = key.to_jwk().unwrap();
            let read = SigningKey::from_jwk(stored.expose(), None).unwrap();
            assert_eq!(read.algorithm(), *algorithm);
            assert_eq!(read.key_id(), key.key_id());
            assert_eq!(read.to_jwk().unwrap().expose(), stored.expose());
            let signature = read.sign(b"message").unwrap();
            assert!(key.verifying_key().verify(b"message", &signature).is_ok());
            assert!(key.verifying_key().verify(b"", &signature).is_err());
        }
    }

    #[test]
    fn a_key_id_is_escaped_where_it_is_written() {
        let id = "a \"quoted\"\\\n\u{e9} id";
        let key = SigningKey::generate(Algorithm::Ed25519)
            .unwrap()
            .with_key_id(id);
        let read = SigningKey::from_jwk(key.to_jwk().unwrap().expose(), None).unwrap();
        assert_eq!(read.key_id(), Some(id));
        let header: Value = serde_json::from_str(&key.header_json(Some("at+jwt"))).unwrap();
        assert_eq!(
            header,
            serde_json::json!({"alg": "EdDSA", "kid": id, "typ": "at+jwt"})
        );
    }

    #[test]
    fn what_a_verifier_would_refuse_is_not_signed() {
        let key = SigningKey::generate(Algorithm::HS256).unwrap();
        let long = key.clone().with_key_id("k".repeat(257));
        for (key, header, payload, expected) in [
            (&key, r#"{"alg":"HS512"}"#, "{}", SignErrorKind::Header),
            (&key, r#"{"alg":"none"}"#, "{}", SignErrorKind::Header),
            (
                &key,
                r#"{"alg":"HS256","crit":[]}"#,
                "{}",
                SignErrorKind::Header,
            ),
            (&key, r#"{"typ":"JWT"}"#, "{}", SignErrorKind::Header),
            (&long, &long.header_json(None), "{}", SignErrorKind::Header),
            (&key, r#"{"alg":"HS256"}"#, "[]", SignErrorKind::Payload),
            (
                &key,
                r#"{"alg":"HS256"}"#,
                r#"{"sub":1,"sub":2}"#,
                SignErrorKind::Payload,
            ),
        ] {
            let error = encode_compact(header.as_bytes(), payload.as_bytes(), key).unwrap_err();
            assert_eq!(error.kind(), expected, "{header}");
        }
        assert!(encode_compact(br#"{"alg":"HS256"}"#, b"{}", &key).is_ok());
    }

    /// RFC 8037 appendix A.1 with another public key; RFC 7515 appendix A.3
    /// with another private one.
    #[test]
    fn parts_that_do_not_fit_are_refused() {
        for jwk in [
            r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
                "x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                "d":"AAAAnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#,
        ] {
            let error = SigningKey::from_jwk(jwk, None).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Invalid);
        }
    }
    #[test]
    fn nothing_is_public_about_a_secret() {
        let key = SigningKey::generate(Algorithm::HS256).unwrap();
        assert_eq!(key.verifying_key().public_jwk(), None);
    }
}
