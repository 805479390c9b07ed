//! An API for pages in a browser: tokens in cookies.

use std::sync::Arc;

use crate::{
    ConfigError,
    challenge::Realm,
    cookies::{MountedCookies, SessionCookies},
    endpoint::{
        dialect::Dialect,
        documents::Mount,
        name::Name,
        protected_route::Access,
        route::{Action, CookieRoute, CookieStep, Methods, Route},
    },
    policy::Policy,
    session::Sessions,
};

/// An API for pages in a browser: login, refresh and log-out with tokens in cookies
/// that no script can read.
///
/// | route | request | answer |
/// |---|---|---|
/// | `POST /auth/cookie/login` | JSON `username`, `password`, optional `scope` | 200 `csrf_token`, `expires_in`; sets the cookies |
/// | `POST /auth/cookie/refresh` | refresh cookie, `X-CSRF-Token` | the same |
/// | `POST /auth/cookie/logout` | refresh cookie, else access cookie, `X-CSRF-Token` | 204; clears the cookies |
/// | `POST /auth/cookie/logout/all` | the same | 204, and all sessions of the subject are over; clears the cookies |
///
/// `csrf_token` is what the header `X-CSRF-Token` must say at every request that
/// changes something, for as long as the session lasts; `expires_in` is what the
/// access token has left, in seconds. Tokens stand in no body.
///
/// A page that is loaded anew reads `csrf_token` from its cookie. One of another
/// origin, which must be [listed](crate::csrf::CsrfProtection::allow_origin), cannot:
/// it keeps what the login told it, in `sessionStorage` for instance. Without it
/// there is only another login: a refresh does not do, since its cookie alone might
/// have been planted there ([why](crate::cookies)).
///
/// Its [`Sessions`] may be those of another API too, and with them its users, tokens
/// and guards: programs go on with headers at that API's own paths. They have routes
/// of their own because a program's login names no origin, and a login that sets
/// cookies must be refused without one.
///
/// The shape of their tokens must not be that of RFC 9068, which names a client, and
/// which a [`TokenIssuer`](crate::issue::TokenIssuer) has unless told otherwise: a
/// login by cookie has no client.
///
/// # What is checked, and in which order
///
/// 1. The origin, before the body is read or a password looked at: somebody else's
///    page could log its visitors in as somebody else, and watch what they do there
///    (RFC 6749 section 10.12 knows the attack of another login). 403
///    `cross_origin_request`.
/// 2. The token. 400 `invalid_request` if its cookie occurs twice, 401 if it is
///    missing or not good.
/// 3. But for a login, `X-CSRF-Token`, which belongs to the session of that token. 403
///    `invalid_csrf_token`.
///
/// Which of them failed the body says; the log, at level debug, which part of it.
///
/// # When cookies are set and cleared
///
/// A login sets all three, or, where there are no refresh tokens, clears that cookie. A
/// refresh sets the access and the CSRF cookie, and where
/// refresh tokens rotate the refresh cookie: also for one that lost a race against
/// another tab, which gets the same successor within the grace window.
///
/// A log-out clears them, and so does the end of a session: a 401 because the refresh
/// token is bad, has expired or was used twice, or its session is over. So does a
/// log-out with no token at all. Nothing else does: while the store is down (503),
/// or after a refusal that says nothing of the token, they are as good as before.
/// A log-out everywhere with a refresh token that another tab has just exchanged is
/// 401, and keeps them: there is a newer cookie now, which works.
///
/// A log-out may be repeated, and its token may have expired, or its session be over:
/// 204. A log-out everywhere wants a token that is good: one that
/// [satisfies a policy](Self::require_for_logout_all), where there is one. What a policy
/// at [`logout_all`] demands does not hold here.
///
/// # The path of the refresh cookie
///
/// It is the API's own, below that of [`EndpointsBuilder::mounted_at`]: tell that one
/// if a framework nests the endpoints, or a proxy takes a prefix away. Browsers send
/// the cookie to no other path, and a refresh would find none.
///
/// Who moves it to a path below the old one leaves browsers with two cookies of one
/// name, which is 400 at every refresh and log-out until the old one has expired:
/// change the [names](SessionCookies::name_prefix) with the path.
///
/// ```
/// use portcullis::{
///     ConfigError,
///     cookies::SessionCookies,
///     endpoint::{CookieApi, EndpointsBuilder},
///     session::Sessions,
/// };
///
/// fn routes(
///     builder: EndpointsBuilder,
///     sessions: &Sessions,
///     cookies: &SessionCookies,
/// ) -> Result<(), ConfigError> {
///     let api = CookieApi::new(sessions.clone(), cookies.clone());
///     // On axum: `Router::new().nest("/v1", router(endpoints))`; on actix-web:
///     // `web::scope("/v1").configure(endpoints(endpoints))`.
///     let endpoints = builder.cookie_api(api).mounted_at("/v1").build()?;
///     // `Set-Cookie: __Secure-refresh_token=…; Path=/v1/auth/cookie`
///     assert!(endpoints.matches("/auth/cookie/refresh"));
///     Ok(())
/// }
/// ```
///
/// [`EndpointsBuilder::mounted_at`]: crate::endpoint::EndpointsBuilder::mounted_at
/// [`logout_all`]: crate::endpoint::EndpointsBuilder::logout_all
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `Endpoints::builder`"]
pub struct CookieApi {
    sessions: Sessions,
    cookies: SessionCookies,
    realm: Realm,
    path: Name,
    fields: [Name; 2],
    logout_all: Access,
    client: Option<Name>,
}

