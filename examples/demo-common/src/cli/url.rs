//! Addresses that may carry a password.

use std::fmt;

use portcullis::secret::SecretString;

/// The URL of a server. Shown without user, password and parameters.
#[derive(Clone)]
pub(crate) struct ServerUrl(SecretString);

impl ServerUrl {
    pub(super) fn new(text: &str) -> Self {
        Self(SecretString::from(text.to_owned()))
    }

    /// The URL as it was given.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The value of a parameter, undecoded.
    pub(crate) fn parameter<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.parameters(name).next()
    }

    fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let query = self.expose().split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(move |(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Each node of the Redis cluster that it names, as the URL of one server: the
    /// first in its usual place, others as parameters `node`, with the same user and
    /// password.
    pub(crate) fn nodes(&self) -> Vec<SecretString> {
        let (_, rest) = self.expose().split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, first) = match authority.rsplit_once('@') {
            Some((user, first)) => (format!("{user}@"), first),
            None => (String::new(), authority),
        };
        [first]
            .into_iter()
            .chain(self.parameters("node"))
            .map(|node| SecretString::from(format!("redis://{user}{node}/")))
            .collect()
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.expose().split_once("://").unwrap_or_default();
        // The last `@`, for those who write a password with `/` or `@` in it.
        let place = rest.rsplit('@').next().unwrap_or_default();
        let place = place.split(['?', '#']).next().unwrap_or_default();
        write!(f, "{scheme}://{place}")
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ServerUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for ServerUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_secret() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("postgres://bob:hunter2@db:5432/x", "postgres://db:5432/x"),
            ("postgres://bob:hunt/er@2@db/x", "postgres://db/x"),
            ("postgres://bob:hunt?er2@db/x", "postgres://db/x"),
            ("postgres://db/x?password=hunter2", "postgres://db/x"),
            ("redis://:hunter2@[::1]/#insecure", "redis://[::1]/"),
        ] {
            let url = ServerUrl::new(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn nodes_of_a_cluster_share_a_password() {
        for (url, nodes) in [
            ("redis-cluster://a:1", vec!["redis://a:1/"]),
            (
                "redis-cluster://u:p@a:1/?node=b:2&prefix=x&node=c:3",
                vec!["redis://u:p@a:1/", "redis://u:p@b:2/", "redis://u:p@c:3/"],
            ),
        ] {
            let found = ServerUrl::new(url).nodes();
            let found: Vec<_> = found.iter().map(SecretString::expose).collect();
            assert_eq!(found, nodes);
        }
    }

    #[test]
    fn parameters_are_found() {
        let url = ServerUrl::new("redis://h/0?protocol=resp3&prefix=demo-2");
        assert_eq!(url.parameter("prefix"), Some("demo-2"));
        assert_eq!(url.parameter("pre"), None);
        assert_eq!(ServerUrl::new("redis://h/0").parameter("prefix"), None);
    }
}
