//! How the cookies look.

use std::sync::Arc;

use super::SameSite;
use crate::{ConfigError, credentials::TokenSource, csrf::CsrfProtection};

/// The cookies of a service's sessions: their names and attributes, and what
/// protects them from being used by others. Cheap to clone. The
/// [module](super) says why they are as they are.
///
/// ```
/// use portcullis::{
///     cookies::SessionCookies,
///     csrf::{CsrfKey, CsrfProtection},
/// };
///
/// // A page on another origin may use them, too.
/// let csrf = CsrfProtection::new(CsrfKey::generate()?).allow_origin("https://app.example.com")?;
/// let cookies = SessionCookies::new(csrf);
/// assert_eq!(cookies.access_cookie(), "__Host-access_token");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionCookies(Arc<Settings>);

#[derive(Clone, Debug)]
struct Settings {
    csrf: CsrfProtection,
    own_prefix: String,
    names: Names,
    same_site: SameSite,
    partitioned: bool,
    secure: bool,
}

#[derive(Clone, Debug)]
struct Names {
    access: String,
    refresh: String,
    csrf: String,
}

impl Names {
    /// `own_prefix` ends with a hyphen, or is empty.
    fn new(own_prefix: &str, secure: bool) -> Self {
        let name = |demand: &str, name: &str| match secure {
            true => format!("{demand}{own_prefix}{name}"),
            false => format!("{own_prefix}{name}"),
        };
        Self {
            access: name("__Host-", "access_token"),
            refresh: name("__Secure-", "refresh_token"),
            csrf: name("__Host-", "csrf_token"),
        }
    }
}

impl SessionCookies {
    /// Cookies for TLS, with `SameSite=Lax` and the names of the
    /// [module](super).
    pub fn new(csrf: CsrfProtection) -> Self {
        Self(Arc::new(Settings {
            csrf,
            own_prefix: String::new(),
            names: Names::new("", true),
            same_site: SameSite::default(),
            partitioned: false,
            secure: true,
        }))
    }

    /// Puts `name` and a hyphen before the names: `shop` makes
    /// `__Host-shop-access_token`. For several services on one host, whose ports
    /// cookies do not tell apart.
    ///
    /// # Errors
    ///
    /// If `name` is empty, begins with an underscore, which is for browsers, or has
    /// other characters than ASCII letters, digits, hyphens and underscores.
    pub fn name_prefix(self, name: &str) -> Result<Self, ConfigError> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.starts_with('_') || !name.bytes().all(is_good) {
            return Err(ConfigError::new(
                "the prefix of the cookies' names must have letters, digits, hyphens and \
                 underscores only, and not begin with an underscore",
            ));
        }
        Ok(self.with(|settings| settings.own_prefix = format!("{name}-")))
    }

    /// With which requests of other sites browsers send the cookies;
    /// [`SameSite::Lax`] unless set.
    #[must_use = "returns the changed cookies"]
    pub fn same_site(self, same_site: SameSite) -> Self {
        self.with(|settings| settings.same_site = same_site)
    }

    /// Keeps the cookies apart by the site of the page around (`Partitioned`,
    /// CHIPS): for a service that is shown in frames of other sites, with
    /// [`SameSite::None`]. Who is logged in there is not elsewhere.
    #[must_use = "returns the changed cookies"]
    pub fn partitioned(self) -> Self {
        self.with(|settings| settings.partitioned = true)
    }

    /// For plain http on loopback, while developing: no `Secure`, and names without
    /// the prefixes that demand it. Everybody on the way can read such cookies, so
    /// the log says so when the endpoints are built.
    ///
    /// Another port is another origin: that of a development server which serves the
    /// page must be [listed](CsrfProtection::allow_origin), as in
    /// `http://localhost:5173`.
    #[must_use = "returns the changed cookies"]
    pub fn insecure_on_loopback(self) -> Self {
        self.with(|settings| settings.secure = false)
    }

    /// What protects them from being used by others.
    pub fn csrf(&self) -> &CsrfProtection {
        &self.0.csrf
    }

    /// The name of the cookie with the access token.
    pub fn access_cookie(&self) -> &str {
        &self.0.names.access
    }

    /// The name of the cookie with the refresh token.
    pub fn refresh_cookie(&self) -> &str {
        &self.0.names.refresh
    }

    /// The name of the cookie with what `X-CSRF-Token` must say.
    pub fn csrf_cookie(&self) -> &str {
        &self.0.names.csrf
    }

    /// The access cookie as a place to look for a token, beside others of
    /// [`Authenticator::token_sources`](crate::guard::Authenticator::token_sources).
    pub fn token_source(&self) -> TokenSource {
        // Its characters were looked at when it was made.
        TokenSource::cookie_named(self.access_cookie(), self.csrf().clone())
    }

    pub(super) fn attributes(&self) -> Attributes {
        Attributes {
            same_site: self.0.same_site,
            partitioned: self.0.partitioned,
            secure: self.0.secure,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        let settings = Arc::make_mut(&mut self.0);
        change(settings);
        settings.names = Names::new(&settings.own_prefix, settings.secure);
        self
    }
}

/// What all three cookies have.
#[derive(Clone, Copy)]
pub(super) struct Attributes {
    pub(super) same_site: SameSite,
    pub(super) partitioned: bool,
    pub(super) secure: bool,
}
