//! A browser with its cookies, and a page in it.

use std::collections::BTreeMap;

use bytes::Bytes;
use cookie::Cookie;
use http::{HeaderValue, Request, header::SET_COOKIE, request::Builder};

use crate::{
    cookies::SessionCookies,
    csrf::{CsrfKey, CsrfProtection},
    endpoint::{
        ApiKeyApi, CookieApi, Endpoints, EndpointsBuilder, PasswordGrantApi, SessionApi,
        tests::fixture::{Answer, JSON, Server},
    },
    session::Sessions,
};

pub(super) const LOGIN: &str = "/auth/cookie/login";
pub(super) const REFRESH: &str = "/auth/cookie/refresh";
pub(super) const LOGOUT: &str = "/auth/cookie/logout";
pub(super) const LOGOUT_ALL: &str = "/auth/cookie/logout/all";

pub(super) const ACCESS: &str = "__Host-access_token";
pub(super) const REFRESH_COOKIE: &str = "__Secure-refresh_token";
pub(super) const CSRF: &str = "__Host-csrf_token";

pub(super) const ALICE: &str = r#"{"username":"alice","password":"wonder land"}"#;

/// The origin of a page that is served from elsewhere.
pub(super) const APP: &str = "https://app.example";

pub(super) fn cookies() -> SessionCookies {
    let csrf = CsrfProtection::new(CsrfKey::new(&[7; 32]).unwrap());
    SessionCookies::new(csrf.allow_origin(APP).unwrap())
}

/// The APIs of the fixture and a cookie API over one of their sessions.
pub(super) fn endpoints(
    server: &Server,
    of: &Sessions,
    change: impl FnOnce(EndpointsBuilder) -> EndpointsBuilder,
) -> Endpoints {
    let builder = Endpoints::builder(server.people.clone())
        .session_api(SessionApi::new(server.session.clone()))
        .password_grant_api(PasswordGrantApi::new(server.password_grant.clone()))
        .cookie_api(CookieApi::new(of.clone(), cookies()))
        .common_routes();
    change(builder).build().unwrap()
}

/// A server whose refresh tokens rotate.
pub(super) async fn rotating() -> Server {
    let mut server = Server::new().await;
    server.endpoints = endpoints(&server, &server.password_grant, |builder| builder);
    server
}

/// A server whose refresh tokens stay.
pub(super) async fn keeping() -> Server {
    let mut server = Server::new().await;
    server.endpoints = endpoints(&server, &server.session, |builder| builder);
    server
}

/// A server that gives no refresh tokens.
pub(super) async fn without_refresh() -> Server {
    let mut server = Server::new().await;
    let revocations = server.session.revocations().clone();
    let issuer = server.session.issuer().clone();
    let sessions = Sessions::builder(revocations, issuer).build().unwrap();
    let api_key = ApiKeyApi::new(sessions.clone());
    server.endpoints = endpoints(&server, &sessions, |builder| builder.api_key_api(api_key));
    server
}

/// A browser with the cookies of one host, and a page that remembers its CSRF
/// token.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    /// Path and value by name.
    jar: BTreeMap<String, (String, String)>,
    pub(super) csrf: String,
}

impl Browser {
    /// Logged in as alice.
    pub(super) async fn logged_in(server: &Server) -> Self {
        let mut browser = Self::default();
        browser.log_in(server).await;
        browser
    }

    pub(super) async fn log_in(&mut self, server: &Server) {
        let answer = self.send(server, Request::post(LOGIN), ALICE).await;
        answer.is(200);
        self.csrf = answer.text("csrf_token");
    }

    pub(super) fn value(&self, name: &str) -> &str {
        &self.jar.get(name).unwrap_or_else(|| panic!("{name}")).1
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.jar.contains_key(name)
    }

    pub(super) fn forget(&mut self, name: &str) {
        assert!(self.jar.remove(name).is_some());
    }

