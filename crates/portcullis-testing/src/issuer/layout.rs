//! Where an issuer keeps what.

/// In which of the usual places the metadata document is. The others answer
/// 404.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discovery {
    /// The issuer, and `/.well-known/openid-configuration` behind it (OpenID
    /// Connect Discovery 1.0 section 4).
    #[default]
    OpenId,
    /// `/.well-known/oauth-authorization-server` between host and path of the
    /// issuer (RFC 8414 section 3).
    OAuth,
    /// `/.well-known/openid-configuration` between host and path of the issuer
    /// (RFC 8414 section 5).
    OpenIdInserted,
    /// At a path of its own, such as `/v2.0/metadata`.
    At(String),
    /// Nowhere: there are only keys.
    Nowhere,
}

/// One of an issuer's resources.
///
/// A text that begins with a slash is any path of it: `"/certs".into()`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// The metadata document, in the place where it is served.
    Metadata,
    /// The key set.
    Keys,
    /// Token introspection (RFC 7662).
    Introspection,
    /// Where clients get tokens (RFC 6749 section 3.2).
    Token,
    /// Any path, without the query.
    Path(String),
}

impl From<&str> for Endpoint {
    fn from(path: &str) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<String> for Endpoint {
    fn from(path: String) -> Self {
        Self::Path(path)
    }
}

/// Origin and paths of one issuer.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Scheme, host and port.
    pub(super) origin: String,
    /// The path of the issuer, as in its name: `""`, `"/"`, `"/realms/main"`.
    pub(super) path: String,
    /// Its name, if that is not its URL.
    pub(super) name: Option<String>,
    pub(super) discovery: Discovery,
    pub(super) keys_path: Option<String>,
}

impl Layout {
    /// The issuer as a URL.
    pub(super) fn url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// What `iss` and `issuer` say.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.url())
    }

    /// The path of an endpoint; `None` if it has none.
    pub(super) fn path_of(&self, endpoint: &Endpoint) -> Option<String> {
        let base = self.path.trim_end_matches('/');
        match endpoint {
            Endpoint::Metadata => match &self.discovery {
                Discovery::OpenId => Some(format!("{base}/.well-known/openid-configuration")),
                Discovery::OAuth => Some(format!("/.well-known/oauth-authorization-server{base}")),
                Discovery::OpenIdInserted => {
                    Some(format!("/.well-known/openid-configuration{base}"))
                }
                Discovery::At(path) => Some(path.clone()),
                Discovery::Nowhere => None,
            },
            Endpoint::Keys => {
                let own = || format!("{base}/keys");
                Some(self.keys_path.clone().unwrap_or_else(own))
            }
            Endpoint::Introspection => Some(format!("{base}/introspect")),
            Endpoint::Token => Some(format!("{base}/token")),
            Endpoint::Path(path) => Some(path.clone()),
        }
    }

    /// The URL of an endpoint.
    pub(super) fn url_of(&self, endpoint: &Endpoint) -> Option<String> {
        let path = self.path_of(endpoint)?;
        Some(format!("{}{path}", self.origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_the_specifications() {
        let layout = |path: &str, discovery| Layout {
            origin: "http://h".to_owned(),
            path: path.to_owned(),
            name: None,
            discovery,
            keys_path: None,
        };
        let metadata = |path, discovery| layout(path, discovery).path_of(&Endpoint::Metadata);
        // OpenID Connect Discovery 1.0 section 4.1, RFC 8414 sections 3.1 and 5.
        for (path, discovery, expected) in [
            ("", Discovery::OpenId, "/.well-known/openid-configuration"),
            ("/", Discovery::OpenId, "/.well-known/openid-configuration"),
            (
                "/a/b",
                Discovery::OpenId,
                "/a/b/.well-known/openid-configuration",
            ),
            (
                "/a/",
                Discovery::OpenId,
                "/a/.well-known/openid-configuration",
            ),
            (
                "",
                Discovery::OAuth,
                "/.well-known/oauth-authorization-server",
            ),
            (
                "/a/",
                Discovery::OAuth,
                "/.well-known/oauth-authorization-server/a",
            ),
            (
                "/a",
                Discovery::OpenIdInserted,
                "/.well-known/openid-configuration/a",
            ),
            ("/a", Discovery::At("/m".to_owned()), "/m"),
        ] {
            assert_eq!(metadata(path, discovery).as_deref(), Some(expected));
        }
        assert_eq!(metadata("/a", Discovery::Nowhere), None);
        let keys = layout("/a/", Discovery::OAuth).url_of(&Endpoint::Keys);
        assert_eq!(keys.as_deref(), Some("http://h/a/keys"));
    }
}
