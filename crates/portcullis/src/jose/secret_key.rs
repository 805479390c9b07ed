//! Shared secrets for HMAC (RFC 7518 section 3.2).

use base64_simd::forgiving_decode_inplace;
use memchr::memmem;
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyErrorKind, algorithm::Family, base64url::append_segment, der,
    jwk::wrong_family, source::BYTE_ORDER_MARK,
};
use crate::crypto::{Backend, Chosen, Hash};

/// A secret that is long enough for its algorithm, or is being retired.
pub(super) struct SecretKey<B: Backend = Chosen> {
    key: B::HmacKey,
    hash: Hash,
    bytes: Zeroizing<Vec<u8>>,
}

impl<B: Backend> SecretKey<B> {
    pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let hash = hash_for(algorithm, secret)?;
        let least = hash.length();
        if secret.len() < least {
            return Err(KeyError::new(
                KeyErrorKind::TooWeak,
                format!(
                    "the secret for {algorithm} is {} bytes long, and RFC 7518 section 3.2 asks \
                     for at least {least}: use random bytes, not a pass phrase",
                    secret.len()
                ),
            ));
        }
        Ok(Self::of(hash, secret))
    }

    /// One that is too short, and may be taken for no other.
    pub(super) fn weak(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let hash = hash_for(algorithm, secret)?;
        if secret.is_empty() {
            let what = "the secret is empty: anybody could sign with it";
            return Err(KeyError::new(KeyErrorKind::TooWeak, what.to_owned()));
        }
        if secret.len() >= hash.length() {
            return Err(KeyError::wrong_type(
                "the secret is long enough: load it with `VerifyingKey::from_secret`",
            ));
        }
        Ok(Self::of(hash, secret))
    }

    fn of(hash: Hash, secret: &[u8]) -> Self {
        Self {
            key: B::hmac_key(hash, secret),
            hash,
            bytes: Zeroizing::new(secret.to_vec()),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> B::Tag {
        B::hmac(&self.key, &[message])
    }

    /// Whether this is the whole MAC of the message.
    #[inline]
    pub(super) fn fits(&self, message: &[u8], tag: &[u8]) -> bool {
        B::hmac_fits(&self.key, message, tag)
    }

    /// How many bytes a MAC has.
    pub(super) fn tag_length(&self) -> usize {
        self.hash.length()
    }

    /// `k` of the JWK (RFC 7518 section 6.4.1).
    pub(super) fn encoded(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.bytes.len() * 4 / 3 + 4));
        append_segment(&self.bytes, &mut text);
        text
    }
}

/// The hash of a MAC, if the secret may be one at all.
fn hash_for(algorithm: Algorithm, secret: &[u8]) -> Result<Hash, KeyError> {
    let hash = algorithm
        .hmac_hash()
        .ok_or_else(|| wrong_family(algorithm, Family::Hmac))?;
    if is_key(secret) {
        return Err(KeyError::wrong_type(
            "the secret is the text of a key or a certificate: what is public cannot be a \
             secret, so load it as PEM, DER or JWK with its own algorithm",
        ));
    }
    Ok(hash)
}

/// Whether a would-be secret is a key in one of the forms in which public keys
/// are handed out; taking it for a secret would let anyone sign.
fn is_key(secret: &[u8]) -> bool {
    // All of it, in lines or not; or one word among others: in quotes, in an
    // array such as `x5c`, behind a name.
    let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let mut words = secret.split(|byte| !is_in_word(byte));
    is_plain_key(secret) || is_encoded_key(secret) || words.any(is_encoded_key)
}

/// In base64 or in hexadecimal digits.
fn is_encoded_key(text: &[u8]) -> bool {
    let decoded = [from_base64(text), from_hex(text)];
    decoded.iter().flatten().any(|bytes| is_plain_key(bytes))
}

