//! The compact serialization (RFC 7515 section 7.1).

use std::{borrow::Cow, fmt};

use super::{
    Header, JwsError, JwsErrorKind, MAX_SIGNATURE, SignError, SignErrorKind, SigningKey, base64url,
    base64url::{Uninit, decode_front, decode_segment, decode_segment_into, is_segment},
};
use crate::json::check_unique;

/// The longest header segment, in characters, unless a verifier is told
/// otherwise.
pub const MAX_HEADER: usize = 4096;

/// The longest token, in characters, unless a verifier is told otherwise.
const MAX_TOKEN: usize = 8192;

/// A token cut into its three segments. Nothing is decoded yet, and nothing is
/// believed yet.
///
/// ```
/// use portcullis::jose::CompactJws;
///
/// let token = CompactJws::parse(b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln", 8192)?;
/// assert_eq!(token.payload_segment(), b"e30");
/// assert_eq!(token.signing_input(), b"eyJhbGciOiJIUzI1NiJ9.e30");
/// # Ok::<(), portcullis::jose::JwsError>(())
/// ```
#[derive(Copy, Clone)]
pub struct CompactJws<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    token: &'a [u8],
}

/// How long a token and its header segment may be, in characters.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) token: usize,
    pub(crate) header: usize,
}

impl Limits {
    /// Those of a verifier that was told no others, for keys whose longest signature
    /// has so many bytes: what is longer than [`MAX_SIGNATURE`] comes on top.
    pub(crate) const fn for_signatures(longest: usize) -> Self {
        let more = base64url::encoded_length(longest) - base64url::encoded_length(MAX_SIGNATURE);
        Self {
            token: MAX_TOKEN + more,
            header: MAX_HEADER,
        }
    }

    /// Within which nothing is.
    pub(crate) const NOTHING: Self = Self {
        token: 0,
        header: 0,
    };

    /// The wider of both in each respect.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            token: self.token.max(other.token),
            header: self.header.max(other.header),
        }
    }

    /// Whether a token that was cut within others is within these.
    pub(crate) fn allow(self, jws: &CompactJws<'_>) -> bool {
        jws.token.len() <= self.token && jws.header.len() <= self.header
    }
}

impl<'a> CompactJws<'a> {
    /// Cuts a token of at most `max_len` bytes.
    ///
    /// # Errors
    ///
    /// Too long, which is looked at before anything else; not three non-empty
    /// segments; a character that cannot be in one (RFC 7515 section 2);
    /// five segments, which is an encrypted token.
    pub fn parse(token: &'a [u8], max_len: usize) -> Result<Self, JwsError> {
        let limits = Limits {
            token: max_len,
            header: MAX_HEADER,
        };
        Self::parse_within(token, limits)
    }

    /// As [`parse`](Self::parse), within other limits.
    pub(crate) fn parse_within(token: &'a [u8], limits: Limits) -> Result<Self, JwsError> {
        let cut = Self::cut(token, limits)?;
        if !(is_segment(cut.header) && is_segment(cut.signature)) {
            return Err(not_compact(token));
        }
        Ok(cut)
    }

    /// As [`parse_within`](Self::parse_within), for those who know the header already or
    /// decode it, and decode the signature: that checks their characters.
    pub(crate) fn cut(token: &'a [u8], limits: Limits) -> Result<Self, JwsError> {
        if token.len() > limits.token {
            return Err(JwsErrorKind::TooLarge.into());
        }
        let (header, rest) = cut_first(token).ok_or_else(|| not_compact(token))?;
        if header.len() > limits.header {
            return Err(JwsErrorKind::TooLarge.into());
        }
        let (payload, signature) = cut_last(rest).ok_or_else(|| not_compact(token))?;
        let is_complete = !(header.is_empty() || payload.is_empty() || signature.is_empty());
        if !(is_complete && is_segment(payload)) {
            return Err(not_compact(token));
        }
        Ok(Self {
            header,
            payload,
            signature,
            token,
        })
    }

