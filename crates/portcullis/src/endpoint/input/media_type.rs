//! `Content-Type` (RFC 9110 section 8.3).

use http::{HeaderMap, header::CONTENT_TYPE};

/// Whether the one `Content-Type` of a request is `wanted`. It may say
/// `charset=utf-8`, which is the case anyhow; a body in another charset, or
/// with a parameter that nobody knows, would be misread.
pub(super) fn is(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let mut parts = value.split(';').map(|part| part.trim_matches([' ', '\t']));
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case(wanted) && parts.all(|part| part.is_empty() || is_utf8(part))
}

fn is_utf8(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let quoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    name.eq_ignore_ascii_case("charset") && quoted.unwrap_or(value).eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (CONTENT_TYPE, HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_type_may_name_its_charset() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json ; Charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert!(is(&headers(&[good]), "application/json"), "{good}");
        }
    }

    #[test]
    fn anything_else_is_another_type() {
        for bad in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json, application/json",
            "application/json; charset=latin1",
            "application/json; boundary=x",
            "application/json; charset",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is(&headers(&[bad]), "application/json"), "{bad}");
        }
        assert!(!is(&headers(&[]), "application/json"));
        assert!(!is(
            &headers(&["application/json", "application/json"]),
            "application/json"
        ));
    }
}
