//! Base64url without padding (RFC 7515 section 2), canonical only.

use std::mem::MaybeUninit;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

use super::{JwsError, JwsErrorKind};

/// Decodes a segment into `out`, which is emptied first.
///
/// # Errors
///
/// [`JwsErrorKind::Base64`] for padding, white space, characters of the other
/// alphabet and trailing bits that are not zero (RFC 4648 section 3.5): one
/// value has one spelling.
pub fn decode_segment(segment: &[u8], out: &mut Vec<u8>) -> Result<(), JwsError> {
    out.clear();
    URL_SAFE_NO_PAD
        .decode_append(segment, out)
        .map_err(|_| JwsErrorKind::Base64.into())
}

/// Decodes a segment into the front of `buffer` and answers with that part.
///
/// # Errors
///
/// As [`decode_segment`], and [`JwsErrorKind::TooLarge`] if it does not fit.
pub fn decode_segment_into<'b>(segment: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], JwsError> {
    decode_front(segment, buffer)
}

/// Room on the stack, which is not filled with zeros first.
pub(crate) type Uninit<const N: usize> = [MaybeUninit<u8>; N];

pub(crate) const fn uninit<const N: usize>() -> Uninit<N> {
    [const { MaybeUninit::uninit() }; N]
}

/// As [`decode_segment_into`], for buffers that hold nothing yet.
pub(crate) fn decode_front<'b, T>(segment: &[u8], buffer: &'b mut [T]) -> Result<&'b [u8], JwsError>
where
    [T]: AsOut<[u8]>,
{
    let length = URL_SAFE_NO_PAD
        .decoded_length(segment)
        .map_err(|_| JwsErrorKind::Base64)?;
    // The decoder panics where the output does not fit.
    let target = buffer.get_mut(..length).ok_or(JwsErrorKind::TooLarge)?;
    match URL_SAFE_NO_PAD.decode(segment, target.as_out()) {
        Ok(decoded) => Ok(decoded),
        Err(_) => Err(JwsErrorKind::Base64.into()),
    }
}

/// Decodes a segment of exactly `N` bytes.
///
/// # Errors
///
/// [`JwsErrorKind::Base64`] if it is not canonical or not `N` bytes long.
pub fn decode_array<const N: usize>(segment: &[u8]) -> Result<[u8; N], JwsError> {
    let mut array = [0; N];
    match decode_segment_into(segment, &mut array) {
        Ok(decoded) if decoded.len() == N => Ok(array),
        _ => Err(JwsErrorKind::Base64.into()),
    }
}

/// Whether a segment has no character of another alphabet.
pub(super) fn is_segment(segment: &[u8]) -> bool {
    // Four characters decode whichever they are, so the decoder's own check,
    // which is far quicker than a loop, knows nothing else to refuse.
    let (fours, rest) = segment.split_at(segment.len() / 4 * 4);
    let is_character = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    URL_SAFE_NO_PAD.check(fours).is_ok() && rest.iter().all(is_character)
}

/// Encodes bytes as base64url without padding.
///
/// ```
/// assert_eq!(portcullis::jose::encode_segment(b"\xfb\xff"), "-_8");
/// ```
pub fn encode_segment(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Encodes bytes into the front of `buffer`, if they fit.
pub(crate) fn encode_segment_into<'b>(bytes: &[u8], buffer: &'b mut [u8]) -> Option<&'b str> {
    let target = buffer.get_mut(..encoded_length(bytes.len()))?;
    Some(URL_SAFE_NO_PAD.encode_as_str(bytes, target.as_out()))
}

pub(super) fn append_segment(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// How many characters so many bytes take.
pub(super) const fn encoded_length(bytes: usize) -> usize {
    bytes / 3 * 4 + [0, 2, 3][bytes % 3]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>, JwsError> {
        let mut out = vec![1, 2, 3];
        decode_segment(text.as_bytes(), &mut out).map(|()| out)
    }

    /// RFC 4648 section 10 in the URL alphabet.
    #[test]
    fn the_vectors_decode() {
        for (text, bytes) in [
            ("", ""),
            ("Zg", "f"),
            ("Zm8", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg", "foob"),
            ("Zm9vYmE", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
            assert_eq!(encode_segment(bytes.as_bytes()), text);
            assert_eq!(encoded_length(bytes.len()), text.len());
        }
    }

    /// The long forms reach the vectorised paths of the decoder.
    #[test]
    fn only_the_canonical_spelling_decodes() {
        for prefix in ["", "Zm9v", &"Zm9v".repeat(3), &"Zm9v".repeat(40)] {
            for bad in [
                "Zh", "Zm9", "Zv", "Z", "Zg=", "Zg==", "Zm8=", "Zg\n", "Zg ", " Zg", "+/+/", "Z+",
                "Zm\n9v", "Zm9v\0", "Zg.", "Zm9é",
            ] {
                assert!(decode(&format!("{prefix}{bad}")).is_err(), "{prefix}{bad}");
            }
        }
    }

    #[test]
    fn a_segment_has_the_characters_of_the_alphabet() {
        for prefix in ["", "A", "Ag", "a-_", &"z09_".repeat(30)] {
            assert!(is_segment(prefix.as_bytes()));
            for byte in 0..=u8::MAX {
                let segment = [prefix.as_bytes(), &[byte], b"Zm9vYm"].concat();
                let is_character = byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                assert_eq!(is_segment(&segment), is_character, "{prefix} {byte}");
            }
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error() {
        let mut buffer = [0; 2];
        let error = decode_segment_into(b"Zm9v", &mut buffer).unwrap_err();
        assert_eq!(error.kind(), JwsErrorKind::TooLarge);
        assert_eq!(decode_segment_into(b"Zm8", &mut buffer).unwrap(), b"fo");
        assert_eq!(decode_array::<3>(b"Zm9v").unwrap(), *b"foo");
        assert!(decode_array::<4>(b"Zm9v").is_err());
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode_segment(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn what_decodes_is_what_would_be_encoded(text in "[A-Za-z0-9_=+/ -]{0,80}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode_segment(&bytes), text);
            }
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let mut buffer = [0; 16];
            let _ = decode_segment_into(&bytes, &mut buffer);
            let _ = decode_segment(&bytes, &mut Vec::new());
        }
    }
}
