//! The rules.

use std::sync::Arc;

use base64_simd::URL_SAFE_NO_PAD;

use super::{CSRF_TOKEN, CsrfError, CsrfErrorKind, CsrfKey, origin::Origin};
use crate::{ConfigError, crypto::is_equal, head::HeadRef, verify::Verified};

/// Who may send requests that a cookie authenticates; cheap to clone. The rules
/// are in the [module's documentation](super).
///
/// ```
/// use portcullis::csrf::{CsrfKey, CsrfProtection};
///
/// # fn example(secret: &[u8]) -> Result<(), portcullis::ConfigError> {
/// let csrf = CsrfProtection::new(CsrfKey::new(secret)?)
///     // A single-page application that is served from elsewhere.
///     .allow_origin("https://app.example")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CsrfProtection {
    key: CsrfKey,
    origins: Arc<Vec<Origin>>,
}

/// What a request shows, until it is known whose session it is for. Not to be shown:
/// it may be the token of a session.
pub(crate) enum Presented {
    /// Nothing has to be shown.
    NothingNeeded,
    /// The value of the header.
    Token(Vec<u8>),
}

impl CsrfProtection {
    /// Lets pages of the service's own origin in, and no others.
    pub fn new(key: CsrfKey) -> Self {
        Self {
            key,
            origins: Arc::default(),
        }
    }

    /// Lets pages of this origin in, too; several add up. The service's own one
    /// needs to be named for WebSocket, and where browsers do not say
    /// `Sec-Fetch-Site`: on plain http but for loopback, and if they are older than
    /// 2023.
    ///
    /// # Errors
    ///
    /// If `origin` is not written as browsers write it: `https://app.example`, with
    /// a port where it is not the scheme's own, without a path or a slash.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, ConfigError> {
        let origin = Origin::parse(origin)?;
        let origins = Arc::make_mut(&mut self.origins);
        if !origins.contains(&origin) {
            origins.push(origin);
        }
        Ok(self)
    }

    /// The CSRF token of an access token's session: what the header `X-CSRF-Token`
    /// must say, which a page gets from whoever set the cookie. It stays the same
    /// for as long as the session does. Of a token that names no session (`sid`), it
    /// is that of this one token (`jti`); `None` if it has neither.
    ///
    /// [`CookieApi`](crate::endpoint::CookieApi) hands it out by itself.
    pub fn token(&self, token: &Verified) -> Option<String> {
        match (token.session_id(), token.token_id()) {
            (Some(session), _) => Some(self.session_token(session)),
            (None, Some(id)) => Some(self.write(b"token\0", id)),
            (None, None) => None,
        }
    }

    /// The CSRF token of this session.
    pub(crate) fn session_token(&self, session: &str) -> String {
        self.write(b"session\0", session)
    }

    fn write(&self, what: &[u8], name: &str) -> String {
        let parts = [&b"portcullis csrf\0"[..], what, name.as_bytes()];
        URL_SAFE_NO_PAD.encode_to_string(self.key.sign(&parts))
    }

    /// Whether a request comes from where requests may come from, whatever its
    /// method: for routes that set cookies.
    pub(crate) fn check_origin(&self, head: HeadRef<'_>) -> Result<(), CsrfError> {
        let site = only(head.values("sec-fetch-site"));
        if site == One(b"same-origin") {
            return Ok(());
        }
        self.check_listed(head).map_err(|error| match site {
            // It tells where from: not from here.
            One(_) | Several => CsrfError::new(CsrfErrorKind::ForeignOrigin),
            Nothing => error,
        })
    }

    /// By `Origin` alone.
    fn check_listed(&self, head: HeadRef<'_>) -> Result<(), CsrfError> {
        let kind = match only(head.values("origin")) {
            One(origin) if self.origins.iter().any(|own| own.is(origin)) => return Ok(()),
            One(_) | Several => CsrfErrorKind::ForeignOrigin,
            Nothing => CsrfErrorKind::UnknownOrigin,
        };
        Err(CsrfError::new(kind))
    }

    /// All that can be said before the session is known.
    pub(crate) fn look(&self, head: HeadRef<'_>) -> Result<Presented, CsrfError> {
        let method = head.method();
        // The second is WebSocket over HTTP/2 and HTTP/3 (RFC 8441 section 4).
        if (method == "GET" && is_upgrade(head)) || method == "CONNECT" {
            self.check_listed(head)?;
            return Ok(Presented::NothingNeeded);
        }
        if matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") {
            return Ok(Presented::NothingNeeded);
        }
        self.check_origin(head)?;
        match only(head.values(CSRF_TOKEN)) {
            One(token) if !token.trim_ascii().is_empty() => {
                Ok(Presented::Token(token.trim_ascii().to_owned()))
            }
            _ => Err(CsrfError::new(CsrfErrorKind::MissingToken)),
        }
    }

    /// Whether what was shown goes with an access token.
    pub(crate) fn check(&self, shown: &Presented, token: &Verified) -> Result<(), CsrfError> {
        compare(shown, || self.token(token))
    }

    /// Whether what was shown goes with a session.
    pub(crate) fn check_session(&self, shown: &Presented, session: &str) -> Result<(), CsrfError> {
        compare(shown, || Some(self.session_token(session)))
    }
}

fn compare(shown: &Presented, expected: impl FnOnce() -> Option<String>) -> Result<(), CsrfError> {
    let Presented::Token(token) = shown else {
        return Ok(());
    };
    let kind = match expected() {
        None => CsrfErrorKind::NoSession,
        Some(own) if is_equal(own.as_bytes(), token) => return Ok(()),
        Some(_) => CsrfErrorKind::WrongToken,
    };
    Err(CsrfError::new(kind))
}

/// Whether the request asks for WebSocket over HTTP/1.1 (RFC 6455 section 4.1).
fn is_upgrade(head: HeadRef<'_>) -> bool {
    let fields = head.values("upgrade").into_iter();
    let mut protocols = fields.flat_map(|value| value.split(|byte| *byte == b','));
    protocols.any(|name| {
        let name = name.split(|byte| *byte == b'/').next();
        name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    })
}

/// How often a field occurs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occurs<'h> {
    Nothing,
    One(&'h [u8]),
    Several,
}

use Occurs::{Nothing, One, Several};

fn only(values: Vec<&[u8]>) -> Occurs<'_> {
    match values[..] {
        [] => Nothing,
        [value] => One(value),
        _ => Several,
    }
}