    /// The header as it stands in the token.
    pub fn header_segment(&self) -> &'a [u8] {
        self.header
    }

    /// The payload as it stands in the token.
    pub fn payload_segment(&self) -> &'a [u8] {
        self.payload
    }

    /// The signature as it stands in the token.
    pub fn signature_segment(&self) -> &'a [u8] {
        self.signature
    }

    /// What was signed: header, dot and payload.
    pub fn signing_input(&self) -> &'a [u8] {
        let length = self.header.len() + 1 + self.payload.len();
        self.token.get(..length).unwrap_or_default()
    }

    /// Decodes and reads the header; `buffer` holds its JSON afterwards.
    ///
    /// # Errors
    ///
    /// As [`decode_segment`] and [`Header::parse`].
    pub fn decode_header<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<Header<'b>, JwsError> {
        decode_segment(self.header, buffer).map_err(|error| self.explain(error))?;
        Header::parse(buffer)
    }

    /// Decodes the payload into `buffer`, which is emptied first. Do this after
    /// the signature was verified.
    ///
    /// # Errors
    ///
    /// As [`decode_segment`].
    pub fn decode_payload(&self, buffer: &mut Vec<u8>) -> Result<(), JwsError> {
        decode_segment(self.payload, buffer)
    }

    /// Decodes the signature into the front of `buffer`.
    ///
    /// # Errors
    ///
    /// As [`decode_segment_into`]: it is too large, too, if it is one of ML-DSA, for
    /// which there is [`decode_segment`].
    pub fn decode_signature<'b>(
        &self,
        buffer: &'b mut [u8; MAX_SIGNATURE],
    ) -> Result<&'b [u8], JwsError> {
        decode_segment_into(self.signature, buffer)
    }

    /// As [`decode_signature`](Self::decode_signature), for a buffer that
    /// holds nothing yet. A signature that does not fit is looked at if it is not
    /// above the `longest` that a key makes, in bytes.
    pub(crate) fn signature_into<'b>(
        &self,
        buffer: &'b mut Uninit<MAX_SIGNATURE>,
        longest: impl FnOnce() -> usize,
    ) -> Result<Cow<'b, [u8]>, JwsError> {
        match decode_front(self.signature, buffer) {
            Ok(signature) => Ok(Cow::Borrowed(signature)),
            Err(error) => self.long_signature(error, longest()),
        }
    }

    #[cold]
    fn long_signature<'b>(
        &self,
        error: JwsError,
        longest: usize,
    ) -> Result<Cow<'b, [u8]>, JwsError> {
        let length = self.signature.len();
        if error.kind() != JwsErrorKind::TooLarge || length > base64url::encoded_length(longest) {
            return Err(self.explain(error));
        }
        let mut signature = Vec::new();
        match decode_segment(self.signature, &mut signature) {
            Ok(()) => Ok(Cow::Owned(signature)),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// A character that the decoder came upon is what [`parse`](Self::parse)
    /// would have refused, and how it would have called it.
    #[cold]
    fn explain(&self, error: JwsError) -> JwsError {
        // It was found short enough when it was cut.
        let limits = Limits {
            token: usize::MAX,
            header: usize::MAX,
        };
        let parsed = Self::parse_within(self.token, limits);
        parsed.err().unwrap_or(error)
    }
}

impl fmt::Debug for CompactJws<'_> {
    /// Not the token: whoever has it can use it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompactJws(..)")
    }
}

/// Signs and writes a token: `header_json` and `payload_json` are encoded as
/// they are. What a strict verifier would refuse is not signed.
///
/// # Errors
///
/// The header is not one that [`Header::parse`] reads, does not name the key's
/// [`header_name`](SigningKey::header_name), or is too long for a verifier;
/// the payload is not one JSON object with unique member names (RFC 7519
/// section 7.1); the cryptographic library failed.
pub fn encode_compact(
    header_json: &[u8],
    payload_json: &[u8],
    key: &SigningKey,
) -> Result<String, SignError> {
    let header = EncodedHeader::new(header_json, key)?;
    if check_unique(payload_json).is_err() {
        return Err(SignErrorKind::Payload.into());
    }
    header.sign(payload_json, key)
}

/// The header of many tokens, checked and encoded once.
#[derive(Clone, Debug)]
pub(crate) struct EncodedHeader(String);

impl EncodedHeader {
    pub(crate) fn new(json: &[u8], key: &SigningKey) -> Result<Self, SignError> {
        match Header::parse(json) {
            Ok(header) if header.alg == key.header_name() => {}
            _ => return Err(SignErrorKind::Header.into()),
        }
        let segment = base64url::encode_segment(json);
        if segment.len() > MAX_HEADER {
            return Err(SignErrorKind::Header.into());
        }
        Ok(Self(segment))
    }

    /// Whether a token has this header, which is then known to be good.
    pub(crate) fn is_of(&self, token: &CompactJws<'_>) -> bool {
        self.0.as_bytes() == token.header
    }

    /// Signs a payload, which the caller has made of unique member names.
    pub(crate) fn sign(&self, payload_json: &[u8], key: &SigningKey) -> Result<String, SignError> {
        let signature_length = base64url::encoded_length(key.signature_length());
        let payload_length = base64url::encoded_length(payload_json.len());
        // Exactly what it takes: a token that grows leaves a copy behind.
        let length = self.0.len() + 1 + payload_length + 1 + signature_length;
        let mut token = String::with_capacity(length);
        token.push_str(&self.0);
        token.push('.');
        base64url::append_segment(payload_json, &mut token);
        let signature = key.signature(token.as_bytes())?;
        token.push('.');
        base64url::append_segment(signature.as_ref(), &mut token);
        Ok(token)
    }
}

fn cut_first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(memchr::memchr(b'.', bytes)?)?;
    Some((before, rest.get(1..)?))
}

fn cut_last(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(memchr::memrchr(b'.', bytes)?)?;
    Some((before, rest.get(1..)?))
}

