//! URLs that others are told.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use http::uri::Authority;

use crate::ConfigError;

/// An absolute URL without user, query and fragment: what issuers and resources
/// are named by (RFC 8414 section 2, RFC 9728 section 1.2). With `https`, but on
/// this machine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    text: Arc<str>,
    /// Where the path begins.
    path: usize,
}

impl PublicUrl {
    /// Reads `text`, which an error calls `what`.
    pub(crate) fn parse(what: &str, text: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| ConfigError::new(format!("{what} `{}` {why}", text.escape_debug()));
        let (is_secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://"))
        {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => {
                return Err(wrong("does not begin with `https://`: give the whole URL"));
            }
        };
        if rest.contains(['?', '#']) {
            return Err(wrong("has a query or a fragment, which must be left out"));
        }
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let Some(host) = host_of(host) else {
            return Err(wrong(
                "has no host such as `login.example.com` or `127.0.0.1:8080`",
            ));
        };
        if !is_secure && !is_loopback(host) {
            return Err(wrong(
                "must begin with `https://`: `http://` is for this machine itself only, such as \
                 `http://127.0.0.1:8080`",
            ));
        }
        if !is_path(path) {
            return Err(wrong(
                "has characters that a URL must escape, or a segment `.` or `..`",
            ));
        }
        Ok(Self {
            path: text.len() - path.len(),
            text: text.into(),
        })
    }

    /// As it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        self.text.get(..self.path).unwrap_or_default()
    }

    /// The path; empty if there is none.
    pub(crate) fn path(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }

    /// The path without a slash at its end.
    pub(crate) fn bare_path(&self) -> &str {
        let path = self.path();
        path.strip_suffix('/').unwrap_or(path)
    }
}

/// The host, if there is one, and what follows it is a port. No user: whoever
/// compares names would not see it.
fn host_of(authority: &str) -> Option<&str> {
    let parsed = Authority::from_str(authority).ok()?;
    let host = authority.get(..parsed.host().len())?;
    let port = authority.get(host.len()..)?;
    let has_good_port = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    (has_good_port && host == parsed.host() && !host.is_empty()).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let address = bare.unwrap_or(host).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// `path-abempty` of RFC 3986 section 3.3 without the segments that clients
/// resolve before they ask.
fn is_path(path: &str) -> bool {
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'%', [one, two, after @ ..])
                if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() =>
            {
                after
            }
            (byte, after)
                if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(byte) =>
            {
                after
            }
            _ => return false,
        };
    }
    path.split('/')
        .all(|segment| segment != "." && segment != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_cut_where_their_paths_begin() {
        for (text, origin, path, bare) in [
            ("https://a.example", "https://a.example", "", ""),
            ("https://a.example/", "https://a.example", "/", ""),
            (
                "https://a.example:8443/realms/main",
                "https://a.example:8443",
                "/realms/main",
                "/realms/main",
            ),
            ("https://a.example/b/", "https://a.example", "/b/", "/b"),
            ("http://localhost/b", "http://localhost", "/b", "/b"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80", "", ""),
            ("http://[::1]:80/%7Eb", "http://[::1]:80", "/%7Eb", "/%7Eb"),
        ] {
            let url = PublicUrl::parse("the issuer", text).unwrap();
            assert_eq!(url.as_str(), text);
            assert_eq!(
                (url.origin(), url.path(), url.bare_path()),
                (origin, path, bare)
            );
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_and_the_error_says_why() {
        for (text, why) in [
            ("", "whole URL"),
            ("login.example.com", "whole URL"),
            ("HTTPS://a.example", "whole URL"),
            ("ftp://a.example", "whole URL"),
            ("https://a.example?b", "query"),
            ("https://a.example/b#c", "fragment"),
            ("https://", "no host"),
            ("https:///b", "no host"),
            ("https://:80", "no host"),
            ("https://a.example:", "no host"),
            ("https://a.example:b", "no host"),
            ("https://a.example:65536", "no host"),
            ("https://user@a.example", "no host"),
            ("https://a:b@a.example", "no host"),
            ("https://a b", "no host"),
            ("https://a.example\r\n", "no host"),
            ("http://a.example", "this machine"),
            ("http://127.0.0.1.example", "this machine"),
            ("http://localhost.example", "this machine"),
            ("https://a.example/b c", "escape"),
            ("https://a.example/\u{e9}", "escape"),
            ("https://a.example/\"", "escape"),
            ("https://a.example/%4", "escape"),
            ("https://a.example/%zz", "escape"),
            ("https://a.example/../b", "segment"),
            ("https://a.example/b/.", "segment"),
        ] {
            let error = PublicUrl::parse("the issuer", text).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("the issuer `"), "{error}");
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
