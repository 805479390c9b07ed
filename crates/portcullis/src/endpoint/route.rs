//! Routes as data: which action, from what input, to what output.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{HeaderName, Method};
use serde_json::Value;

use super::{dialect::Dialect, input::Encoding};
use crate::session::Sessions;

/// A path, or the name of a field or member.
pub(super) type Name = Cow<'static, str>;

/// What is at a path.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: Name,
    pub(super) methods: Methods,
    pub(super) dialect: Dialect,
    /// The longest `Retry-After` of a 503: a client that comes back then still
    /// comes within the grace window.
    pub(super) retry_after: Duration,
    pub(super) action: Action,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Methods {
    Post,
    GetAndPost,
    Get,
}

impl Methods {
    pub(super) fn contains(self, method: &Method) -> bool {
        match self {
            Self::Post => method == Method::POST,
            // Not HEAD: it is safe (RFC 9110 section 9.2.1), and a GET that
            // issues a token is there for clients that know no better.
            Self::GetAndPost => method == Method::GET || method == Method::POST,
            Self::Get => method == Method::GET || method == Method::HEAD,
        }
    }

    /// The value of `Allow`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::GetAndPost => "GET, POST",
            Self::Get => "GET, HEAD",
        }
    }
}

/// What a route does.
#[derive(Debug)]
pub(super) enum Action {
    Login(LoginRoute),
    Refresh(RefreshRoute),
    ApplicationToken(ApplicationTokenRoute),
    Logout,
    LogoutAll,
    Sessions,
    KeySet(Bytes),
}

impl Action {
    /// How the body carries its fields, where one is needed.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        match self {
            Self::Login(route) => Some(route.encoding),
            Self::Refresh(route) => {
                matches!(route.source, TokenSource::Form).then_some(Encoding::Form)
            }
            _ => None,
        }
    }

    /// Whether somebody may guess at it: passwords, keys, clients' secrets.
    pub(super) fn takes_secrets(&self) -> bool {
        match self {
            Self::Login(_) => true,
            Self::Refresh(route) => route.with_clients,
            _ => false,
        }
    }
}

/// A name and a secret for tokens.
#[derive(Debug)]
pub(super) struct LoginRoute {
    pub(super) sessions: Sessions,
    pub(super) encoding: Encoding,
    pub(super) name: Name,
    pub(super) secret: Name,
    /// The `grant_type` that must be sent, where the route is an OAuth token
    /// endpoint; scopes and clients are known then.
    pub(super) grant_type: Option<&'static str>,
    pub(super) output: TokenOutput,
}

/// A refresh token for an access token.
#[derive(Debug)]
pub(super) struct RefreshRoute {
    pub(super) sessions: Sessions,
    pub(super) source: TokenSource,
    /// Whether sessions belong to OAuth clients.
    pub(super) with_clients: bool,
    pub(super) output: TokenOutput,
}

/// Where a refresh token is looked for.
#[derive(Debug)]
pub(super) enum TokenSource {
    Bearer,
    Header(HeaderName),
    /// The form of RFC 6749 section 6.
    Form,
}

/// A refresh token for a token that never expires.
#[derive(Debug)]
pub(super) struct ApplicationTokenRoute {
    pub(super) sessions: Sessions,
    pub(super) member: Name,
}

/// The names of an answer that carries tokens.
#[derive(Clone, Debug)]
pub(super) struct TokenOutput {
    /// The one member that holds all others, where there is one.
    pub(super) envelope: Option<Name>,
    pub(super) constants: Vec<(Name, Value)>,
    pub(super) access: Name,
    pub(super) refresh: Option<Name>,
    pub(super) expires_in: Option<Name>,
    pub(super) scope: Option<Name>,
}
