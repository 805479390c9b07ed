//! Methods, bodies and content types: the same from every route, and from every
//! adapter to the byte.

use behaviour::{
    case::{Case, Expected, status},
    client::{Connection, Request},
};

use super::{
    APPLICATION_TOKEN, AUTHENTICATE, FORM_REFRESH, GRANT_LOGIN, HEADER_REFRESH, On, Stage,
    USERS_LOGIN, USERS_REFRESH,
};

const POSTS: [&str; 8] = [
    USERS_LOGIN,
    APPLICATION_TOKEN,
    AUTHENTICATE,
    GRANT_LOGIN,
    HEADER_REFRESH,
    FORM_REFRESH,
    "/logout",
    "/logout/all",
];

#[test]
fn other_methods_are_not_allowed() {
    let not_allowed = |allow: &str| status(405).field("allow", allow).not_stored();
    let mut cases = Vec::new();
    for path in POSTS {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "FOO"] {
            let name = format!("{method} {path}");
            cases.push(Case::new(
                name,
                Request::new(method, path),
                not_allowed("POST"),
            ));
        }
        let head = not_allowed("POST").without_body();
        cases.push(Case::new(
            format!("HEAD {path}"),
            Request::new("HEAD", path),
            head,
        ));
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        let request = Request::new(method, USERS_REFRESH);
        cases.push(Case::new(method, request, not_allowed("GET, POST")));
        for path in ["/sessions", "/.well-known/jwks.json"] {
            let request = Request::new(method, path);
            cases.push(Case::new(method, request, not_allowed("GET, HEAD")));
        }
    }
    Stage::new().everywhere.run(&cases);
}

/// Exactly 16 KiB are read; one byte more is too much.
#[test]
fn large_bodies() {
    let stage = Stage::new();
    let form = |path: &str, size: usize| {
        let start = "grant_type=x&filler=";
        let body = format!("{start}{}", "x".repeat(size - start.len()));
        Request::new("POST", path).form(&body)
    };
    let json = |size: usize| {
        let (start, end) = (r#"{"filler":""#, r#""}"#);
        let filler = "x".repeat(size - start.len() - end.len());
        Request::new("POST", USERS_LOGIN).json(&format!("{start}{filler}{end}"))
    };
    let limit = 16 * 1024;
    let too_large = || status(413).not_stored();
    let case =
        |name: &str, request: Request, expected: Expected| Case::new(name, request, expected);
    stage.everywhere.run(&[
        case(
            "a form at the limit",
            form(GRANT_LOGIN, limit),
            status(400).not_stored(),
        ),
        case("a form beyond", form(GRANT_LOGIN, limit + 1), too_large()),
        case("a form far beyond", form(GRANT_LOGIN, 200_000), too_large()),
        case("refresh", form(FORM_REFRESH, limit + 1), too_large()),
        case("api key", form(AUTHENTICATE, limit + 1), too_large()),
        case("JSON at the limit", json(limit), status(400).not_stored()),
        case("JSON beyond", json(limit + 1), too_large()),
    ]);
}

/// Whatever is announced, and however it comes.
#[test]
fn large_bodies_in_pieces() {
    Stage::new().play(async |on: &On<'_>| {
        let mut connection = Connection::open(on.server.address).await.unwrap();
        let head = Request::new("POST", USERS_LOGIN)
            .field("Content-Type", "application/json")
            .field("Transfer-Encoding", "chunked");
        connection.write(&head.to_bytes()).await.unwrap();
        let piece = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
        for _ in 0..5 {
            connection.write(piece.as_bytes()).await.unwrap();
        }
        // It is not at its end, and need not be.
        let answer = connection.answer("POST").await.unwrap();
        assert_eq!(answer.status, 413, "{}: {answer:?}", on.server.name);
    });
}

/// In pieces that end, all is well.
#[test]
fn bodies_in_pieces() {
    Stage::new().play(async |on: &On<'_>| {
        let mut connection = Connection::open(on.server.address).await.unwrap();
        let head = Request::new("POST", USERS_LOGIN)
            .field("Content-Type", "application/json")
            .field("Transfer-Encoding", "chunked");
        connection.write(&head.to_bytes()).await.unwrap();
        for piece in [
            r#"{"username":"al"#,
            r#"ice","password":"#,
            r#""wonder land"}"#,
        ] {
            let piece = format!("{:x}\r\n{piece}\r\n", piece.len());
            connection.write(piece.as_bytes()).await.unwrap();
        }
        connection.write(b"0\r\n\r\n").await.unwrap();
        let answer = connection.answer("POST").await.unwrap();
        assert_eq!(answer.status, 200, "{}: {answer:?}", on.server.name);
    });
}

