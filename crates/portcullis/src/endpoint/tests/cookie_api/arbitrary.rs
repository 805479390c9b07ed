//! Whatever a browser sends: which answers set cookies, and which clear them.

use http::Request;
use proptest::prelude::*;
use tokio::runtime;

use super::browser::{
    ACCESS, ALICE, APP, Browser, CSRF, LOGIN, LOGOUT, LOGOUT_ALL, REFRESH, REFRESH_COOKIE,
    names_set, rotating, set_cookies,
};
use crate::endpoint::tests::fixture::{JSON, Server};

/// Where the request says that it comes from, and whether that is good.
const ORIGINS: [(&str, &str, bool); 7] = [
    ("sec-fetch-site", "same-origin", true),
    ("sec-fetch-site", "same-origin", true),
    ("origin", APP, true),
    ("origin", "https://evil.example", false),
    ("sec-fetch-site", "same-site", false),
    ("sec-fetch-site", "", false),
    ("x-nothing", "", false),
];

/// One of two sessions' tokens or nonsense, for one of the cookies.
fn cookie() -> impl Strategy<Value = (&'static str, usize, usize)> {
    let names = vec![ACCESS, REFRESH_COOKIE, REFRESH_COOKIE, CSRF, "x", ""];
    (prop::sample::select(names), 0_usize..7, 0_usize..4000)
}

struct World {
    runtime: runtime::Runtime,
    server: Server,
    browsers: [Browser; 2],
}

impl World {
    fn new() -> Self {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let (server, browsers) = runtime.block_on(async {
            let server = rotating().await;
            let browsers = [
                Browser::logged_in(&server).await,
                Browser::logged_in(&server).await,
            ];
            (server, browsers)
        });
        Self {
            runtime,
            server,
            browsers,
        }
    }

    fn value(&self, which: usize, byte: usize) -> String {
        let [one, two] = &self.browsers;
        let token = match which {
            0 | 1 => one.value(REFRESH_COOKIE),
            2 => one.value(ACCESS),
            3 => two.value(REFRESH_COOKIE),
            4 => two.value(ACCESS),
            5 => &one.csrf,
            _ => "\"",
        };
        let mut token = token.as_bytes().to_owned();
        if let Some(byte) = token.get_mut(byte) {
            *byte ^= 1;
        }
        String::from_utf8(token).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn cookies_are_set_and_cleared_as_it_is_promised(
        path in prop::sample::select(vec![LOGIN, REFRESH, LOGOUT, LOGOUT_ALL, "/sessions/end"]),
        method in prop::sample::select(vec!["POST", "POST", "POST", "GET", "HEAD"]),
        origin in prop::sample::select(ORIGINS.to_vec()),
        cookies in proptest::collection::vec(cookie(), 0..4),
        csrf in prop::sample::select(vec![0_usize, 0, 1, 2]),
        body in prop::sample::select(vec![ALICE, ALICE, "", "{", r#"{"id":"x"}"#]),
    ) {
        thread_local! {
            static WORLD: World = World::new();
        }
        WORLD.with(|world| {
            let (name, value, is_own) = origin;
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header("content-type", JSON)
                .header(name, value);
            if let Some(browser) = world.browsers.get(csrf) {
                request = request.header("x-csrf-token", &browser.csrf);
            }
            let pairs: Vec<_> = cookies
                .iter()
                .map(|(name, which, byte)| format!("{name}={}", world.value(*which, *byte)))
                .collect();
            let occurs = |name: &str| cookies.iter().filter(|(own, _, _)| *own == name).count();
            if !pairs.is_empty() {
                request = request.header("cookie", pairs.join("; "));
            }
            let answer = world.runtime.block_on(world.server.send(request, body));
            let status = answer.status().as_u16();
            let set = names_set(&answer);
            let cleared = set_cookies(&answer).len() - set.len();
            match status {
                200 => {
                    assert_eq!((set.len(), cleared), (3, 0), "{answer:?}");
                    assert!(matches!(path, LOGIN | REFRESH));
                }
                204 if path == "/sessions/end" => {}
                204 => {
                    assert_eq!((set.len(), cleared), (0, 3), "{answer:?}");
                    assert!(matches!(path, LOGOUT | LOGOUT_ALL));
                }
                401 if matches!(path, LOGIN | "/sessions/end") => {
                    assert_eq!((set.len(), cleared), (0, 0), "{answer:?}");
                }
                401 => assert!(set.is_empty() && matches!(cleared, 0 | 3), "{answer:?}"),
                400 | 403 | 405 => assert_eq!((set.len(), cleared), (0, 0), "{answer:?}"),
                _ => panic!("{answer:?}"),
            }
            if method != "POST" {
                assert_eq!(status, 405);
            } else if !is_own && path != "/sessions/end" {
                assert_eq!(status, 403, "{answer:?}");
            } else if matches!(path, REFRESH | LOGOUT | LOGOUT_ALL) && occurs(REFRESH_COOKIE) > 1 {
                assert_eq!(status, 400, "{answer:?}");
            }
        });
    }
}
