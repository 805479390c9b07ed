//! Routes as data: which action, from what input, to what output.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, Method, Response, header::SET_COOKIE, request::Parts};

use super::{
    answer::Constants, dialect::Dialect, documents::Document, input::Encoding, name::Name,
    protected_route::Access, refusal::Refusal, single_sign_on::SingleSignOn,
};
use crate::{
    challenge::RefusalFormat,
    cookies::MountedCookies,
    head::HeadRef,
    metrics,
    session::{Revocations, Sessions},
    verify::LogoutVerifier,
};

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

impl Route {
    /// The answer to a refused request.
    pub(super) fn refuse(&self, format: &RefusalFormat, refusal: Refusal) -> Response<Bytes> {
        let refusal = match refusal {
            Refusal::Unavailable(after) => Refusal::Unavailable(after.min(self.retry_after)),
            other => other,
        };
        metrics::ENDPOINT_REQUESTS.count([
            self.action.name(),
            refusal.kind().outcome(),
            refusal.as_str(),
        ]);
        tracing::debug!(
            http.route = %self.path,
            "error.type" = refusal.as_str(),
            "request refused"
        );
        let mut response = self.dialect.refuse(format, &refusal);
        if let Action::Cookies(route) = &self.action
            && route.step.is_over(&refusal)
        {
            for value in route.cookies.clear() {
                response.headers_mut().append(SET_COOKIE, value);
            }
        }
        response
    }
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
    Token(TokenRoute),
    ApplicationToken(ApplicationTokenRoute),
    SingleSignOn(SingleSignOnRoute),
    BackchannelLogout(BackchannelLogoutRoute),
    Logout,
    LogoutAll(Access),
    Sessions(Access),
    EndSession(Access),
    Cookies(CookieRoute),
    Document(Document),
}

impl Action {
    /// A stable name, for counters.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::Refresh(_) => "refresh",
            Self::Token(_) => "token",
            Self::ApplicationToken(_) => "application_token",
            Self::SingleSignOn(_) => "single_sign_on",
            Self::BackchannelLogout(_) => "backchannel_logout",
            Self::Logout => "logout",
            Self::LogoutAll(_) => "logout_all",
            Self::Sessions(_) => "sessions",
            Self::EndSession(_) => "end_session",
            Self::Cookies(route) => match route.step {
                CookieStep::Login { .. } => "cookie_login",
                CookieStep::Refresh => "cookie_refresh",
                CookieStep::Logout => "cookie_logout",
                CookieStep::LogoutAll(_) => "cookie_logout_all",
            },
            Self::Document(_) => "document",
        }
    }

    /// Whether the origin of a request may have what this does: before its body is
    /// read.
    pub(super) fn check_origin(&self, head: &Parts) -> Result<(), Refusal> {
        match self {
            Self::Cookies(route) => {
                let csrf = route.cookies.cookies().csrf();
                Ok(csrf.check_origin(HeadRef::new(head))?)
            }
            _ => Ok(()),
        }
    }

    /// How the body carries its fields, where one is needed.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        match self {
            Self::Login(route) => Some(route.encoding),
            Self::Token(_) | Self::BackchannelLogout(_) => Some(Encoding::Form),
            Self::EndSession(_) => Some(Encoding::Json),
            Self::Cookies(route) => route.step.encoding(),
            _ => None,
        }
    }

    /// Whether somebody may guess at it: passwords, keys, clients' secrets.
    pub(super) fn takes_secrets(&self) -> bool {
        match self {
            Self::Login(_) | Self::Token(_) => true,
            Self::Refresh(route) => route.with_clients,
            Self::Cookies(route) => matches!(route.step, CookieStep::Login { .. }),
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
    pub(super) output: TokenOutput,
}

/// A refresh token in a header for an access token.
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
}

/// An OAuth token endpoint (RFC 6749 section 3.2). Scopes and clients are known
/// there, and `grant_type` says what is asked for.
#[derive(Debug)]
pub(super) struct TokenRoute {
    pub(super) sessions: Sessions,
    pub(super) grants: Vec<Grant>,
    pub(super) output: TokenOutput,
}

/// What a client shows for a token at a token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// RFC 6749 section 4.3.
    Password,
    /// RFC 6749 section 6.
    RefreshToken,
}

impl Grant {
    /// The `grant_type` that asks for it.
    pub(super) const fn grant_type(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The fields of its own, beside those of every request for a token.
    pub(super) const fn fields(self) -> &'static [Name] {
        match self {
            Self::Password => &[Self::USERNAME, Self::PASSWORD],
            Self::RefreshToken => &[Self::REFRESH_TOKEN],
        }
    }

    pub(super) const USERNAME: Name = Name::Borrowed("username");
    pub(super) const PASSWORD: Name = Name::Borrowed("password");
    pub(super) const REFRESH_TOKEN: Name = Name::Borrowed("refresh_token");
}

/// A refresh token for a token that never expires.
#[derive(Debug)]
pub(super) struct ApplicationTokenRoute {
    pub(super) sessions: Sessions,
    pub(super) member: Name,
}

/// Another provider's ID token for tokens.
#[derive(Debug)]
pub(super) struct SingleSignOnRoute {
    pub(super) sessions: Sessions,
    pub(super) single_sign_on: SingleSignOn,
    pub(super) output: TokenOutput,
}

/// Another issuer's log-out token, to end what it names.
#[derive(Debug)]
pub(super) struct BackchannelLogoutRoute {
    pub(super) verifier: LogoutVerifier,
    pub(super) revocations: Revocations,
}

impl BackchannelLogoutRoute {
    pub(super) const LOGOUT_TOKEN: Name = Name::Borrowed("logout_token");
}

/// One of the routes for pages whose tokens lie in cookies.
#[derive(Debug)]
pub(super) struct CookieRoute {
    pub(super) sessions: Sessions,
    pub(super) cookies: Arc<MountedCookies>,
    /// The client that all its sessions belong to.
    pub(super) client: Option<Name>,
    pub(super) step: CookieStep,
}

/// Which of them it is.
#[derive(Debug)]
pub(super) enum CookieStep {
    Login {
        name: Name,
        secret: Name,
    },
    Refresh,
    Logout,
    /// Everywhere.
    LogoutAll(Access),
}

impl CookieStep {
    fn encoding(&self) -> Option<Encoding> {
        match self {
            Self::Login { .. } => Some(Encoding::Json),
            _ => None,
        }
    }

    /// Whether the cookies are of no more use after this refusal. Not those of a
    /// session that may go on, with this token or with another one.
    fn is_over(&self, refusal: &Refusal) -> bool {
        match self {
            Self::Login { .. } => false,
            Self::Refresh => matches!(refusal, Refusal::BadToken),
            // The refresh cookie was not looked at.
            Self::LogoutAll(access) if access.has_policy() => false,
            Self::Logout | Self::LogoutAll(_) => {
                matches!(refusal, Refusal::BadToken | Refusal::NoToken)
            }
        }
    }
}

/// The names of an answer that carries tokens.
#[derive(Clone, Debug)]
pub(super) struct TokenOutput {
    /// The one member that holds all others, where there is one.
    pub(super) envelope: Option<Name>,
    pub(super) constants: Constants,
    pub(super) access: Name,
    pub(super) refresh: Option<Name>,
    pub(super) expires_in: Option<Name>,
    pub(super) scope: Option<Name>,
}
