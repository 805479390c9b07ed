//! Pages in a browser, whose tokens lie in cookies.

use std::{collections::BTreeMap, time::Duration};

use behaviour::{
    answer::Answer,
    backend::PAGE_ORIGIN,
    case::{Case, Expected, REALM, status},
    client::{Request, send},
};
use portcullis_testing::faulty::Fault;
use serde_json::{Value, json};

use super::{On, Stage, assert_error, assert_not_stored, claims};

const LOGIN: &str = "/auth/cookie/login";
const REFRESH: &str = "/auth/cookie/refresh";
const LOGOUT: &str = "/auth/cookie/logout";
const LOGOUT_ALL: &str = "/auth/cookie/logout/all";
const STATIONS: &str = "/page/stations";

const ACCESS: &str = "__Host-access_token";
const REFRESH_COOKIE: &str = "__Secure-refresh_token";
const CSRF: &str = "__Host-csrf_token";

const ALICE: &str = r#"{"username":"alice","password":"wonder land"}"#;

/// What an answer says about one cookie.
#[derive(Debug, PartialEq, Eq)]
struct SetCookie {
    name: String,
    value: String,
    /// In lower case, sorted.
    attributes: Vec<String>,
}

impl SetCookie {
    /// All of an answer (RFC 6265 section 5.2).
    fn all(answer: &Answer) -> Vec<Self> {
        let fields = answer.values("set-cookie");
        fields
            .map(|value| {
                let text = std::str::from_utf8(value).unwrap();
                let mut parts = text.split(';').map(str::trim);
                let (name, value) = parts.next().unwrap().split_once('=').unwrap();
                let mut attributes: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
                attributes.sort();
                Self {
                    name: name.to_owned(),
                    value: value.to_owned(),
                    attributes,
                }
            })
            .collect()
    }

    fn path(&self) -> &str {
        let mut all = self.attributes.iter();
        all.find_map(|attribute| attribute.strip_prefix("path="))
            .unwrap()
    }

    fn is_cleared(&self) -> bool {
        self.attributes.iter().any(|one| one == "max-age=0")
    }
}

/// A page with the cookies of its browser.
#[derive(Clone, Default)]
struct Page {
    /// Path and value by name.
    jar: BTreeMap<String, (String, String)>,
    csrf: String,
}

