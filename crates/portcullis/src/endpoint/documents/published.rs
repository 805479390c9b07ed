//! What there is for a discovery document to tell of.

use crate::endpoint::route::{Action, Grant, Route};

/// The endpoints of an issuer, by their own paths.
pub(in crate::endpoint) struct Published<'a> {
    pub(super) key_set: Option<&'a str>,
    pub(super) token_endpoint: Option<TokenEndpoint<'a>>,
}

pub(super) struct TokenEndpoint<'a> {
    pub(super) path: &'a str,
    pub(super) grant_types: Vec<&'static str>,
}

impl<'a> Published<'a> {
    /// Those among `routes` that issue tokens of `issuer`, and the key set's
    /// path.
    pub(in crate::endpoint) fn of(
        issuer: &str,
        routes: &'a [Route],
        key_set: Option<&'a str>,
    ) -> Self {
        // There is one token endpoint (RFC 6749 section 3.2): the other grant,
        // where it has another path, goes without saying.
        let token_endpoint = routes.iter().find_map(|route| match &route.action {
            Action::Token(endpoint)
                if endpoint.sessions.issuer().issuer() == Some(issuer)
                    && endpoint.grants.contains(&Grant::Password) =>
            {
                let grants = endpoint.grants.iter();
                Some(TokenEndpoint {
                    path: &route.path,
                    grant_types: grants.map(|grant| grant.grant_type()).collect(),
                })
            }
            _ => None,
        });
        Self {
            key_set,
            token_endpoint,
        }
    }
}
