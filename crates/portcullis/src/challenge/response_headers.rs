//! Header fields that a decision adds to the answer.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ConfigError;

/// Header fields for the answer to a request that was decided about, whether it
/// passed or not. There are usually none, which costs nothing.
///
/// A field stands beside those of the same name that are there already, as lists
/// do (RFC 9110 section 5.3): neither a handler's cookies nor its `Vary` are
/// lost, and of directives of `Cache-Control` that contradict each other the
/// most restrictive one holds (RFC 9111 section 4.2.1). The very same field is
/// not written twice.
#[derive(Clone, Debug, Default)]
pub struct ResponseHeaders(Option<Arc<Vec<(HeaderName, HeaderValue)>>>);

impl ResponseHeaders {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Names in lower case, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fields = self.0.iter().flat_map(|fields| fields.iter());
        fields.map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// Adds them to the header fields of an answer of `http` 1.x.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        let Some(fields) = &self.0 else { return };
        for (name, value) in fields.iter() {
            if !headers.get_all(name).iter().any(|own| own == value) {
                // Fails where there are too many fields already.
                let _ = headers.try_append(name, value.clone());
            }
        }
    }

    /// All but those of this name.
    pub(super) fn without(&self, name: &HeaderName) -> Self {
        let kept = self.0.iter().flat_map(|fields| fields.iter());
        let kept: Vec<_> = kept.filter(|(own, _)| own != name).cloned().collect();
        Self((!kept.is_empty()).then(|| Arc::new(kept)))
    }

    /// Adds a field.
    pub(crate) fn push(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let field = name
            .parse::<HeaderName>()
            .ok()
            .zip(HeaderValue::from_str(value).ok());
        let Some(field) = field else {
            return Err(ConfigError::new(
                "a response header needs the name of a header, and a value in ASCII without \
                 control characters",
            ));
        };
        if FRAMING.contains(&field.0.as_str()) {
            return Err(ConfigError::new(
                "a response header that frames the message is the server's own to write",
            ));
        }
        if CONTENT.contains(&field.0.as_str()) {
            return Err(ConfigError::new(
                "a response header that describes the body belongs to whoever writes the body",
            ));
        }
        let fields = Arc::make_mut(self.0.get_or_insert_default());
        if !fields.contains(&field) {
            fields.push(field);
        }
        Ok(())
    }
}

/// RFC 9110 sections 7.6.1, 7.8 and 8.6, RFC 9112 section 6.1, RFC 9113 section
/// 8.2.2.
const FRAMING: [&str; 7] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// RFC 9110 sections 8.3, 8.4, 8.7 and 14.4: of one body, which is a handler's or
/// a refusal's. A second field beside theirs would contradict it.
const CONTENT: [&str; 4] = [
    "content-encoding",
    "content-location",
    "content-range",
    "content-type",
];

#[cfg(test)]
mod tests {
    use http::header::CACHE_CONTROL;

    use super::*;

    #[test]
    fn fields_stand_beside_others_and_are_written_once() {
        let mut fields = ResponseHeaders::default();
        for _ in 0..2 {
            fields.push("Cache-Control", "private").unwrap();
        }
        fields.push("set-cookie", "a=; Max-Age=0").unwrap();
        assert_eq!(fields.iter().count(), 2);
        let mut headers = HeaderMap::new();
        headers.insert("cache-control", HeaderValue::from_static("max-age=60"));
        headers.insert("set-cookie", HeaderValue::from_static("b=1"));
        for _ in 0..2 {
            fields.add_to(&mut headers);
            let all = |name: &str| headers.get_all(name).iter().collect::<Vec<_>>();
            assert_eq!(all("cache-control"), ["max-age=60", "private"]);
            assert_eq!(all("set-cookie"), ["b=1", "a=; Max-Age=0"]);
        }
    }

    #[test]
    fn fields_of_one_name_can_be_left_out() {
        let mut fields = ResponseHeaders::default();
        assert!(fields.without(&CACHE_CONTROL).is_empty());
        fields.push("Cache-Control", "private").unwrap();
        assert!(fields.without(&CACHE_CONTROL).is_empty());
        fields.push("x-a", "b").unwrap();
        let kept = fields.without(&CACHE_CONTROL);
        assert!(kept.iter().eq([("x-a", &b"b"[..])]));
        assert_eq!(fields.iter().count(), 2);
    }

    #[test]
    fn what_would_break_a_message_is_refused() {
        let mut fields = ResponseHeaders::default();
        for (name, value) in [
            ("cache control", "private"),
            ("", "private"),
            ("cache-control", "private\r\nx: y"),
            ("Content-Length", "0"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "timeout=5"),
            ("content-type", "text/plain"),
        ] {
            assert!(fields.push(name, value).is_err(), "{name}");
        }
        assert!(fields.is_empty());
        assert_eq!(fields.iter().count(), 0);
    }
}