impl Page {
    async fn logged_in(on: &On<'_>) -> Self {
        let mut page = Self::default();
        let answer = on.send(page.request("POST", LOGIN).json(ALICE)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        page.keep(&answer);
        page.csrf = answer.text_at("/csrf_token");
        page
    }

    fn value(&self, name: &str) -> &str {
        &self.jar[name].1
    }

    fn cookie_field(&self, to: &str) -> String {
        let sent = self.jar.iter().filter(|(_, (path, _))| {
            let rest = to.strip_prefix(path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let pairs: Vec<_> = sent
            .map(|(name, (_, value))| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// A request to `path` as the browser sends it.
    fn request(&self, method: &str, path: &str) -> Request {
        let mut request = Request::new(method, path).field("Sec-Fetch-Site", "same-origin");
        let cookies = self.cookie_field(path);
        if !cookies.is_empty() {
            request = request.field("Cookie", cookies);
        }
        if !self.csrf.is_empty() {
            request = request.field("X-CSRF-Token", &self.csrf);
        }
        request
    }

    async fn post(&mut self, on: &On<'_>, path: &str) -> Answer {
        let answer = on.send(self.request("POST", path)).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in SetCookie::all(answer) {
            if cookie.is_cleared() {
                self.jar.remove(&cookie.name);
            } else {
                let path = cookie.path().to_owned();
                self.jar.insert(cookie.name, (path, cookie.value));
            }
        }
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let all = SetCookie::all(answer).into_iter();
    all.map(|cookie| cookie.name).collect()
}

fn keeps_cookies(answer: &Answer) {
    assert_eq!(names(answer), [""; 0], "{answer:?}");
}

fn clears_cookies(answer: &Answer) {
    let all = SetCookie::all(answer);
    assert_eq!(all.len(), 3, "{answer:?}");
    for cookie in all {
        assert!(cookie.is_cleared() && cookie.value.is_empty(), "{cookie:?}");
    }
}

/// Every field comes through, as it was written.
#[test]
fn a_login_sets_three_cookies() {
    Stage::new().play(async |on: &On<'_>| {
        let login = Page::default().request("POST", LOGIN);
        let answer = on.send(login.json(ALICE)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_not_stored(&answer);
        let csrf = answer.text_at("/csrf_token");
        assert_eq!(
            answer.json(),
            json!({"csrf_token": csrf, "expires_in": 3600})
        );
        let common = ["samesite=lax", "secure"];
        let expected = |max_age: &str, path: &str, more: &[&str]| {
            let mut all = vec![format!("max-age={max_age}"), format!("path={path}")];
            all.extend(common.iter().chain(more).map(|one| (*one).to_owned()));
            all.sort();
            all
        };
        let all = SetCookie::all(&answer);
        let days = |days: u64| (days * 86_400).to_string();
        for (cookie, (name, attributes)) in all.iter().zip([
            (ACCESS, expected("3600", "/", &["httponly"])),
            (CSRF, expected(&days(90), "/", &[])),
            (
                REFRESH_COOKIE,
                expected(&days(30), "/auth/cookie", &["httponly"]),
            ),
        ]) {
            assert_eq!(cookie.name, name);
            assert_eq!(cookie.attributes, attributes);
        }
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].value, csrf);
        assert_eq!(claims(&all[0].value)["sid"], claims(&all[2].value)["sid"]);
    });
}

/// What a page does in a day.
#[test]
fn a_page_from_login_to_log_out() {
    Stage::new().play(async |on: &On<'_>| {
        let mut page = Page::logged_in(on).await;
        let mut phone = Page::logged_in(on).await;
        for method in ["GET", "POST"] {
            let answer = on.send(page.request(method, STATIONS)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.json()["claims"]["user_id"], "alice");
            keeps_cookies(&answer);
        }
        on.backend.clock.advance(Duration::from_secs(3600));
        let answer = on.send(page.request("GET", STATIONS)).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        let before = page.clone();
        let answer = page.post(on, REFRESH).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(names(&answer), [ACCESS, CSRF, REFRESH_COOKIE]);
        assert_eq!(answer.text_at("/csrf_token"), page.csrf);
        assert_ne!(page.value(REFRESH_COOKIE), before.value(REFRESH_COOKIE));
        assert_eq!(on.send(page.request("GET", STATIONS)).await.status, 200);

        phone.post(on, REFRESH).await;
        let answer = on.send(page.request("GET", "/sessions")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let json = answer.json();
        let list = json["sessions"].as_array().unwrap();
        let of = |is_current: bool| -> Vec<&Value> {
            let own = list.iter().filter(|one| one["current"] == is_current);
            own.collect()
        };
        assert_eq!(of(true).len(), 1);
        let phones = claims(phone.value(ACCESS))["sid"].clone();
        assert!(of(false).iter().any(|one| one["id"] == phones));

        let end = page.request("POST", "/sessions/end");
        let answer = on.send(end.json(&json!({"id": phones}).to_string())).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_not_stored(&answer);
        keeps_cookies(&answer);
        let answer = phone.post(on, REFRESH).await;
        assert_error(&answer, 401, "invalid_token");
        clears_cookies(&answer);

        let answer = page.post(on, LOGOUT).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_not_stored(&answer);
        clears_cookies(&answer);
        assert!(page.jar.is_empty());
        let answer = on.send(before.request("GET", STATIONS)).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    });
}

#[test]
fn logging_out_everywhere() {
    Stage::new().play(async |on: &On<'_>| {
        let mut page = Page::logged_in(on).await;
        let mut other = Page::logged_in(on).await;
        let program = on.grant("").await;
        let answer = page.post(on, LOGOUT_ALL).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        clears_cookies(&answer);
        assert!(!on.accepts("/auth/stations", &program.access).await);
        let answer = other.post(on, REFRESH).await;
        assert_error(&answer, 401, "invalid_token");
        clears_cookies(&answer);
    });
}

/// Eight calls that find their token expired, or as many tabs.
#[test]
fn refreshes_at_once_log_nobody_out() {
    Stage::new().play(async |on: &On<'_>| {
        let page = Page::logged_in(on).await;
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (address, request) = (on.server.address, page.request("POST", REFRESH));
                tokio::spawn(async move { send(address, &request).await.unwrap() })
            })
            .collect();
        let mut successors = Vec::new();
        for task in tasks {
            let answer = task.await.unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(names(&answer), [ACCESS, CSRF, REFRESH_COOKIE]);
            let mut tab = page.clone();
            tab.keep(&answer);
            assert_eq!(on.send(tab.request("GET", STATIONS)).await.status, 200);
            successors.push(tab.value(REFRESH_COOKIE).to_owned());
        }
        successors.dedup();
        assert_eq!(successors.len(), 1);
    });
}

/// A stolen token that is used after its owner's clears the cookies of both.
#[test]
fn theft_is_final() {
    Stage::new().play(async |on: &On<'_>| {
        let mut owner = Page::logged_in(on).await;
        let mut thief = owner.clone();
        assert_eq!(owner.post(on, REFRESH).await.status, 200);
        on.backend.clock.advance(Duration::from_secs(60));
        for page in [&mut thief, &mut owner] {
            let answer = page.post(on, REFRESH).await;
            assert_error(&answer, 401, "invalid_token");
            clears_cookies(&answer);
        }
    });
}

#[test]
fn an_outage_clears_nothing() {
    Stage::new().play(async |on: &On<'_>| {
        let mut page = Page::logged_in(on).await;
        on.backend.store.fail_next(u64::MAX, Fault::Unreachable);
        for path in [REFRESH, LOGOUT, LOGOUT_ALL] {
            let answer = page.post(on, path).await;
            assert_error(&answer, 503, "temporarily_unavailable");
            keeps_cookies(&answer);
        }
        on.backend.store.fail_next(0, Fault::Unreachable);
        assert_eq!(page.post(on, REFRESH).await.status, 200);
    });
}