/// Why a token is not three segments.
fn not_compact(token: &[u8]) -> JwsError {
    let mut rest = token;
    while let Some((segment, next)) = cut_first(rest) {
        if !is_segment(segment) {
            return JwsErrorKind::Character.into();
        }
        rest = next;
    }
    if !is_segment(rest) {
        return JwsErrorKind::Character.into();
    }
    match memchr::memchr_iter(b'.', token).take(5).count() {
        4 => JwsErrorKind::Encrypted.into(),
        _ => JwsErrorKind::NotCompact.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(token: &str) -> JwsErrorKind {
        CompactJws::parse(token.as_bytes(), 8192)
            .unwrap_err()
            .kind()
    }

    #[test]
    fn three_non_empty_segments() {
        let token = CompactJws::parse(b"aa.bb.cc", 8).unwrap();
        assert_eq!(token.header_segment(), b"aa");
        assert_eq!(token.payload_segment(), b"bb");
        assert_eq!(token.signature_segment(), b"cc");
        assert_eq!(token.signing_input(), b"aa.bb");
        for token in [
            "",
            ".",
            "..",
            "...",
            "a",
            "a.b",
            "a.b.",
            ".b.c",
            "a..c",
            "a.b.c.d",
            "a.b.c.d.e.f",
            "a.b.c.",
        ] {
            assert_eq!(refused(token), JwsErrorKind::NotCompact, "{token}");
        }
        assert_eq!(refused("a.b.c.d.e"), JwsErrorKind::Encrypted);
        assert_eq!(refused("a..c.d.e"), JwsErrorKind::Encrypted);
    }

    /// RFC 8725bis section 3.14: the characters first.
    #[test]
    fn no_other_characters() {
        for token in [
            "a=.b.c",
            "a.b+.c",
            "a.b.c/",
            "a.b.c ",
            " a.b.c",
            "a.b.c\n",
            "a.b\0.c",
            "a.b.é",
            "{\"payload\":\"\"}",
            "a.b.c,a.b.c",
            "a\t.b.c",
            "a.b.c.d.e ",
        ] {
            assert_eq!(refused(token), JwsErrorKind::Character, "{token}");
        }
    }

    #[test]
    fn lengths_are_limited_first() {
        let error = CompactJws::parse(b"a.b.c", 4).unwrap_err();
        assert_eq!(error.kind(), JwsErrorKind::TooLarge);
        let error = CompactJws::parse(&[b' '; 9000], 8192).unwrap_err();
        assert_eq!(error.kind(), JwsErrorKind::TooLarge);
        let token = |header: usize| format!("{}.b.c", "A".repeat(header));
        assert!(CompactJws::parse(token(MAX_HEADER).as_bytes(), 8192).is_ok());
        assert_eq!(refused(&token(MAX_HEADER + 1)), JwsErrorKind::TooLarge);
    }

    #[test]
    fn a_signature_longer_than_any_key_makes_is_refused() {
        let token = format!("YQ.YQ.{}", "A".repeat(1368));
        let token = CompactJws::parse(token.as_bytes(), 8192).unwrap();
        let error = token.decode_signature(&mut [0; MAX_SIGNATURE]).unwrap_err();
        assert_eq!(error.kind(), JwsErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            if let Ok(token) = CompactJws::parse(&bytes, 64) {
                let _ = token.decode_header(&mut Vec::new());
                let _ = token.decode_signature(&mut [0; MAX_SIGNATURE]);
            }
        }

        #[test]
        fn segments_are_what_was_joined(
            header in "[A-Za-z0-9_-]{1,40}",
            payload in "[A-Za-z0-9_-]{1,40}",
            signature in "[A-Za-z0-9_-]{1,40}",
        ) {
            let text = format!("{header}.{payload}.{signature}");
            let token = CompactJws::parse(text.as_bytes(), 200).unwrap();
            prop_assert_eq!(token.header_segment(), header.as_bytes());
            prop_assert_eq!(token.payload_segment(), payload.as_bytes());
            prop_assert_eq!(token.signature_segment(), signature.as_bytes());
        }

        #[test]
        fn a_character_changed_to_a_foreign_one_is_refused(
            position in 0_usize..20,
            byte in proptest::sample::select(&b"=+/ \n,;{}\"\\\x00\x7f\xff"[..]),
        ) {
            let mut token = *b"abcdef.ghijkl.mnopqr";
            token[position] = byte;
            prop_assert!(CompactJws::parse(&token, 64).is_err());
        }

        /// Whoever decodes comes to the same answer as whoever checks first.
        #[test]
        fn what_is_cut_and_decoded_is_refused_alike(token in "[A-Za-z0-9_.=~ é-]{0,12}(\\.[A-Za-z0-9=_-]{0,9}){0,5}") {
            let token = token.as_bytes();
            let decode = |token: CompactJws<'_>| {
                token.signature_into(&mut base64url::uninit(), || MAX_SIGNATURE)?;
                decode_segment(token.header, &mut Vec::new()).map_err(|error| token.explain(error))
            };
            let limits = Limits { token: 64, header: MAX_HEADER };
            prop_assert_eq!(
                CompactJws::cut(token, limits).and_then(decode),
                CompactJws::parse(token, 64).and_then(decode)
            );
        }
    }
}
