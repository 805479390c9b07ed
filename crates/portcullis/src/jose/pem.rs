//! The text form of keys (RFC 7468), read by ourselves so that the bytes of a
//! private key never lie in memory that is not overwritten.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::KeyError;

/// One block.
pub(super) struct Pem<'a> {
    pub(super) label: &'a str,
    pub(super) der: Zeroizing<Vec<u8>>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The one key or certificate in `text`.
pub(super) fn parse(text: &[u8]) -> Result<Pem<'_>, KeyError> {
    let text =
        std::str::from_utf8(text).map_err(|_| KeyError::malformed("the PEM text is not UTF-8"))?;
    let mut lines = text.lines().map(str::trim);
    let mut found = None;
    while let Some(line) = lines.next() {
        let Some(label) = label(line, BEGIN) else {
            continue;
        };
        let der = block(label, &mut lines)?;
        // `openssl ecparam -genkey` writes the curve before the key.
        if label == "EC PARAMETERS" {
            continue;
        }
        if found.replace(Pem { label, der }).is_some() {
            return Err(KeyError::malformed(
                "more than one key or certificate in the PEM text: keep the one that is meant",
            ));
        }
    }
    found.ok_or_else(|| KeyError::malformed("no `-----BEGIN ...-----` line in the PEM text"))
}

fn label<'a>(line: &'a str, boundary: &str) -> Option<&'a str> {
    line.strip_prefix(boundary)?.strip_suffix(DASHES)
}

fn block<'a>(
    begun: &str,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut body = Zeroizing::new(Vec::new());
    for line in lines {
        if let Some(ended) = label(line, END) {
            if ended != begun {
                break;
            }
            let mut der = Zeroizing::new(Vec::with_capacity(body.len()));
            return match STANDARD.decode_append(&*body, &mut *der) {
                Ok(()) => Ok(der),
                Err(_) => Err(KeyError::malformed(
                    "the text between the PEM lines is not base64",
                )),
            };
        }
        if line.starts_with("Proc-Type:") || line.starts_with("DEK-Info:") {
            return Err(encrypted());
        }
        // Enough at once for any usual key: growing would leave copies behind.
        if body.capacity() - body.len() < line.len() {
            let mut larger = Zeroizing::new(Vec::with_capacity(body.len() * 2 + 4096 + line.len()));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(line.as_bytes());
    }
    Err(KeyError::malformed(
        "the PEM text has no `-----END ...-----` line that fits its beginning",
    ))
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

    #[test]
    fn a_block_is_found_among_other_text() {
        let text = "subject=CN\r\n-----BEGIN EC PARAMETERS-----\r\nBggqhkjOPQMBBw==\r\n\
                    -----END EC PARAMETERS-----\r\n-----BEGIN X-----\r\nAQID\r\nBA==\r\n-----END X-----\r\n";
        let pem = parse(text.as_bytes()).unwrap();
        assert_eq!(pem.label, "X");
        assert_eq!(**pem.der, [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_not_exactly_one_block_is_refused() {
        let block = "-----BEGIN X-----\nAQID\n-----END X-----\n";
        for text in [
            "",
            "AQID",
            "-----BEGIN X-----\nAQID\n",
            "-----BEGIN X-----\nAQID\n-----END Y-----\n",
            "-----BEGIN X-----\nAQI\n-----END X-----\n",
            "-----BEGIN X-----\nAQ-D\n-----END X-----\n",
            &block.repeat(2),
        ] {
            let error = parse(text.as_bytes()).err().map(|error| error.kind());
            assert_eq!(error, Some(KeyErrorKind::Malformed), "{text}");
        }
        assert!(parse(b"\xff").is_err());
    }

    #[test]
    fn an_encrypted_key_is_named_as_such() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                    DEK-Info: AES-128-CBC,00\n\nAQID\n-----END RSA PRIVATE KEY-----\n";
        let error = parse(text.as_bytes()).err().unwrap();
        assert_eq!(error.kind(), KeyErrorKind::Unsupported);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(-----BEGIN X-----|-----END X-----|\n|[ -~]{0,8}){0,12}") {
            let _ = parse(text.as_bytes());
        }
    }
}
