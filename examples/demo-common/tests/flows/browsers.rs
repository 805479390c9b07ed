//! What the demos do for browsers, and what they tell of requests.

use std::{
    collections::BTreeSet,
    fs::{self, File},
};

use serde_json::{Value, json};

use super::{
    client,
    http::Answer,
    server::{Server, failure, sqlite_in},
};

const LOGIN: &str = "/auth/cookie/login";

pub(crate) fn browsers_have_cookies(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite_in(folder.path());
    let server = Server::start(program, &store, &[]);
    for (origin, status) in [
        (format!("http://{}", server.address), 200),
        (format!("http://localhost:{}", server.address.port()), 200),
        ("http://evil.example".to_owned(), 403),
    ] {
        log_in(&server, &origin).expect(status);
    }
    let own = format!("http://{}", server.address);
    let login = log_in(&server, &own);
    let (cookies, csrf) = (Cookies::of(&login), login.text("/csrf_token"));
    assert_eq!(cookies.0.len(), 3);
    let cookies = cookies.header();
    let me = server.get("/me").header("Cookie", &cookies).send();
    let me = me.expect(200).json();
    assert_eq!(me["user_id"], "alice");
    let opened = server.get("/maybe").header("Cookie", &cookies).send();
    assert_eq!(opened.expect(200).json()["authenticated"], true);
    // A header decides, and the cookie is not read.
    let both = server.get("/me").header("Cookie", &cookies).bearer("bad");
    both.send().expect(401);

    let end = || {
        let end = server.post("/sessions/end").header("Cookie", &cookies);
        let end = end.header("Origin", &own);
        end.json(json!({ "id": me["sid"] }))
    };
    end().send().expect(403);
    end().header("X-CSRF-Token", "wrong").send().expect(403);
    end().header("X-CSRF-Token", &csrf).send().expect(204);
    let over = server.get("/me").header("Cookie", &cookies).send();
    over.expect(401);

    the_key_is_kept(program, &store, server);
    cookies_can_be_chosen(program);
}

/// What a page has been told is good after a restart, too.
fn the_key_is_kept(program: &str, store: &str, server: Server) {
    let origin = ["--origin", "http://app.example"];
    let login = log_in(&server, &format!("http://{}", server.address));
    let (cookies, csrf) = (Cookies::of(&login).header(), login.text("/csrf_token"));
    assert_eq!(server.terminate().code(), Some(0));
    let server = Server::start(program, store, &origin);
    let refresh = server
        .post("/auth/cookie/refresh")
        .header("Cookie", &cookies);
    let refresh = refresh
        .header("Origin", origin[1])
        .header("X-CSRF-Token", &csrf);
    assert_eq!(refresh.send().expect(200).text("/csrf_token"), csrf);
}

fn cookies_can_be_chosen(program: &str) {
    let server = Server::start(program, "memory:", &["--cookies=off"]);
    log_in(&server, &format!("http://{}", server.address)).expect(404);

    let server = Server::start(program, "memory:", &["--cookies"]);
    let own = format!("http://{}", server.address);
    log_in(&server, &own).expect(403);
    // As a proxy with TLS in front of it passes it on.
    let login = server.post(LOGIN).header("Sec-Fetch-Site", "same-origin");
    let login = login.json(alice()).send().expect(200);
    for cookie in login.headers("set-cookie") {
        assert!(
            cookie.starts_with("__") && cookie.contains("; Secure"),
            "{cookie}"
        );
    }

    let everywhere = ["--listen", "0.0.0.0:0", "--insecure-cookies"];
    let (code, text) = failure(program, "memory:", &everywhere);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    for reason in ["--insecure-cookies", "loopback", "TLS"] {
        assert!(text.contains(reason), "{text}");
    }
}

fn alice() -> Value {
    json!({ "username": "alice", "password": "wonderland" })
}

fn log_in(server: &Server, origin: &str) -> Answer {
    let login = server.post(LOGIN).header("Origin", origin);
    login.json(alice()).send()
}

/// What a browser keeps: names and values.
struct Cookies(Vec<String>);

impl Cookies {
    fn of(answer: &Answer) -> Self {
        let set = answer.headers("set-cookie").into_iter();
        let pairs = set.filter_map(|cookie| cookie.split(';').next());
        Self(pairs.map(str::to_owned).collect())
    }

    fn header(&self) -> String {
        self.0.join("; ")
    }
}

