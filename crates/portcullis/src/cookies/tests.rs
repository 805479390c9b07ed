//! What browsers are told, attribute by attribute.

use std::time::Duration;

use cookie::Cookie;
use http::HeaderValue;

use super::{MountedCookies, SameSite, SessionCookies};
use crate::{
    csrf::{CsrfKey, CsrfProtection},
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_400);
const PATH: &str = "/v1/auth/cookie";

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

async fn tokens(has_refresh: bool) -> TokenPair {
    let clock = SharedClock::new(Still);
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .shape(TokenShape::session())
        .access_ttl(Duration::from_secs(900))
        .clock(clock.clone())
        .build()
        .unwrap();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(3600));
    let mut builder = Sessions::builder(revocations, issuer)
        .refresh_ttl(Duration::from_secs(86_400))
        .session_ttl(Duration::from_secs(7 * 86_400));
    if has_refresh {
        builder = builder.refresh_keys(RefreshKeys::generate().unwrap());
    }
    let sessions = builder.build().unwrap();
    let ticket = sessions.begin_login().await.unwrap();
    let alice = Subject::new(sessions.issuer().shape().realm(), "alice");
    let open = OpenSession::login(&alice);
    sessions.open(ticket, &open).await.unwrap()
}

fn cookies() -> SessionCookies {
    SessionCookies::new(CsrfProtection::new(CsrfKey::new(&[7; 32]).unwrap()))
}

fn mounted(cookies: SessionCookies) -> MountedCookies {
    MountedCookies::new(cookies, PATH.to_owned()).unwrap()
}

/// What is told about one cookie, parsed by the library that parses for others.
fn told(values: &[HeaderValue], name: &str) -> Cookie<'static> {
    let parsed = values
        .iter()
        .map(|value| Cookie::parse(value.to_str().unwrap().to_owned()).unwrap());
    let mut own = parsed.filter(|cookie| cookie.name() == name);
    let found = own.next().unwrap_or_else(|| panic!("{name}"));
    assert!(own.next().is_none());
    found
}

fn seconds(cookie: &Cookie<'_>) -> i64 {
    cookie.max_age().unwrap().whole_seconds()
}

