//! The text form of keys (RFC 7468), read by ourselves so that the bytes of a
//! private key never lie in memory that is not overwritten.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::{KeyError, source::BYTE_ORDER_MARK};

/// One block, not decoded yet.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    lines: Vec<&'a [u8]>,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// All blocks of `text`, in their order; what stands between them is skipped,
/// whatever its encoding: names in PKCS#12 need not be UTF-8.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, KeyError> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(label) = label(line, BEGIN) {
            blocks.push(block(label, &mut lines)?);
        }
    }
    if blocks.is_empty() {
        return Err(KeyError::malformed(
            "no `-----BEGIN ...-----` line in the PEM text",
        ));
    }
    Ok(blocks)
}

fn label<'a>(line: &'a [u8], boundary: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(boundary)?.strip_suffix(DASHES)?;
    std::str::from_utf8(label).ok()
}

fn block<'a>(
    begun: &'a str,
    lines: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<Block<'a>, KeyError> {
    let mut body = Vec::new();
    for line in lines {
        match label(line, END) {
            Some(ended) if ended == begun => {
                return Ok(Block {
                    label: begun,
                    lines: body,
                });
            }
            // A block that begins within another is part of neither.
            None if label(line, BEGIN).is_none() => body.push(line),
            _ => break,
        }
    }
    Err(KeyError::malformed(
        "the PEM text has no `-----END ...-----` line that fits its beginning",
    ))
}

impl Block<'_> {
    /// The bytes. Decoded where they were put together, they lie in no other
    /// memory than what is overwritten.
    pub(super) fn der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let is_header =
            |line: &&[u8]| line.starts_with(b"Proc-Type:") || line.starts_with(b"DEK-Info:");
        if self.lines.iter().any(is_header) {
            return Err(encrypted());
        }
        let length = self.lines.iter().map(|line| line.len()).sum();
        let mut der = Zeroizing::new(Vec::with_capacity(length));
        for line in &self.lines {
            der.extend_from_slice(line);
        }
        let length = match STANDARD.decode_inplace(&mut der) {
            Ok(decoded) => decoded.len(),
            Err(_) => {
                return Err(KeyError::malformed(
                    "the text between the PEM lines is not base64",
                ));
            }
        };
        der.truncate(length);
        Ok(der)
    }
}

pub(super) fn encrypted() -> KeyError {
    KeyError::unsupported(
        "the private key is encrypted with a pass phrase: decrypt it first, for example with \
         `openssl pkey -in key.pem -out plain.pem`",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jose::KeyErrorKind;

    fn first(text: &[u8]) -> Result<(String, Vec<u8>), KeyError> {
        let blocks = blocks(text)?;
        let der = blocks[0].der()?;
        Ok((blocks[0].label.to_owned(), der.to_vec()))
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "subject=CN\r\n-----BEGIN EC PARAMETERS-----\r\nBggqhkjOPQMBBw==\r\n\
                    -----END EC PARAMETERS-----\r\nissuer\n-----BEGIN X-----\r\nAQID\r\nBA==\r\n-----END X-----\r\n";
        let blocks = blocks(text.as_bytes()).unwrap();
        let labels: Vec<_> = blocks.iter().map(|block| block.label).collect();
        assert_eq!(labels, ["EC PARAMETERS", "X"]);
        assert_eq!(**blocks[1].der().unwrap(), [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "AQID",
            "-----BEGIN X-----\nAQID\n",
            "-----BEGIN X-----\nAQID\n-----END Y-----\n",
            "-----BEGIN X-----\nAQI\n-----END X-----\n",
            "-----BEGIN X-----\nAQ-D\n-----END X-----\n",
            "-----BEGIN X-----\nAQID\n-----BEGIN Y-----\nAQID\n-----END Y-----\n-----END X-----\n",
            "-----BEGIN X-----\nAQID\n-----END X-----\n-----BEGIN X-----\nAQID\n",
        ] {
            let error = first(text.as_bytes()).err().map(|error| error.kind());
            assert_eq!(error, Some(KeyErrorKind::Malformed), "{text}");
        }
        assert!(first(b"\xff").is_err());
    }

    /// As `openssl pkcs12` writes a name in Latin-1, and Windows a text.
    #[test]
    fn what_is_no_utf_8_is_skipped_and_so_is_a_byte_order_mark() {
        const BLOCK: &[u8] = b"-----BEGIN X-----\r\nAQID\r\n-----END X-----\r\n";
        for text in [
            [b"Bag Attributes\n    friendlyName: Fr\xf6hlich\n", BLOCK].concat(),
            [b"\xef\xbb\xbf", BLOCK].concat(),
        ] {
            assert_eq!(first(&text).ok(), Some(("X".to_owned(), vec![1, 2, 3])));
        }
    }

    #[test]
    fn an_encrypted_key_is_named_as_such() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                    DEK-Info: AES-128-CBC,00\n\nAQID\n-----END RSA PRIVATE KEY-----\n";
        let error = first(text.as_bytes()).err().unwrap();
        assert_eq!(error.kind(), KeyErrorKind::Unsupported);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(-----BEGIN X-----|-----END X-----|\n|[ -~]{0,8}){0,12}") {
            let _ = first(text.as_bytes());
        }

        #[test]
        fn every_block_is_found(
            blocks_of in proptest::collection::vec(("[A-Z]{1,3}", proptest::collection::vec(any::<u8>(), 0..80)), 1..6),
            between in "[ -,.-~\n]{0,20}",
            width in 1..70_usize,
        ) {
            let mut text = String::new();
            for (label, der) in &blocks_of {
                let body = STANDARD.encode_to_string(der);
                let lines: Vec<_> = body.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
                text += &format!("{between}\n-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
            }
            let found: Vec<_> = blocks(text.as_bytes())?
                .iter()
                .map(|block| (block.label.to_owned(), block.der().unwrap().to_vec()))
                .collect();
            prop_assert_eq!(found, blocks_of);
        }
    }
}
