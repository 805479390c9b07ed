//! Setting the cookies and clearing them.

use std::time::Duration;

use cookie::Cookie;
use http::HeaderValue;

use super::{SameSite, SessionCookies};
use crate::{ConfigError, session::TokenPair, time::Timestamp};

/// More than this in name and value together, and browsers drop a cookie without
/// a word (RFC 6265bis section 5.6).
const BROWSERS_LIMIT: usize = 4096;

/// The cookies of one API, at the path that it has.
#[derive(Clone, Debug)]
pub(crate) struct MountedCookies {
    cookies: SessionCookies,
    /// Where the refresh cookie is sent, seen from outside.
    path: String,
}

/// One of the cookies, without its value.
struct Kind<'a> {
    name: &'a str,
    path: &'a str,
    /// Whether scripts can read it.
    readable: bool,
}

impl MountedCookies {
    /// `path`: above the routes that the refresh cookie is for, seen from outside.
    ///
    /// # Errors
    ///
    /// If the refresh cookie had no path of its own, or `path` cannot be one of a
    /// cookie; if browsers would not keep the cookies.
    pub(crate) fn new(cookies: SessionCookies, path: String) -> Result<Self, ConfigError> {
        if path.is_empty() {
            return Err(ConfigError::new(
                "the cookie API needs a path of its own, such as `/auth/cookie`: the refresh cookie \
                 would be sent with every request",
            ));
        }
        if path.contains(';') {
            return Err(ConfigError::new(format!(
                "the path `{path}` has a semicolon, which ends the path of a cookie"
            )));
        }
        let attributes = cookies.attributes();
        if !attributes.secure && (attributes.same_site == SameSite::None || attributes.partitioned)
        {
            return Err(ConfigError::new(
                "browsers keep cookies for other sites only if they are `Secure`: leave out \
                 `insecure_on_loopback`, or `SameSite::None` and `partitioned`",
            ));
        }
        Ok(Self { cookies, path })
    }

    /// How they look.
    pub(crate) fn cookies(&self) -> &SessionCookies {
        &self.cookies
    }

    /// How long a refresh token may be, so that browsers keep its cookie.
    pub(crate) fn refresh_token_limit(&self) -> usize {
        BROWSERS_LIMIT.saturating_sub(self.cookies.refresh_cookie().len())
    }

    /// Says in the log that everybody on the way can read them, if it is so.
    pub(crate) fn warn_if_insecure(&self) {
        if !self.cookies.attributes().secure {
            tracing::warn!(
                "session cookies are set without `Secure` and name prefixes: everybody on the way can \
                 read them, so serve on loopback only"
            );
        }
    }

    /// `Set-Cookie` for tokens that were given at `now`. Where the refresh token
    /// stays, see [`keep_refresh`](Self::keep_refresh). `None` if a token cannot stand in a header.
    pub(crate) fn set(&self, pair: &TokenPair, now: Timestamp) -> Option<Vec<HeaderValue>> {
        let left = |end: Timestamp| end.saturating_duration_since(now);
        let csrf = self.cookies.csrf().session_token(pair.session.as_str());
        // A token that never expires ends with its session all the same.
        let access = pair.access.expires_at().unwrap_or(pair.session_ends_at);
        let mut set = vec![
            self.write(&self.access(), pair.access.token().expose(), left(access))?,
            self.write(&self.csrf(), &csrf, left(pair.session_ends_at))?,
        ];
        if let Some(refresh) = &pair.refresh {
            let left = left(refresh.expires_at());
            set.push(self.write(&self.refresh(), refresh.token().expose(), left)?);
        }
        Some(set)
    }

    /// `Set-Cookie` for a refresh token that stays: so that the three cookies of an
    /// answer that comes late, after another login, are of one session.
    pub(crate) fn keep_refresh(
        &self,
        token: &[u8],
        end: Timestamp,
        now: Timestamp,
    ) -> Option<HeaderValue> {
        let token = std::str::from_utf8(token).ok()?;
        self.write(&self.refresh(), token, end.saturating_duration_since(now))
    }

    /// `Set-Cookie` that makes a browser forget a refresh token.
    pub(crate) fn clear_refresh(&self) -> Option<HeaderValue> {
        self.write(&self.refresh(), "", Duration::ZERO)
    }

    /// `Set-Cookie` that makes a browser forget them all.
    pub(crate) fn clear(&self) -> impl Iterator<Item = HeaderValue> {
        let all = [self.access(), self.csrf(), self.refresh()];
        all.into_iter()
            .filter_map(|kind| self.write(&kind, "", Duration::ZERO))
    }

    fn access(&self) -> Kind<'_> {
        Kind {
            name: self.cookies.access_cookie(),
            path: "/",
            readable: false,
        }
    }

    fn refresh(&self) -> Kind<'_> {
        Kind {
            name: self.cookies.refresh_cookie(),
            path: &self.path,
            readable: false,
        }
    }

    fn csrf(&self) -> Kind<'_> {
        Kind {
            name: self.cookies.csrf_cookie(),
            path: "/",
            readable: true,
        }
    }

    fn write(&self, kind: &Kind<'_>, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let size = kind.name.len() + value.len();
        if size > BROWSERS_LIMIT {
            tracing::error!(
                cookie = kind.name,
                size,
                "browsers drop this cookie, which is larger than 4096 bytes: put fewer claims into \
                 the tokens"
            );
        }
        let attributes = self.cookies.attributes();
        let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
        let mut cookie = Cookie::build((kind.name, value))
            .path(kind.path)
            .max_age(cookie::time::Duration::seconds(seconds))
            .same_site(match attributes.same_site {
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::None => cookie::SameSite::None,
            });
        if attributes.secure {
            cookie = cookie.secure(true);
        }
        if attributes.partitioned {
            cookie = cookie.partitioned(true);
        }
        if !kind.readable {
            cookie = cookie.http_only(true);
        }
        let mut value = HeaderValue::from_str(&cookie.build().to_string()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