#[test]
fn content_types() {
    let login = r#"{"username":"alice","password":"wrong"}"#;
    let form = "grant_type=password&username=alice&password=wrong";
    let key = "apiid=demo-id&apikey=wrong";
    let unsupported = || status(415).not_stored();
    let mut cases = Vec::new();
    let mut add = |path: &str, body: &str, media_type: &str, expected: Expected| {
        let request = Request::new("POST", path).body(media_type, body);
        cases.push(Case::new(
            format!("{media_type:?} for {path}"),
            request,
            expected,
        ));
    };
    for good in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        // No parameter is defined, and what is not known is ignored.
        "application/json; charset=utf8",
        "application/json; charset=ISO-8859-1",
        "application/json; boundary=x; a=\"b; c, d\"",
    ] {
        let wrong = status(401)
            .challenge("Bearer", &[("realm", "api")])
            .not_stored();
        add(USERS_LOGIN, login, good, wrong);
    }
    for good in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "APPLICATION/X-WWW-FORM-URLENCODED;charset=\"utf-8\"",
        "application/x-www-form-urlencoded;charset=utf8",
        "application/x-www-form-urlencoded; charset=ISO-8859-1",
    ] {
        add(
            GRANT_LOGIN,
            form,
            good,
            status(400).json_at("/error", "invalid_grant").not_stored(),
        );
        let wrong = status(401)
            .challenge("Bearer", &[("realm", "api")])
            .not_stored();
        add(AUTHENTICATE, key, good, wrong);
    }
    for bad in [
        "",
        "text/plain",
        "application",
        "application/jsonx",
        "multipart/form-data; boundary=x",
        "application/json, application/json",
        "application/json; charset=utf-8, application/x-www-form-urlencoded",
        "application/json; charset",
        "application/x-www-form-urlencoded; charset=\"utf-8",
    ] {
        add(USERS_LOGIN, login, bad, unsupported());
        add(GRANT_LOGIN, form, bad, unsupported());
        add(AUTHENTICATE, key, bad, unsupported());
        add(FORM_REFRESH, form, bad, unsupported());
    }
    add(
        USERS_LOGIN,
        login,
        "application/x-www-form-urlencoded",
        unsupported(),
    );
    add(GRANT_LOGIN, form, "application/json", unsupported());
    add(AUTHENTICATE, key, "application/json", unsupported());
    Stage::new().everywhere.run(&cases);
}

#[test]
fn json_that_is_none() {
    let refused = || {
        status(400)
            .json_at("/error", "invalid_request")
            .not_stored()
    };
    let cases: Vec<_> = [
        "",
        "{",
        "[]",
        "null",
        "1",
        r#""alice""#,
        r#"{"username":"alice","password":"hunter2"} {}"#,
        r#"{"username":"alice","password":"hunter2",}"#,
        r#"{"username":"alice","username":"bob","password":"hunter2"}"#,
        r#"{"username":"alice","user\u006eame":"bob","password":"hunter2"}"#,
        r#"{"username":"alice","password":"hunter2","password":"hunter2"}"#,
        r#"{"username":["alice"],"password":"hunter2"}"#,
        r#"{"username":"alice","password":123456}"#,
        r#"{"username":"alice","password":null}"#,
        r#"{"username":"alice"}"#,
        r#"{"password":"hunter2"}"#,
        r#"{"username":"","password":"hunter2"}"#,
        r#"{"username":"alice","password":""}"#,
        "{\"username\":\"al\\u0000ice\",\"password\":\"hunter2\"}",
        "{\"username\":\"alice\",\"password\":\"hunter2\u{1}\"}",
        &format!(r#"{{"x":{}"#, "[".repeat(10_000)),
    ]
    .into_iter()
    .map(|body| {
        let name: String = body.chars().take(60).collect();
        Case::new(
            name,
            Request::new("POST", USERS_LOGIN).json(body),
            refused(),
        )
    })
    .collect();
    let stage = Stage::new();
    stage.everywhere.run(&cases);
    // The field is named, its value never.
    stage.play(async |on: &On<'_>| {
        let body = r#"{"username":"alice","password":["hunter2"]}"#;
        let answer = on.json(USERS_LOGIN, body).await;
        assert!(answer.text().contains("password"), "{answer:?}");
        assert!(!answer.text().contains("hunter2"), "{answer:?}");
    });
    let utf8 = Request::new("POST", USERS_LOGIN).body(
        "application/json",
        b"{\"username\":\"\xff\",\"password\":\"x\"}",
    );
    stage
        .everywhere
        .run(&[Case::new("not UTF-8", utf8, refused())]);
}

/// What is no endpoint is the application's.
#[test]
fn other_paths() {
    Stage::new().play(async |on: &On<'_>| {
        for path in [
            "/api/users",
            "/api/users/login/",
            "/auth/jwt",
            "/nowhere",
            "//logout",
        ] {
            let answer = on.send(Request::new("POST", path)).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
        }
    });
}

/// A query changes nothing, and carries no fields.
#[test]
fn queries_are_ignored() {
    Stage::new().play(async |on: &On<'_>| {
        let form = "grant_type=password&username=alice&password=wonder+land";
        let answer = on.form(&format!("{GRANT_LOGIN}?x=1"), form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = on.form(&format!("{GRANT_LOGIN}?{form}"), "").await;
        assert_eq!(answer.status, 400, "{answer:?}");
    });
}
