//! The `Cache-Control` field (RFC 9111 section 5.2).

use std::time::Duration;

use http::{HeaderMap, header::CACHE_CONTROL};

/// What matters here of all the directives of an answer.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CacheControl {
    /// `no-cache` or `no-store`.
    pub(super) forbids: bool,
    /// `max-age`, of several the least.
    pub(super) max_age: Option<Duration>,
}

impl CacheControl {
    /// All lines of the field, which are one list.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for line in headers.get_all(CACHE_CONTROL) {
            let mut rest = line.as_bytes();
            while let Some(directive) = Directive::next(&mut rest) {
                found.add(&directive);
            }
        }
        found
    }

    fn add(&mut self, directive: &Directive<'_>) {
        let is = |name: &[u8]| directive.name.eq_ignore_ascii_case(name);
        // With an argument, `no-cache` is about those header fields only.
        if is(b"no-store") || (is(b"no-cache") && directive.value.is_none()) {
            self.forbids = true;
        }
        if is(b"max-age") {
            // What cannot be read is as if it had not been said. Of two the more
            // restrictive counts (section 4.2.1).
            let said = directive
                .value
                .as_deref()
                .and_then(|value| delta_seconds(std::str::from_utf8(value).ok()?));
            self.max_age = match (self.max_age, said) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
    }
}

/// One directive: a name, and perhaps a value as a token or quoted.
struct Directive<'a> {
    name: &'a [u8],
    value: Option<Vec<u8>>,
}

impl<'a> Directive<'a> {
    fn next(rest: &mut &'a [u8]) -> Option<Self> {
        let start = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b','))?;
        *rest = rest.get(start..)?;
        let name = take_until(rest, b"=,").trim_ascii();
        let value = match rest.split_first() {
            Some((b'=', after)) => {
                *rest = after.trim_ascii_start();
                Some(take_value(rest))
            }
            _ => None,
        };
        // Whatever stands behind the value until the next comma is no part of it.
        take_until(rest, b",");
        Some(Self { name, value })
    }
}

fn take_value(rest: &mut &[u8]) -> Vec<u8> {
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        return take_until(rest, b",").trim_ascii().to_vec();
    };
    let mut value = Vec::new();
    let mut bytes = quoted;
    while let Some((byte, after)) = bytes.split_first() {
        bytes = after;
        match byte {
            b'"' => break,
            b'\\' => {
                if let Some((escaped, after)) = bytes.split_first() {
                    value.push(*escaped);
                    bytes = after;
                }
            }
            byte => value.push(*byte),
        }
    }
    *rest = bytes;
    value
}

fn take_until<'a>(rest: &mut &'a [u8], ends: &[u8]) -> &'a [u8] {
    let end = rest
        .iter()
        .position(|byte| ends.contains(byte))
        .unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

/// A number of seconds; what is too large for any clock is very long (RFC 9111
/// section 1.2.2).
pub(super) fn delta_seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse::<u32>().unwrap_or(u32::MAX);
    Some(Duration::from_secs(seconds.into()))
}
