//! `Content-Type` (RFC 9110 section 8.3).

use http::{HeaderMap, header::CONTENT_TYPE};

use crate::credentials::is_tchar;

/// Whether the one `Content-Type` of a request is `wanted`, whatever its
/// parameters say.
///
/// Neither `application/json` (RFC 8259 section 11) nor
/// `application/x-www-form-urlencoded` has a parameter: `charset=utf8` changes
/// nothing, nor does a `boundary` that a program left behind, and what is not
/// known is to be ignored (RFC 2045 section 5). Both are UTF-8 whatever is said,
/// and what is not is refused where it is read. Parameters must have their
/// grammar, so that a list of two types is none.
pub(super) fn is(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let value = value.as_bytes();
    let end = value.iter().position(|byte| *byte == b';');
    let (essence, parameters) = value.split_at(end.unwrap_or(value.len()));
    essence.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()) && are_parameters(parameters)
}

/// `parameters = *( OWS ";" OWS [ parameter ] )` (RFC 9110 section 5.6.6).
fn are_parameters(mut rest: &[u8]) -> bool {
    loop {
        rest = rest.trim_ascii_start();
        let Some((semicolon, after)) = rest.split_first() else {
            return true;
        };
        if *semicolon != b';' {
            return false;
        }
        rest = after.trim_ascii_start();
        if rest.is_empty() || rest.starts_with(b";") {
            continue;
        }
        match after_parameter(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// `parameter = token "=" ( token / quoted-string )`, and what follows it.
fn after_parameter(text: &[u8]) -> Option<&[u8]> {
    let value = after_token(text)?.strip_prefix(b"=")?;
    match value.strip_prefix(b"\"") {
        Some(quoted) => after_quotes(quoted),
        None => after_token(value),
    }
}

fn after_token(text: &[u8]) -> Option<&[u8]> {
    let length = text.iter().take_while(|byte| is_tchar(**byte)).count();
    text.get(length..).filter(|_| length > 0)
}

/// What follows the end of a quoted string (RFC 9110 section 5.6.4). Control
/// characters are in no header value.
fn after_quotes(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        match text {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', _, rest @ ..] | [_, rest @ ..] => text = rest,
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn is_json(values: &[&[u8]]) -> bool {
        let values = values
            .iter()
            .filter_map(|value| HeaderValue::from_bytes(value).ok());
        let headers = values.map(|value| (CONTENT_TYPE, value)).collect();
        is(&headers, "application/json")
    }

    #[test]
    fn parameters_change_nothing() {
        for good in [
            "application/json",
            "Application/JSON",
            " application/json\t",
            "application/json;charset=utf-8",
            "application/json; charset=utf8",
            "application/json; charset=UTF8",
            "application/json; charset=\"unicode-1-1-utf-8\"",
            "application/json; charset=ISO-8859-1",
            "application/json ; Charset=\"UTF-8\"",
            "application/json;charset=utf-8;charset=utf8",
            "application/json;",
            "application/json; ;",
            "application/json; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "application/json; odata=verbose; version=1",
            "application/json; a=\"x; \\\" , text/plain\"; b=c",
            "application/json; a=\"\"",
        ] {
            assert!(is_json(&[good.as_bytes()]), "{good}");
        }
        assert!(is_json(&[b"application/json; title=\"\xe9\""]));
    }

    #[test]
    fn another_type_or_a_broken_parameter_is_refused() {
        for bad in [
            "",
            ";",
            "text/plain",
            "text/plain; a=application/json",
            "application",
            "application/json/",
            "application/jsonp",
            "application/json+x",
            "application/json, application/json",
            "application/json, text/plain",
            "application/json; a=b, text/plain",
            "application/json charset=utf-8",
            "application/json; charset",
            "application/json; charset=",
            "application/json; charset =utf-8",
            "application/json; charset= utf-8",
            "application/json; =utf-8",
            "application/json; charset=utf-8 x",
            "application/json; charset=\"utf-8",
            "application/json; charset=\"utf-8\\\"",
            "application/json; charset=\"utf-8\"x",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(&[bad.as_bytes()]), "{bad}");
        }
        assert!(!is_json(&[]));
        assert!(!is_json(&[b"application/json", b"application/json"]));
    }

    proptest! {
        #[test]
        fn nothing_panics(value: Vec<u8>) {
            let _ = is_json(&[&value]);
            let _ = are_parameters(&value);
        }
    }
}