/// PEM, a JWK or a set of them, wherever in the text; a line of OpenSSH, or what
/// stands in one in base64; DER, and whatever follows it.
fn is_plain_key(bytes: &[u8]) -> bool {
    const MARKS: [&[u8]; 3] = [b"-----BEGIN", b"---- BEGIN", b"\"kty\""];
    const SSH: [&[u8]; 4] = [b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"];
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    // RFC 4253 section 6.6: the name of the key's type, behind its length.
    let blob = bytes.get(4..).unwrap_or_default();
    let mut words = text.split(u8::is_ascii_whitespace);
    MARKS.iter().any(|mark| memmem::find(text, mark).is_some())
        || words.any(|word| SSH.iter().any(|start| word.starts_with(start)))
        || SSH.iter().any(|start| blob.starts_with(start))
        || der::first(bytes).and_then(der::form).is_some()
}

/// What `text` stands for, if all of it is base64: either alphabet, padded or
/// not, in lines or not.
fn from_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(text.to_vec());
    for byte in bytes.iter_mut() {
        match byte {
            b'-' => *byte = b'+',
            b'_' => *byte = b'/',
            _ => {}
        }
    }
    let length = forgiving_decode_inplace(&mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// What `text` stands for, if all of it is pairs of hexadecimal digits.
fn from_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        bytes.push(u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::jose::encode_segment;

    fn kind(algorithm: Algorithm, secret: &[u8]) -> Option<KeyErrorKind> {
        SecretKey::<Chosen>::new(algorithm, secret)
            .err()
            .map(|error| error.kind())
    }

    #[test]
    fn a_secret_is_as_long_as_the_hash() {
        for (algorithm, least) in [
            (Algorithm::HS256, 32),
            (Algorithm::HS384, 48),
            (Algorithm::HS512, 64),
        ] {
            assert_eq!(kind(algorithm, &vec![7; least]), None);
            let short = kind(algorithm, &vec![7; least - 1]);
            assert_eq!(short, Some(KeyErrorKind::TooWeak));
            assert_eq!(kind(algorithm, b""), Some(KeyErrorKind::TooWeak));
        }
        let other = kind(Algorithm::RS256, &[7; 64]);
        assert_eq!(other, Some(KeyErrorKind::WrongType));
    }

    #[test]
    fn a_public_key_is_no_secret() {
        const SPKI: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let jwk =
            r#"{ "crv":"Ed25519", "kty":"OKP", "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{SPKI}\n-----END PUBLIC KEY-----\n");
        let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0000000000000000000000";
        let url_safe = SPKI.replace('/', "_");
        let der = STANDARD.decode_to_vec(SPKI).unwrap();
        let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
        let twice = STANDARD.encode_to_string([&der[..], &der].concat());
        let texts = [
            format!("\"{SPKI}\""),
            format!("[\"{SPKI}\",\"{SPKI}\"]"),
            format!("public_key={SPKI}"),
            format!("data:application/x-pem-file;base64,{SPKI}"),
            hex.to_uppercase(),
            format!("key: {hex}"),
            twice,
            "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea".to_owned(),
            jwk.to_owned(),
            format!("\u{feff}\n{jwk}"),
            format!("[{jwk}]"),
            format!(" \n[ {{\"keys\":[{jwk}]}} ]"),
            format!("{{\"keys\":[{jwk}]}}"),
            format!("jwks: {jwk}"),
            pem.clone(),
            format!("\n{pem}"),
            format!("subject=CN = api.example\nissuer=CN = ca\n{pem}"),
            format!("key: {}", pem.replace('\n', "\\n")),
            ssh.to_owned(),
            format!("# the key of the server\n{ssh}"),
            SPKI.to_owned(),
            format!("{SPKI}\n"),
            format!("  {}\r\n\t{}\n", &SPKI[..32], &SPKI[32..]),
            SPKI.replace('=', ""),
            url_safe.clone(),
            url_safe.replace('=', ""),
            format!("{}\n{}", &url_safe[..10], &url_safe[10..]),
            encode_segment(pem.as_bytes()),
            encode_segment(jwk.as_bytes()),
        ];
        for text in texts {
            let kind = kind(Algorithm::HS256, text.as_bytes());
            assert_eq!(kind, Some(KeyErrorKind::WrongType), "{text}");
        }
        let mut der = vec![
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        der.extend([9; 32]);
        let kind = kind(Algorithm::HS256, &der);
        assert_eq!(kind, Some(KeyErrorKind::WrongType));
    }

    #[test]
    fn text_that_is_no_key_may_be_a_secret() {
        for text in [
            // The end of a key in base64.
            "wBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "bm90IGEga2V5LCBidXQgbG9uZyBlbm91Z2ggZm9yIG9uZQ==",
            "{\"not\":\"a key, but long enough to be a secret\"}",
            "- - - - - - - - - - - - - - - - - - - - - - - - -",
            // Hexadecimal digits, and base64 among other words.
            "302a300506032b65700321d75a980182b10ab7d54bfed3c964073a0ee172f3da",
            "correct horse bm90IGEga2V5LCBidXQgbG9uZw== battery staple",
        ] {
            assert_eq!(kind(Algorithm::HS256, text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_a_secret_and_so_is_their_base64(bytes: [u8; 48]) {
            prop_assert_eq!(kind(Algorithm::HS384, &bytes), None);
            let text = encode_segment(&bytes);
            prop_assert_eq!(kind(Algorithm::HS512, text.as_bytes()), None);
        }
    }
}