    pub(super) fn plant(&mut self, name: &str, value: &str) {
        let path = match name {
            REFRESH_COOKIE => "/auth/cookie",
            _ => "/",
        };
        let entry = (path.to_owned(), value.to_owned());
        self.jar.insert(name.to_owned(), entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jar.is_empty()
    }

    /// The `Cookie` field of a request to this path (RFC 6265 section 5.4).
    pub(super) fn cookie_field(&self, to: &str) -> String {
        let matches = |path: &str| {
            let rest = to.strip_prefix(path);
            rest.is_some_and(|rest| {
                path.ends_with('/') || matches!(rest.bytes().next(), None | Some(b'/'))
            })
        };
        let sent = self.jar.iter().filter(|(_, (path, _))| matches(path));
        let pairs: Vec<_> = sent
            .map(|(name, (_, value))| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// A request with the cookies and nothing else of a browser.
    pub(super) fn with_cookies(&self, request: Builder) -> Builder {
        let field = self.cookie_field(request.uri_ref().unwrap().path());
        match field.is_empty() {
            true => request,
            false => request.header("cookie", field),
        }
    }

    /// A request of a page of the service's own.
    pub(super) fn own(&self, request: Builder) -> Builder {
        let request = self
            .with_cookies(request)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", JSON);
        match self.csrf.is_empty() {
            true => request,
            false => request.header("x-csrf-token", &self.csrf),
        }
    }

    /// Sends a request of a page of the service's own, and keeps what comes back.
    pub(super) async fn send(
        &mut self,
        server: &Server,
        request: Builder,
        body: impl Into<Bytes>,
    ) -> Answer {
        let answer = server.send(self.own(request), body).await;
        self.keep(&answer);
        answer
    }

    pub(super) async fn post(&mut self, server: &Server, path: &str) -> Answer {
        self.send(server, Request::post(path), "").await
    }

    /// Does what an answer says about cookies.
    pub(super) fn keep(&mut self, answer: &Answer) {
        for cookie in set_cookies(answer) {
            let name = cookie.name().to_owned();
            if cookie.max_age().unwrap().is_zero() {
                self.jar.remove(&name);
            } else {
                let path = cookie.path().unwrap().to_owned();
                self.jar.insert(name, (path, cookie.value().to_owned()));
            }
        }
    }
}

/// All that an answer says about cookies. They are of no interest to a log.
pub(super) fn set_cookies(answer: &Answer) -> Vec<Cookie<'static>> {
    let fields = answer.0.headers().get_all(SET_COOKIE).iter();
    fields
        .map(|value| {
            assert!(HeaderValue::is_sensitive(value));
            Cookie::parse(value.to_str().unwrap().to_owned()).unwrap()
        })
        .collect()
}

/// The names of the cookies that an answer sets.
pub(super) fn names_set(answer: &Answer) -> Vec<String> {
    let all = set_cookies(answer);
    let set = all
        .iter()
        .filter(|cookie| !cookie.max_age().unwrap().is_zero());
    set.map(|cookie| cookie.name().to_owned()).collect()
}

/// The answer says nothing about cookies: they are as good as before.
pub(super) fn keeps_cookies(answer: &Answer) {
    assert!(set_cookies(answer).is_empty(), "{answer:?}");
}

/// The answer makes a browser forget all three.
pub(super) fn clears_cookies(answer: &Answer) {
    let all = set_cookies(answer);
    let names: Vec<_> = all.iter().map(|cookie| cookie.name()).collect();
    assert_eq!(names, [ACCESS, CSRF, REFRESH_COOKIE], "{answer:?}");
    for cookie in &all {
        assert_eq!(cookie.value(), "");
        assert!(cookie.max_age().unwrap().is_zero(), "{cookie}");
        let path = match cookie.name() {
            REFRESH_COOKIE => "/auth/cookie",
            _ => "/",
        };
        assert_eq!(cookie.path(), Some(path), "{cookie}");
        assert_eq!(cookie.secure(), Some(true), "{cookie}");
    }
}