/// Programs go on with headers, on the same routes.
#[test]
fn a_header_decides_over_a_cookie() {
    Stage::new().play(async |on: &On<'_>| {
        let page = Page::logged_in(on).await;
        let program = on.grant("").await;
        for path in [STATIONS, "/sessions"] {
            let old = format!("{ACCESS}=old; {ACCESS}=older");
            let request = Request::new("GET", path).bearer(&program.access);
            let answer = on.send(request.field("Cookie", old)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let request = page.request("GET", path).bearer("a.b.c");
            let answer = on.send(request).await;
            assert_eq!(answer.status, 401, "{answer:?}");
        }
        // Not at the routes that want no cookies.
        for path in ["/logout", "/logout/all"] {
            let answer = on.send(page.request("POST", path)).await;
            assert_eq!(answer.status, 401, "{answer:?}");
            keeps_cookies(&answer);
        }
    });
}

fn forbidden(error: &str) -> Expected {
    status(403).error(error).not_stored().no_field("set-cookie")
}

fn unauthorized(error: &str) -> Expected {
    status(401)
        .challenge("Bearer", &[("realm", REALM)])
        .error(error)
        .not_stored()
}

/// What is refused, from every adapter in the same bytes.
#[test]
fn refusals() {
    let stage = Stage::new();
    let post = |path: &str| Request::new("POST", path);
    let own = |path: &str| post(path).field("Sec-Fetch-Site", "same-origin");
    let mut cases = Vec::new();
    let mut case = |name: &str, request, expected| cases.push(Case::new(name, request, expected));
    for path in [LOGIN, REFRESH, LOGOUT, LOGOUT_ALL] {
        for (name, request) in [
            ("no origin", post(path)),
            ("a sibling", post(path).field("Sec-Fetch-Site", "same-site")),
            (
                "another site",
                post(path)
                    .field("Sec-Fetch-Site", "cross-site")
                    .field("Origin", "https://evil.test"),
            ),
            ("a sandbox", post(path).field("Origin", "null")),
        ] {
            let request = request.json(ALICE);
            case(name, request, forbidden("cross_origin_request"));
        }
        for method in ["GET", "HEAD", "PUT"] {
            let request = Request::new(method, path).field("Sec-Fetch-Site", "same-origin");
            let expected = status(405).field("allow", "POST").no_field("set-cookie");
            case("another method", request, expected);
        }
    }
    case(
        "a form",
        own(LOGIN).form("username=alice&password=x"),
        status(415)
            .error("unsupported_media_type")
            .no_field("set-cookie"),
    );
    case(
        "a wrong password from a page elsewhere",
        post(LOGIN)
            .field("Origin", PAGE_ORIGIN)
            .json(r#"{"username":"alice","password":"wrong"}"#),
        unauthorized("invalid_credentials").no_field("set-cookie"),
    );
    case(
        "a refresh without a cookie",
        own(REFRESH),
        unauthorized("unauthorized").no_field("set-cookie"),
    );
    let twice = format!("{REFRESH_COOKIE}=a.b.c; {REFRESH_COOKIE}=a.b.c");
    for path in [REFRESH, LOGOUT, LOGOUT_ALL] {
        case(
            "two cookies of a name",
            own(path).field("Cookie", &twice),
            status(400)
                .challenge("Bearer", &[("realm", REALM), ("error", "invalid_request")])
                .json_at("/error", "invalid_request")
                .no_field("set-cookie"),
        );
    }
    stage.everywhere.run(&cases);
    stage.play(async |on: &On<'_>| {
        for (path, cookie) in [
            (REFRESH, format!("{REFRESH_COOKIE}=a.b.c")),
            (LOGOUT, format!("{REFRESH_COOKIE}=a.b.c")),
            (LOGOUT, format!("{ACCESS}=a.b.c")),
            (LOGOUT_ALL, format!("{REFRESH_COOKIE}=a.b.c")),
            (LOGOUT_ALL, format!("{ACCESS}=a.b.c")),
        ] {
            let answer = on.send(own(path).field("Cookie", cookie)).await;
            assert_error(&answer, 401, "invalid_token");
            clears_cookies(&answer);
        }
        for path in [LOGOUT, LOGOUT_ALL] {
            let answer = on.send(own(path)).await;
            assert_error(&answer, 401, "unauthorized");
            clears_cookies(&answer);
        }
        // The CSRF token of another session, or none.
        let page = Page::logged_in(on).await;
        let other = Page::logged_in(on).await;
        for path in [REFRESH, LOGOUT, LOGOUT_ALL, STATIONS] {
            for csrf in ["", &other.csrf] {
                let stranger = Page {
                    csrf: csrf.to_owned(),
                    ..page.clone()
                };
                let answer = on.send(stranger.request("POST", path)).await;
                assert_eq!(answer.status, 403, "{answer:?}");
                assert_eq!(answer.text_at("/error"), "invalid_csrf_token");
                keeps_cookies(&answer);
            }
        }
    });
}
