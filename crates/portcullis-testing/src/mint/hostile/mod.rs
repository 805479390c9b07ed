//! Tokens that nobody may accept, and the tools to make more of them.
//!
//! [`tokens`] is a ready list. The functions make single ones: they put
//! together whatever bytes they are given.
//!
//! ```
//! use portcullis_testing::mint::{Mint, hostile};
//!
//! let mint = Mint::new();
//! let claims = mint.token("alice").claims_json();
//! let none = hostile::unsigned(r#"{"alg":"none"}"#, &claims);
//! assert!(mint.verifier().verify_now(none.as_bytes()).is_err());
//! ```

mod list;

use hmac::{Hmac, KeyInit, Mac};
use portcullis::jose::{SigningKey, decode_segment, encode_segment};
use sha2::Sha256;

pub use list::{Forged, tokens};

/// Signs any header and payload: neither need be what a verifier expects, or
/// JSON at all.
pub fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>, key: &SigningKey) -> String {
    let input = signing_input(header, payload);
    let signature = key.sign(input.as_bytes()).expect("the key signs");
    format!("{input}.{}", encode_segment(&signature))
}

/// A token with an empty signature (RFC 7519 section 6).
pub fn unsigned(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.", signing_input(header, payload))
}

/// A token with this signature.
pub fn with_signature(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    signature: impl AsRef<[u8]>,
) -> String {
    let input = signing_input(header, payload);
    format!("{input}.{}", encode_segment(signature.as_ref()))
}

/// A token signed by HMAC-SHA-256 with whatever secret, however short or
/// public: a server's public key, for instance (RFC 8725 section 2.1).
pub fn hs256(
    secret: impl AsRef<[u8]>,
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
) -> String {
    let input = signing_input(header, payload);
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_ref());
    let mac = mac.expect("HMAC takes secrets of any length");
    let tag = mac.chain_update(&input).finalize().into_bytes();
    format!("{input}.{}", encode_segment(&tag))
}

/// The three segments of a token, as they stand.
pub fn segments(token: &str) -> [&str; 3] {
    let mut parts = token.splitn(3, '.');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

/// The bytes of a segment: 0 is the header, 1 the payload, 2 the signature.
pub fn decoded(token: &str, segment: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = segments(token)[segment];
    decode_segment(text.as_bytes(), &mut bytes).expect("the token is well formed");
    bytes
}

/// The token with one bit of a segment turned over.
pub fn flipped(token: &str, segment: usize) -> String {
    let mut bytes = decoded(token, segment);
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    with_segment(token, segment, &encode_segment(&bytes))
}

/// The token with another text for a segment.
pub fn with_segment(token: &str, segment: usize, text: &str) -> String {
    let mut parts = segments(token);
    parts[segment] = text;
    parts.join(".")
}

/// The same bytes written in another way: the unused bits of the last character
/// are set, which RFC 4648 section 3.5 lets a decoder refuse. `None` if the
/// segment has no unused bits.
pub fn with_trailing_bits(token: &str, segment: usize) -> Option<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text = segments(token)[segment];
    let last = ALPHABET.find(text.chars().last()?)?;
    if text.len().is_multiple_of(4) {
        return None;
    }
    let other = ALPHABET.chars().nth(last | 1)?;
    let changed = format!("{}{other}", &text[..text.len() - 1]);
    (changed != text).then(|| with_segment(token, segment, &changed))
}

/// The token with an ECDSA signature in DER, as X.509 has it and JOSE does not
/// (RFC 7518 section 3.4).
pub fn with_der_signature(token: &str) -> String {
    let raw = decoded(token, 2);
    let (r, s) = raw.split_at(raw.len() / 2);
    let mut body = der_integer(r);
    body.extend(der_integer(s));
    let mut der = vec![0x30];
    if body.len() >= 0x80 {
        der.push(0x81);
    }
    der.push(u8::try_from(body.len()).unwrap_or(u8::MAX));
    der.extend(body);
    with_segment(token, 2, &encode_segment(&der))
}

fn der_integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0);
    let digits = &number[start.unwrap_or(number.len().saturating_sub(1))..];
    let sign = digits.first().is_some_and(|byte| byte & 0x80 != 0);
    let length = digits.len() + usize::from(sign);
    let mut out = vec![0x02, u8::try_from(length).unwrap_or(u8::MAX)];
    if sign {
        out.push(0);
    }
    out.extend_from_slice(digits);
    out
}

fn signing_input(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let (header, payload) = (header.as_ref(), payload.as_ref());
    format!("{}.{}", encode_segment(header), encode_segment(payload))
}
