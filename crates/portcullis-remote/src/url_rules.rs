//! Which URLs are fetched.

use url::{Host, Url};

use crate::{FetchError, FetchErrorKind};

/// https for everybody; http for loopback hosts, if allowed by name.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UrlRules {
    allows_loopback_http: bool,
}

impl UrlRules {
    /// The same rules, with `http://` to this machine allowed or not.
    pub(crate) fn loopback_http(self, allow: bool) -> Self {
        Self {
            allows_loopback_http: allow,
        }
    }

    /// The URL in a text, if it may be fetched; `what` names it in errors.
    pub(crate) fn check(self, what: &str, text: &str) -> Result<Url, FetchError> {
        // What the parser would repair is a mistake: a token or document that is
        // compared elsewhere would have another text.
        if text.bytes().any(|byte| byte <= b' ' || byte == b'\\') {
            return Err(not_allowed(
                what,
                &quoted(text),
                "has white space or `\\` in it",
            ));
        }
        let url = Url::parse(text).map_err(|_| {
            not_allowed(
                what,
                &quoted(text),
                "is not an absolute URL, as `https://login.example.com`",
            )
        })?;
        let refuse = |reason| Err(not_allowed(what, &shown(&url), reason));
        if !url.username().is_empty() || url.password().is_some() || has_at_sign(text) {
            return refuse("has user information (`user:password@`), which is not sent: remove it");
        }
        if url.fragment().is_some() {
            return refuse("has a fragment (`#...`), which is not sent: remove it");
        }
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => Ok(url),
            ("http", Some(host)) if is_loopback(&host) && self.allows_loopback_http => Ok(url),
            ("http", Some(host)) if is_loopback(&host) => refuse(
                "is not https: for tests, allow http to this machine with `allow_loopback_http`",
            ),
            _ => refuse("is not https"),
        }
    }

    /// As [`check`](Self::check), for an issuer identifier, which has no query
    /// (RFC 8414 section 2).
    pub(crate) fn check_issuer(self, text: &str) -> Result<Url, FetchError> {
        let url = self.check("the issuer", text)?;
        if url.query().is_some() {
            return Err(not_allowed(
                "the issuer",
                &shown(&url),
                "has a query (`?...`), which no issuer has (RFC 8414 section 2): if it is the \
                 metadata's URL, give it as that",
            ));
        }
        Ok(url)
    }
}

/// An empty user name leaves no trace in the parsed URL.
fn has_at_sign(text: &str) -> bool {
    let authority = text.split_once("//").map_or(text, |(_, rest)| rest);
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    authority.get(..end).is_some_and(|host| host.contains('@'))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// A URL as errors and logs show it: neither user information nor query, in which
/// secrets may be.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let has_query = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    // These fail for URLs without a host, which have no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    match has_query {
        true => format!("{url}?..."),
        false => url.into(),
    }
}

/// What is not a URL, as far as it is harmless.
fn quoted(text: &str) -> String {
    if text.contains('@') {
        return "what is given".to_owned();
    }
    let text = text.split(['?', '#']).next().unwrap_or_default();
    format!("{:?}", text.chars().take(200).collect::<String>())
}

fn not_allowed(what: &str, url: &str, reason: &str) -> FetchError {
    FetchError::new(
        FetchErrorKind::UrlNotAllowed,
        format!("{what} is not fetched: {url} {reason}"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STRICT: UrlRules = UrlRules {
        allows_loopback_http: false,
    };
    const LOOPBACK: UrlRules = UrlRules {
        allows_loopback_http: true,
    };

    fn error(rules: UrlRules, text: &str) -> Option<String> {
        rules.check("`jwks_uri`", text).err().map(|error| {
            assert_eq!(error.kind(), FetchErrorKind::UrlNotAllowed, "{text}");
            error.to_string()
        })
    }

    #[test]
    fn https_is_fetched() {
        for text in [
            "https://login.example.com",
            "https://login.example.com:8443/realms/main?p=b2c_1",
            "https://[::1]/x",
            "https://10.0.0.1:6443/openid/v1/jwks",
            "HTTPS://LOGIN.example.com/",
        ] {
            assert_eq!(error(STRICT, text), None);
        }
    }

    #[test]
    fn http_is_for_loopback_and_only_where_allowed() {
        for text in [
            "http://localhost:8080/x",
            "http://127.0.0.1/x",
            "http://127.9.9.9:1/x",
            "http://[::1]:1/x",
            // The parser reads these as 127.0.0.1.
            "http://0x7f.1/x",
            "http://2130706433/x",
        ] {
            assert_eq!(error(LOOPBACK, text), None, "{text}");
            let message = error(STRICT, text).unwrap();
            assert!(message.contains("allow_loopback_http"), "{message}");
        }
        for text in [
            "http://login.example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://169.254.169.254/latest",
            "http://[::]/",
            "file:///etc/passwd",
            "ftp://localhost/x",
            "data:application/json,{}",
        ] {
            for rules in [STRICT, LOOPBACK] {
                let message = error(rules, text).unwrap();
                assert!(message.ends_with("is not https"), "{message}");
            }
        }
    }

    #[test]
    fn what_no_url_of_an_issuer_has_is_refused() {
        for text in [
            "",
            "login.example.com",
            "/relative",
            "https://",
            "https://a b/",
            " https://login.example.com",
            "https://login.example.com\n",
            "https:\\\\login.example.com",
            "https://login.example.com/x#",
            "https://login.example.com/x#y",
            "https://user@login.example.com/",
            "https://@login.example.com/",
            "https://:@login.example.com/",
            "https://login.example.com@evil.example/",
            "http://localhost@evil.example/",
        ] {
            assert!(error(LOOPBACK, text).is_some(), "{text}");
        }
        // An `@` behind the host is no user information.
        assert_eq!(error(STRICT, "https://login.example.com/a@b?c@d"), None);
    }

    #[test]
    fn errors_name_the_url_and_hide_what_may_be_secret() {
        let message = error(STRICT, "http://login.example.com/keys?code=hidden").unwrap();
        assert_eq!(
            message,
            "`jwks_uri` is not fetched: http://login.example.com/keys?... is not https"
        );
        for text in [
            "https://user:hidden@login.example.com/",
            "https://user:hidden@a b",
            "nonsense?hidden",
            "nonsense #hidden",
            "https://login.example.com/x#hidden",
        ] {
            let message = error(STRICT, text).unwrap();
            assert!(!message.contains("hidden"), "{message}");
        }
    }

    #[test]
    fn an_issuer_has_no_query() {
        assert!(STRICT.check_issuer("https://login.example.com/a").is_ok());
        for text in [
            "https://login.example.com/a?b=c",
            "https://login.example.com?",
        ] {
            let error = STRICT.check_issuer(text).unwrap_err();
            assert!(error.to_string().contains("has a query"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_https_passes(text in "(https?|ftp)?:?/{0,3}[a-z0-9.@:\\[\\]#?%/ ]{0,30}") {
            if let Ok(url) = STRICT.check("it", &text) {
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert!(url.host().is_some() && url.fragment().is_none());
            }
        }
    }
}