#[tokio::test]
async fn each_cookie_has_its_attributes() {
    let pair = tokens(true).await;
    let cookies = mounted(cookies());
    let set = cookies.set(&pair, NOW).unwrap();
    assert_eq!(set.len(), 3);

    let access = told(&set, "__Host-access_token");
    assert_eq!(access.value(), pair.access.token().expose());
    assert_eq!(access.path(), Some("/"));
    assert_eq!(access.http_only(), Some(true));
    // What has begun of the second is not given twice.
    assert_eq!(seconds(&access), 899);

    let refresh = told(&set, "__Secure-refresh_token");
    let token = pair.refresh.as_ref().unwrap().token();
    assert_eq!(refresh.value(), token.expose());
    assert_eq!(refresh.path(), Some(PATH));
    assert_eq!(refresh.http_only(), Some(true));
    assert_eq!(seconds(&refresh), 86_399);

    let csrf = told(&set, "__Host-csrf_token");
    let expected = cookies
        .cookies()
        .csrf()
        .session_token(pair.session.as_str());
    assert_eq!(csrf.value(), expected);
    assert_eq!(csrf.path(), Some("/"));
    assert_eq!(csrf.http_only(), None);
    assert_eq!(seconds(&csrf), 7 * 86_400 - 1);

    for cookie in [access, refresh, csrf] {
        assert_eq!(cookie.secure(), Some(true), "{cookie}");
        assert_eq!(cookie.same_site(), Some(cookie::SameSite::Lax), "{cookie}");
        assert_eq!(cookie.partitioned(), None, "{cookie}");
        assert_eq!(cookie.domain(), None, "{cookie}");
        assert_eq!(cookie.expires(), None, "{cookie}");
    }
    for value in &set {
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}

#[tokio::test]
async fn without_a_refresh_token_there_are_two() {
    let pair = tokens(false).await;
    let set = mounted(cookies()).set(&pair, NOW).unwrap();
    assert_eq!(set.len(), 2);
    assert_eq!(seconds(&told(&set, "__Host-access_token")), 899);
    // The session ends with its one access token.
    assert_eq!(seconds(&told(&set, "__Host-csrf_token")), 899);
}

#[tokio::test]
async fn settings_hold_for_all_cookies_set_or_cleared() {
    let pair = tokens(true).await;
    let lax = Some(cookie::SameSite::Lax);
    let strict = Some(cookie::SameSite::Strict);
    let none = Some(cookie::SameSite::None);
    for (cookies, same_site, partitioned, secure) in [
        (cookies(), lax, None, Some(true)),
        (cookies().same_site(SameSite::Lax), lax, None, Some(true)),
        (
            cookies().same_site(SameSite::Strict),
            strict,
            None,
            Some(true),
        ),
        (cookies().same_site(SameSite::None), none, None, Some(true)),
        (
            cookies().same_site(SameSite::None).partitioned(),
            none,
            Some(true),
            Some(true),
        ),
        (cookies().insecure_on_loopback(), lax, None, None),
        (
            cookies().insecure_on_loopback().same_site(SameSite::Strict),
            strict,
            None,
            None,
        ),
    ] {
        let cookies = mounted(cookies);
        let set = cookies.set(&pair, NOW).unwrap();
        let cleared: Vec<_> = cookies.clear().collect();
        assert_eq!((set.len(), cleared.len()), (3, 3));
        for name in [
            cookies.cookies().access_cookie(),
            cookies.cookies().refresh_cookie(),
            cookies.cookies().csrf_cookie(),
        ] {
            let mut set = told(&set, name);
            assert_eq!(set.same_site(), same_site, "{set}");
            assert_eq!(set.partitioned(), partitioned, "{set}");
            assert_eq!(set.secure(), secure, "{set}");
            // A browser forgets what has the same name and path, and the rest of
            // what it demands of those that set it.
            set.set_value("");
            set.set_max_age(cookie::time::Duration::ZERO);
            assert_eq!(set, told(&cleared, name));
        }
    }
}

#[test]
fn names_have_what_browsers_ask_for_them() {
    let names = |cookies: &SessionCookies| {
        let names = [
            cookies.access_cookie(),
            cookies.refresh_cookie(),
            cookies.csrf_cookie(),
        ];
        names.map(str::to_owned)
    };
    let secure = cookies();
    assert_eq!(
        names(&secure),
        [
            "__Host-access_token",
            "__Secure-refresh_token",
            "__Host-csrf_token"
        ]
    );
    let shop = secure.name_prefix("shop").unwrap();
    let expected = [
        "__Host-shop-access_token",
        "__Secure-shop-refresh_token",
        "__Host-shop-csrf_token",
    ];
    assert_eq!(names(&shop), expected);
    let expected = ["shop-access_token", "shop-refresh_token", "shop-csrf_token"];
    assert_eq!(names(&shop.clone().insecure_on_loopback()), expected);
    // In whatever order.
    let first_insecure = cookies().insecure_on_loopback();
    assert_eq!(
        names(&first_insecure.name_prefix("shop").unwrap()),
        expected
    );
    for bad in ["", "_shop", "__Host-shop", "a b", "a;b", "a=b", "é"] {
        assert!(cookies().name_prefix(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_browsers_would_not_keep_is_refused() {
    let refusal = |cookies: SessionCookies, path: &str| {
        let error = MountedCookies::new(cookies, path.to_owned()).unwrap_err();
        error.to_string()
    };
    let none = cookies().insecure_on_loopback().same_site(SameSite::None);
    assert!(refusal(none, PATH).contains("insecure_on_loopback"));
    let partitioned = cookies().partitioned().insecure_on_loopback();
    assert!(refusal(partitioned, PATH).contains("insecure_on_loopback"));
    assert!(refusal(cookies(), "").contains("path of its own"));
    assert!(refusal(cookies(), "/a;b").contains("semicolon"));
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", mounted(cookies()));
    assert!(shown.contains("__Host-access_token"), "{shown}");
    assert!(!shown.contains("7, 7"), "{shown}");
}
