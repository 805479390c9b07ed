//! Where browsers are sent to log in.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::return_path::is_own_path;
use crate::{
    ConfigError,
    challenge::PublicUrl,
    head::{HeadRef, Target},
};

/// A page where users log in, to which browsers are sent that an
/// [`Authenticator`](super::Authenticator::login_page) would answer 401, and the way
/// back.
///
/// Only where a browser navigates: a GET with `Sec-Fetch-Mode: navigate` (Fetch
/// Metadata). It gets 303 with `Location: /login?return_to=…`, which says by path and
/// query what was asked for, `Cache-Control: no-store` and no challenge. Scripts,
/// programs, other methods and what is fetched in advance (`Sec-Purpose`) are refused as
/// ever, and so are browsers that do not send the field: on plain http, but for this
/// machine itself, none does.
///
/// Cheap to clone: the login's handler takes the same page, and asks it for the
/// [way back](Self::return_path).
///
/// ```
/// use portcullis::guard::LoginPage;
///
/// let page = LoginPage::new("/login")?;
/// assert_eq!(page.return_path(Some("/stations?of=alice")), "/stations?of=alice");
/// assert_eq!(page.return_path(Some("//evil.example")), "/");
/// assert_eq!(page.return_path(None), "/");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
///
/// The page must not send back by itself whoever has a session already: what was
/// refused with it will be refused again, and the browser goes round in circles.
#[derive(Clone)]
pub struct LoginPage(Arc<Page>);

#[derive(Clone)]
struct Page {
    url: String,
    parameter: String,
    default_path: String,
}

impl LoginPage {
    /// The page at `url`: a path of the service's own origin, or an `https` URL of
    /// another one (`http` for this machine itself). There may be a query, to which
    /// the way back is added.
    ///
    /// A page elsewhere gets a path, too, never the origin: what a request says of
    /// the host is not to be trusted. It has to know itself which service it serves,
    /// by its query, say.
    ///
    /// # Errors
    ///
    /// If it is neither, or has a fragment.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        let (page, query) = url.split_once('?').unwrap_or((url, ""));
        if !is_own_path(url) {
            PublicUrl::parse("the login page, if it is no path such as `/login`,", page)?;
        }
        if url.contains('#') || !is_own_path(&format!("/?{query}")) {
            return Err(ConfigError::new(format!(
                "the login page `{}` has a fragment, or characters that a URL must escape",
                url.escape_debug()
            )));
        }
        Ok(Self(Arc::new(Page {
            url: url.to_owned(),
            parameter: "return_to".to_owned(),
            default_path: "/".to_owned(),
        })))
    }

    /// The name of the parameter that says the way back; `return_to` unless set.
    ///
    /// # Errors
    ///
    /// If there are other characters than ASCII letters, digits and `-._~` in it, or
    /// none.
    pub fn parameter(mut self, name: &str) -> Result<Self, ConfigError> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_unreserved) {
            return Err(ConfigError::new(format!(
                "the parameter `{}` has characters that a query must escape, or none",
                name.escape_debug()
            )));
        }
        Arc::make_mut(&mut self.0).parameter = name.to_owned();
        Ok(self)
    }

    /// Where users go who came to the page by themselves; `/` unless set.
    ///
    /// # Errors
    ///
    /// If it is not what [`return_path`](Self::return_path) would take.
    pub fn default_path(mut self, path: &str) -> Result<Self, ConfigError> {
        if !is_own_path(path) {
            return Err(ConfigError::new(format!(
                "`{}` is no path of the service's own origin such as `/home`",
                path.escape_debug()
            )));
        }
        Arc::make_mut(&mut self.0).default_path = path.to_owned();
        Ok(self)
    }

    /// Where to send the browser after the login, given the value of the parameter:
    /// unescaped once, as frameworks hand it out, and whoever wrote it. It is given
    /// back if it is an absolute path of this origin, with a query or not, and the
    /// [default](Self::default_path) is if it is not.
    ///
    /// It begins with one slash; there are no backslashes, no control characters and
    /// nothing outside of ASCII in it; its path has no segments of dots, and hides
    /// none of these behind escapes. So it leads nowhere else, whatever a browser or
    /// a proxy makes of it. It is at most 2 KiB long.
    ///
    /// It may still name any route of the service: a GET that does something is not
    /// safe with it, nor with a link.
    pub fn return_path<'p>(&'p self, sent: Option<&'p str>) -> &'p str {
        match sent {
            Some(sent) if is_own_path(sent) => sent,
            _ => &self.0.default_path,
        }
    }

    /// Where a request leads, if a browser navigates by it; `query` is what of its
    /// query may be seen there.
    pub(super) fn location<'h>(
        &self,
        head: HeadRef<'h>,
        query: impl FnOnce(Target<'h>) -> Option<Cow<'h, str>>,
    ) -> Option<Location> {
        if head.method() != "GET" || head.values(MODE) != [b"navigate"] {
            return None;
        }
        // Nobody has gone there yet. A browser drops a refusal, and would keep the page
        // for when somebody does, who may have a token again by then.
        if !head.values(PURPOSE).is_empty() {
            return None;
        }
        let target = head.target();
        let page = &self.0;
        let path = page.url.split('?').next();
        // Whoever may not see the page is not sent there again.
        if path == Some(target.path()) {
            return None;
        }
        let back = match query(target) {
            Some(query) => format!("{}?{query}", target.path()),
            None => target.path().to_owned(),
        };
        let mut location = page.url.clone();
        if is_own_path(&back) {
            if !page.url.contains('?') {
                location.push('?');
            } else if !page.url.ends_with(['?', '&']) {
                location.push('&');
            }
            location.push_str(&page.parameter);
            location.push('=');
            location.extend(utf8_percent_encode(&back, VALUE));
        }
        Some(Location(Arc::new(location.into())))
    }
}