impl CookieApi {
    /// The API at its documented paths.
    pub fn new(sessions: Sessions, cookies: SessionCookies) -> Self {
        Self {
            sessions,
            cookies,
            realm: Realm::default(),
            path: "/auth/cookie".into(),
            fields: ["username".into(), "password".into()],
            logout_all: Access::default(),
            client: None,
        }
    }

    /// The realm of its challenges.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    /// The path above all its routes, and the `Path` of the refresh cookie.
    pub fn path(mut self, path: impl Into<Name>) -> Self {
        let path = path.into();
        self.path = match path.strip_suffix('/') {
            Some(bare) => bare.to_owned().into(),
            None => path,
        };
        self
    }

    /// The names of the fields of a login.
    pub fn login_fields(mut self, name: impl Into<Name>, secret: impl Into<Name>) -> Self {
        self.fields = [name.into(), secret.into()];
        self
    }

    /// Demands of a log-out everywhere that the access token satisfies `policy`, such
    /// as [`Policy::fresh`]; several add up. The refresh cookie does not do then.
    ///
    /// It is for this route alone: one at another route's
    /// [`logout_all`](crate::endpoint::EndpointsBuilder::logout_all) does not hold here.
    pub fn require_for_logout_all(mut self, policy: Policy) -> Self {
        self.logout_all.require(policy);
        self
    }

    /// The OAuth client that its sessions belong to: the page. Tokens of RFC 9068 must
    /// name one (section 2.2). It is a public one, for a page keeps no secret:
    /// [`Accounts::client`](crate::endpoint::Accounts::client) is asked about it, without
    /// a secret, at each login and refresh.
    pub fn client(mut self, id: impl Into<Name>) -> Self {
        self.client = Some(id.into());
        self
    }

    /// Whether a login at it names a client.
    pub(in crate::endpoint) fn names_client(&self) -> bool {
        self.client.is_some()
    }

    pub(in crate::endpoint) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The cookies, for endpoints below `mount`.
    pub(in crate::endpoint) fn mounted(
        &self,
        mount: &Mount,
    ) -> Result<Arc<MountedCookies>, ConfigError> {
        let path = mount.outside(&self.path);
        MountedCookies::new(self.cookies.clone(), path).map(Arc::new)
    }

    pub(in crate::endpoint) fn routes(self, cookies: &Arc<MountedCookies>) -> [Route; 4] {
        let dialect = Dialect::bearer(self.realm);
        let retry_after = self.sessions.retry_after();
        let [name, secret] = self.fields;
        let steps = [
            ("login", CookieStep::Login { name, secret }),
            ("refresh", CookieStep::Refresh),
            ("logout", CookieStep::Logout),
            ("logout/all", CookieStep::LogoutAll(self.logout_all)),
        ];
        steps.map(|(last, step)| Route {
            path: format!("{}/{last}", self.path).into(),
            methods: Methods::Post,
            dialect: dialect.clone(),
            retry_after,
            action: Action::Cookies(CookieRoute {
                sessions: self.sessions.clone(),
                cookies: cookies.clone(),
                client: self.client.clone(),
                step,
            }),
        })
    }
}
