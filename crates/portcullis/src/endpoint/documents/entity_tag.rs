//! Entity tags and what is asked about them (RFC 9110 sections 8.8.3 and
//! 13.1.2).

use http::HeaderValue;

use crate::{crypto::sha256, jose::encode_segment};

/// A strong entity tag: another one for every other body.
pub(super) fn of(body: &[u8]) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{}\"", encode_segment(&sha256(body)))).ok()
}

/// Whether one of the values of `If-None-Match` names `tag`. They compare
/// weakly: a cache on the way may have weakened the tag (section 8.8.3.2).
pub(super) fn is_named<'a>(tag: &[u8], mut values: impl Iterator<Item = &'a [u8]>) -> bool {
    values.any(|value| value.trim_ascii() == b"*" || list_names(value, tag))
}

fn list_names(value: &[u8], tag: &[u8]) -> bool {
    let mut rest = value;
    loop {
        rest = rest.trim_ascii_start();
        rest = match rest {
            [b',', after @ ..] | [b'W', b'/', after @ ..] => after,
            // A tag may contain commas, but no quotes.
            [b'"', after @ ..] => {
                let Some(end) = after.iter().position(|byte| *byte == b'"') else {
                    return false;
                };
                let (found, after) = rest.split_at(end + 2);
                if found == tag {
                    return true;
                }
                after
            }
            // The end, or no list of tags.
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_named_by(values: &[&str]) -> bool {
        is_named(b"\"a,b\"", values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn tags_are_found_in_lists() {
        for values in [
            &["\"a,b\""][..],
            &["W/\"a,b\""],
            &["*"],
            &[" * "],
            &["\"x\", \"a,b\""],
            &["\"x\",,W/\"y\" , W/\"a,b\",\"z\""],
            &["\"x\"", "\"a,b\""],
        ] {
            assert!(is_named_by(values), "{values:?}");
        }
        for values in [
            &[][..],
            &[""],
            &["\"a\""],
            &["\"b\""],
            &["a,b"],
            &["\"A,B\""],
            &["\"x\"a,b\""],
            &["\"a,b"],
            &["nonsense, \"a,b\""],
            &["**"],
        ] {
            assert!(!is_named_by(values), "{values:?}");
        }
    }

    #[test]
    fn every_body_has_its_own() {
        let [one, same, other] = ["a", "a", "b"].map(|body| of(body.as_bytes()).unwrap());
        assert_eq!(one, same);
        assert_ne!(one, other);
        let text = one.to_str().unwrap();
        assert!(text.len() == 45 && text.starts_with('"') && text.ends_with('"'));
    }
}