pub(crate) fn pages_elsewhere_may_call(program: &str) {
    let origins = ["https://app.example", "http://localhost:3000"];
    let further = ["--cors", origins[0], "--cors", origins[1]];
    let server = Server::start(program, "memory:", &further);
    for (path, method) in [("/me", "GET"), ("/auth/jwt/refresh", "POST")] {
        for origin in origins {
            let preflight = preflight(&server, path, origin, method).expect(200);
            assert_eq!(allowed(&preflight), Some(origin));
            assert_eq!(
                preflight.header("access-control-allow-credentials"),
                Some("true")
            );
            let methods = list(&preflight, "access-control-allow-methods");
            assert!(
                methods.contains(&method.to_ascii_lowercase()),
                "{methods:?}"
            );
            let headers = list(&preflight, "access-control-allow-headers");
            let expected = [
                "authorization",
                "content-type",
                "refresh-token",
                "x-csrf-token",
            ];
            assert_eq!(headers, expected.map(str::to_owned).into());
        }
        let evil = preflight(&server, path, "https://evil.example", method);
        assert_eq!(allowed(&evil), None);
    }
    // Refusals can be read, too.
    let refused = server.get("/me").header("Origin", origins[0]).send();
    let refused = refused.expect(401);
    assert_eq!(allowed(&refused), Some(origins[0]));
    let readable = list(&refused, "access-control-expose-headers");
    let expected = ["retry-after", "www-authenticate"];
    assert_eq!(readable, expected.map(str::to_owned).into());
    let evil = server.get("/me").header("Origin", "https://evil.example");
    assert_eq!(allowed(&evil.send().expect(401)), None);

    let server = Server::start(program, "memory:", &[]);
    let preflight = preflight(&server, "/me", origins[0], "GET");
    assert_eq!(allowed(&preflight.expect(405)), None);
}

fn preflight(server: &Server, path: &str, origin: &str, method: &str) -> Answer {
    let request = server.request("OPTIONS", path).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", method);
    let headers = "authorization,refresh-token,x-csrf-token,content-type";
    request
        .header("Access-Control-Request-Headers", headers)
        .send()
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

fn list(answer: &Answer, name: &str) -> BTreeSet<String> {
    let values = answer.header(name).unwrap_or_default().split(',');
    values
        .map(|value| value.trim().to_ascii_lowercase())
        .collect()
}

pub(crate) fn requests_are_told_without_secrets(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let told = File::create(&log).unwrap();
    let server = Server::start_telling(program, &["--access-log", "--query-token"], told);
    let pair = client::log_in(&server);
    let query = format!("/me?access_token={}", pair.access);
    let in_query = server
        .get(&query)
        .header("X-Probe", "a-headers-value")
        .send();
    let cache = in_query.expect(200);
    let cache = cache.headers("cache-control").join(", ");
    assert!(cache.contains("private"), "{cache}");
    let escaped = format!("/me?a=b&access%5Ftoken={}&c=d", pair.access);
    server.get(&escaped).send().expect(200);
    server.get(&query).bearer(&pair.access).send().expect(400);
    let elsewhere = format!("/scoped/read?access_token={}", pair.access);
    server.get(&elsewhere).send().expect(401);
    server.get("/nowhere?code=a-code").send().expect(404);
    let preflight = server.request("OPTIONS", "/me").send();
    preflight.expect(405);
    assert_eq!(server.terminate().code(), Some(0));

    let log = fs::read_to_string(log).unwrap();
    let lines: Vec<_> = log
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter(|(_, time)| time.ends_with("ms"))
        .map(|(line, _)| line)
        .collect();
    assert_eq!(
        lines,
        [
            "POST /auth/jwt/login 200",
            "GET /me?access_token=*** 200",
            "GET /me?a=b&access%5Ftoken=***&c=d 200",
            "GET /me?access_token=*** 400",
            "GET /scoped/read?access_token=*** 401",
            "GET /nowhere?code=*** 404",
            "OPTIONS /me 405",
        ]
    );
    let signature = pair.access.rsplit('.').next().unwrap();
    for secret in [signature, "a-headers-value", "a-code", "wonderland"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }

    let server = Server::start(program, "memory:", &[]);
    let access = client::log_in(&server).access;
    let query = format!("/me?access_token={access}");
    server.get(&query).send().expect(401);
}
