//! What providers' names and addresses are made of.

use http::Uri;

use crate::{ConfigError, verify::shown::Shown};

/// The address of a provider, without a slash at its end: `login.example.com`,
/// `https://login.example.com/auth/`.
pub(super) fn base_url(text: &str) -> Result<String, ConfigError> {
    let url = match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let url = url.trim_end_matches('/').to_owned();
    let wrong = |what| {
        ConfigError::new(format!(
            "{} is no address of a provider: {what}",
            Shown(text)
        ))
    };
    let parsed: Uri = url
        .parse()
        .map_err(|_| wrong("write it as `https://host`"))?;
    if !matches!(parsed.scheme_str(), Some("https" | "http"))
        || parsed.host().is_none_or(str::is_empty)
    {
        return Err(wrong("write it as `https://host`"));
    }
    let authority = parsed
        .authority()
        .map_or("", |authority| authority.as_str());
    if authority.contains('@') || parsed.query().is_some() || url.contains('#') || !url.is_ascii() {
        return Err(wrong(
            "it has more than a host and a path, or other letters than a URL may have",
        ));
    }
    Ok(url)
}

/// Scheme, host and port of an address.
pub(super) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..).and_then(|rest| rest.find('/'));
    end.and_then(|end| url.get(..host + end)).unwrap_or(url)
}

/// One segment of a path, as it stands in the URL.
pub(super) fn segment<'s>(what: &str, text: &'s str) -> Result<&'s str, ConfigError> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    if text.is_empty() || text == "." || text == ".." || !text.bytes().all(is_fine) {
        return Err(ConfigError::new(format!(
            "{} is no name of {what}: write it as it stands in the issuer's URL",
            Shown(text)
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_or_urls() {
        for (text, url) in [
            ("dev.eu.auth0.com", "https://dev.eu.auth0.com"),
            ("https://dev.eu.auth0.com/", "https://dev.eu.auth0.com"),
            ("https://a.example/auth", "https://a.example/auth"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("localhost:8080", "https://localhost:8080"),
        ] {
            assert_eq!(base_url(text).unwrap(), url);
        }
        for bad in [
            "",
            "/",
            "https://",
            "ftp://a.example",
            "a b",
            "https://user@a.example",
            "https://a.example?x",
            "https://a.example/#x",
            "a.example/é",
            "//a.example",
        ] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_ends_before_the_path() {
        for (url, expected) in [
            ("https://a.example/b/c", "https://a.example"),
            ("http://127.0.0.1:80/", "http://127.0.0.1:80"),
            ("https://a.example", "https://a.example"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    #[test]
    fn a_segment_stays_one() {
        for good in ["main", "My%20Realm", "eu-west-1_aB3", "a.b~c"] {
            assert_eq!(segment("a realm", good).unwrap(), good);
        }
        for bad in ["", ".", "..", "a/b", "a b", "a?b", "a#b", "é", "{tenantid}"] {
            assert!(segment("a realm", bad).is_err(), "{bad}");
        }
    }
}
