//! Origins as browsers write them.

use crate::ConfigError;

/// An origin as it stands in the header `Origin` (RFC 6454 section 6.2): scheme,
/// host and, unless it is the scheme's own, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let problem = |what: &str| {
            Err(ConfigError::new(format!(
                "an origin is written like `https://app.example` or `http://localhost:8080`: {what}"
            )))
        };
        let text = text.to_ascii_lowercase();
        let Some((scheme, authority)) = text.split_once("://") else {
            return problem("this one has no scheme");
        };
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme {
            return problem("this one has no scheme");
        }
        if authority.ends_with('/') {
            return problem("without a slash at the end");
        }
        // An address of IPv6 stands in brackets.
        let (host, port) = match authority.rfind(':') {
            Some(at) if !authority[at..].contains(']') => {
                (&authority[..at], Some(&authority[at + 1..]))
            }
            _ => (authority, None),
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return problem(
                "a host has ASCII letters, digits, dots and hyphens, and there is no wildcard",
            );
        }
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return problem("an IPv6 address stands in brackets");
        }
        match port.map(str::parse::<u16>) {
            None => {}
            Some(Ok(number)) => {
                // `+80` and `080` parse, too.
                if port != Some(number.to_string().as_str()) {
                    return problem("the port is no number");
                }
                if matches!((scheme, number), ("https", 443) | ("http", 80)) {
                    return problem("browsers leave the scheme's own port out");
                }
            }
            Some(Err(_)) => return problem("the port is no number"),
        }
        Ok(Self(text))
    }

    pub(super) fn is(&self, sent: &[u8]) -> bool {
        self.0.as_bytes() == sent
    }
}