/// The field that tells whether a browser navigates.
pub(super) const MODE: &str = "sec-fetch-mode";

/// The field that tells that a browser fetches a page in advance.
const PURPOSE: &str = "sec-purpose";

/// What stands in the value of a parameter as it is: what is unreserved (RFC 3986
/// section 2.3), and slashes, which make it legible.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Where a browser is sent.
#[derive(Clone)]
pub(super) struct Location(Arc<Bytes>);

impl Location {
    pub(super) fn to_bytes(&self) -> Bytes {
        Bytes::clone(&self.0)
    }
}

impl fmt::Debug for Location {
    /// There may be secrets in the query of a request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Location")
    }
}

impl fmt::Debug for LoginPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginPage")
            .field("url", &self.0.url)
            .field("parameter", &self.0.parameter)
            .field("default_path", &self.0.default_path)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn navigation(target: &str) -> Request<()> {
        let request = Request::get(target).header(MODE, "navigate");
        request.body(()).unwrap()
    }

    fn location(page: &LoginPage, request: &Request<()>) -> Option<String> {
        let query = |target: Target<'_>| target.query().map(str::to_owned).map(Cow::Owned);
        let location = page.location(HeadRef::new(request), query)?;
        Some(String::from_utf8(location.to_bytes().to_vec()).unwrap())
    }

    #[test]
    fn a_location_says_the_way_back() {
        let plain = LoginPage::new("/login").unwrap();
        let named = LoginPage::new("/login").unwrap().parameter("next").unwrap();
        let with_query = LoginPage::new("/login?lang=de").unwrap();
        let open = LoginPage::new("/login?").unwrap();
        let elsewhere = LoginPage::new("https://login.example:8443/in?of=shop").unwrap();
        let long = format!("/{}", "a".repeat(3000));
        for (page, target, expected) in [
            (&plain, "/", "/login?return_to=/"),
            (
                &plain,
                "/a/b?c=d&e=%20+f",
                "/login?return_to=/a/b%3Fc%3Dd%26e%3D%2520%2Bf",
            ),
            (&named, "/a", "/login?next=/a"),
            (&with_query, "/a", "/login?lang=de&return_to=/a"),
            (&open, "/a", "/login?return_to=/a"),
            (
                &elsewhere,
                "/a",
                "https://login.example:8443/in?of=shop&return_to=/a",
            ),
            (&plain, "/login/help", "/login?return_to=/login/help"),
            // No way back that would not be taken.
            (&plain, "//evil.example/a", "/login"),
            (&plain, "/a/..//evil.example", "/login"),
            (&plain, &long, "/login"),
        ] {
            let told = location(page, &navigation(target)).unwrap();
            assert_eq!(told, expected);
            let Some((_, back)) = told.rsplit_once("/in?of=shop&").or(told.split_once('?')) else {
                continue;
            };
            let mut back = form_urlencoded::parse(back.as_bytes());
            let back = back.find(|(name, _)| name == &page.0.parameter).unwrap().1;
            assert_eq!(page.return_path(Some(&back)), target);
        }
    }

    #[test]
    fn only_those_who_navigate_are_sent_there() {
        let page = LoginPage::new("/login").unwrap();
        let with = |method: &str, modes: &[&str]| {
            let mut request = Request::builder().method(method).uri("/a");
            for mode in modes {
                request = request.header(MODE, *mode);
            }
            location(&page, &request.body(()).unwrap())
        };
        assert!(with("GET", &["navigate"]).is_some());
        for method in ["HEAD", "POST", "OPTIONS", "get"] {
            assert_eq!(with(method, &["navigate"]), None, "{method}");
        }
        for modes in [
            &[][..],
            &["cors"],
            &["no-cors"],
            &["same-origin"],
            &["websocket"],
            &["Navigate"],
            &["navigate, cors"],
            &["navigate", "navigate"],
            &["navigate", "cors"],
        ] {
            assert_eq!(with("GET", modes), None, "{modes:?}");
        }
        for purpose in ["prefetch", "prefetch;prerender"] {
            let mut ahead = navigation("/a");
            let purpose = purpose.parse().unwrap();
            ahead.headers_mut().insert("sec-purpose", purpose);
            assert_eq!(location(&page, &ahead), None);
        }
        // Not round in circles.
        assert_eq!(location(&page, &navigation("/login?return_to=/a")), None);
    }

    #[test]
    fn a_login_page_is_a_path_or_a_url() {
        for good in [
            "/login",
            "/",
            "/a/b?c=d",
            "https://login.example",
            "http://localhost:80/",
        ] {
            assert!(LoginPage::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login",
            "//evil.example/login",
            "/\\evil.example",
            "/login#top",
            "/log in",
            "/login\r\nx: y",
            "/login?a=\u{e9}",
            "http://login.example/",
            "https://login.example/#top",
            "https://login.example/?a=\n",
            "https://user@login.example/",
            "javascript:alert(1)",
        ] {
            assert!(LoginPage::new(bad).is_err(), "{bad}");
        }
        let page = || LoginPage::new("/login").unwrap();
        for bad in ["", "a b", "a=b", "a&b", "\u{e9}", "a\n"] {
            assert!(page().parameter(bad).is_err(), "{bad}");
        }
        for bad in ["", "home", "//home", "https://own.example/"] {
            assert!(page().default_path(bad).is_err(), "{bad}");
        }
        let home = page().default_path("/home?a").unwrap();
        for sent in [None, Some(""), Some("//evil.example")] {
            assert_eq!(home.return_path(sent), "/home?a");
        }
        assert_eq!(home.return_path(Some("/")), "/");
    }

    /// There may be secrets in it.
    #[test]
    fn a_location_is_not_shown() {
        let query = |target: Target<'_>| target.query().map(str::to_owned).map(Cow::Owned);
        let page = LoginPage::new("/login").unwrap();
        let request = navigation("/a?key=hush");
        let location = page.location(HeadRef::new(&request), query).unwrap();
        assert_eq!(format!("{location:?}"), "Location");
    }
}
