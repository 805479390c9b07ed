//! Keys that are read, whatever form they have.

use portcullis::jose::{
    Algorithm, KeyError, KeyErrorKind, KeySet, SigningKey, SkippedKey, VerifyingKey,
};

use crate::{failure::Failure, input::Input};

/// What a file of keys holds.
#[derive(Clone, Debug)]
pub(crate) enum Loaded {
    /// A private key or a shared secret, which signs.
    Signing(SigningKey),
    /// A public key.
    Verifying(VerifyingKey),
    /// A JWK Set, and what of it cannot be used.
    Set(KeySet, Vec<SkippedKey>),
}

impl Loaded {
    /// Reads PEM, a JWK or a JWK Set. The algorithm is for keys that do not say theirs.
    pub(crate) fn read(input: &Input, algorithm: Option<Algorithm>) -> Result<Self, Failure> {
        let text = input.read()?;
        Self::parse(&text, algorithm).map_err(|error| unusable(input, &error))
    }

    fn parse(text: &[u8], algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        if is_key_set(text) {
            let allowed = algorithm
                .as_ref()
                .map_or(Algorithm::ALL, std::slice::from_ref);
            return KeySet::from_jwks(text, allowed)
                .map(|(keys, skipped)| Self::Set(keys, skipped));
        }
        match SigningKey::from_pem_or_jwk(text, algorithm) {
            Ok(key) => Ok(Self::Signing(key)),
            // It is a public key, or one that may only verify.
            Err(error)
                if matches!(
                    error.kind(),
                    KeyErrorKind::WrongType | KeyErrorKind::WrongUse
                ) =>
            {
                VerifyingKey::from_pem_or_jwk(text, algorithm).map(Self::Verifying)
            }
            Err(error) => Err(error),
        }
    }

    /// The keys that verify.
    pub(crate) fn key_set(&self) -> KeySet {
        match self {
            Self::Signing(key) => key.verifying_key().into(),
            Self::Verifying(key) => key.clone().into(),
            Self::Set(keys, _) => keys.clone(),
        }
    }
}

/// Whether the text is a JSON object with the member `keys`.
fn is_key_set(text: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Set {
        #[serde(rename = "keys")]
        _keys: Vec<serde::de::IgnoredAny>,
    }
    // What some editors write before a text in UTF-8.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    serde_json::from_slice::<Set>(text).is_ok()
}

/// What is to be said of a key that cannot be used.
pub(super) fn unusable(input: &Input, error: &KeyError) -> Failure {
    let failure = Failure::refused(format!("{input}: {error}"));
    match error.kind() {
        KeyErrorKind::NoAlgorithm => failure.advice("say the algorithm with --algorithm"),
        KeyErrorKind::TooWeak => {
            failure.advice("make a new one: `portcullis key new ALGORITHM --out FILE`")
        }
        _ => failure,
    }
}

/// An algorithm of the arguments.
pub(crate) fn algorithm(name: &str) -> Result<Algorithm, KeyError> {
    name.parse()
}
