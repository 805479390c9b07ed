//! The rejection table, optional authentication, bodies of refusals, HEAD.

use behaviour::{
    case::{
        Case, insufficient_scope, invalid_request, invalid_token, misconfigured, missing, passes,
        status,
    },
    client::Request,
};

use crate::protected::{everywhere, get, token};

#[test]
fn optional_means_absent() {
    let anonymous = || passes().body(r#"{"authenticated":false,"subject":null}"#);
    let alice = || passes().body(r#"{"authenticated":true,"subject":"alice"}"#);
    let good = token().bearer();
    let scoped = token().claim("scope", "read").bearer();
    everywhere().run(&[
        Case::new("absent", get("/maybe"), anonymous()),
        Case::new(
            "another scheme",
            get("/maybe").authorization("Basic YTpi"),
            anonymous(),
        ),
        Case::new("empty", get("/maybe").authorization(""), anonymous()),
        Case::new("good", get("/maybe").authorization(&good), alice()),
        Case::new(
            "malformed",
            get("/maybe").authorization("Bearer"),
            invalid_request(),
        ),
        Case::new("garbage", get("/maybe").bearer("garbage"), invalid_token()),
        Case::new(
            "expired",
            get("/maybe").authorization(token().expired().bearer()),
            invalid_token(),
        ),
        Case::new("absent, with a policy", get("/maybe/read"), missing()),
        Case::new(
            "good, with a policy",
            get("/maybe/read").authorization(&scoped),
            alice(),
        ),
        Case::new(
            "good, not good enough",
            get("/maybe/read").authorization(&good),
            insufficient_scope("read"),
        ),
        // An extractor that is not optional behind a layer that is.
        Case::new("absent, but demanded", get("/maybe/claims"), missing()),
        Case::new(
            "there, and demanded",
            get("/maybe/claims").authorization(&good),
            passes(),
        ),
    ]);
}

/// Never "anonymous" where somebody forgot the layer.
#[test]
fn an_extractor_without_a_layer_is_a_fault_of_the_server() {
    let good = token().claim("scope", "read write").bearer();
    let cases: Vec<_> = ["/no-layer", "/no-layer/maybe", "/no-layer/scoped"]
        .into_iter()
        .flat_map(|path| {
            [
                Case::new(path, get(path), misconfigured()),
                Case::new(path, get(path).authorization(&good), misconfigured()),
                Case::new(path, get(path).authorization("Bearer"), misconfigured()),
            ]
        })
        .collect();
    everywhere().run(&cases);
}

#[test]
fn bodies_of_refusals_can_be_replaced() {
    let text = |expected: behaviour::case::Expected, code: u16| {
        let _ = expected;
        status(code)
            .field("content-type", "text/plain")
            .body(format!("status {code}"))
    };
    let bearer = [("realm", "api")];
    let with_error = [("realm", "api"), ("error", "invalid_token")];
    let malformed = [("realm", "api"), ("error", "invalid_request")];
    everywhere().run(&[
        Case::new(
            "missing",
            get("/custom"),
            text(missing(), 401).challenge("Bearer", &bearer),
        ),
        Case::new(
            "bad",
            get("/custom").bearer("x"),
            text(invalid_token(), 401).challenge("Bearer", &with_error),
        ),
        Case::new(
            "malformed",
            get("/custom").authorization("Bearer"),
            text(invalid_request(), 400).challenge("Bearer", &malformed),
        ),
        Case::new(
            "no body",
            get("/custom/empty"),
            status(401)
                .challenge("Bearer", &bearer)
                .body("")
                .no_field("content-type"),
        ),
        Case::new(
            "of an extractor",
            get("/custom/typed").authorization(token().bearer()),
            status(401)
                .challenge("Bearer", &with_error)
                .field("content-type", "application/problem+json")
                .body(r#"{"title":"no"}"#),
        ),
        Case::new(
            "good ones are untouched",
            get("/custom").authorization(token().bearer()),
            passes(),
        ),
    ]);
}

/// RFC 9110 section 5.6.4: quotes and backslashes are escaped.
#[test]
fn a_realm_parses_back() {
    let realm = r#"a "b" \ c, Basic realm="d""#;
    everywhere().run(&[
        Case::new("missing", get("/realm"), missing().param("realm", realm)),
        Case::new(
            "bad",
            get("/realm").bearer("x"),
            invalid_token().param("realm", realm),
        ),
    ]);
}

/// RFC 9110 section 9.3.2: the same fields as GET, and no body.
#[test]
fn head() {
    let head = |path: &str| Request::new("HEAD", path);
    let good = token().bearer();
    everywhere().run(&[
        Case::new("missing", head("/claims"), missing().without_body()),
        Case::new(
            "bad",
            head("/claims").bearer("x"),
            invalid_token().without_body(),
        ),
        Case::new(
            "malformed",
            head("/claims").authorization("Bearer"),
            invalid_request().without_body(),
        ),
        Case::new(
            "scope",
            head("/read").authorization(&good),
            insufficient_scope("read").without_body(),
        ),
        Case::new(
            "no layer",
            head("/no-layer"),
            misconfigured().without_body(),
        ),
        Case::new(
            "good",
            head("/claims").authorization(&good),
            passes().without_body(),
        ),
    ]);
}

#[test]
fn every_method_is_protected() {
    let good = token().bearer();
    let cases: Vec<_> = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .flat_map(|method| {
            [
                Case::new(method, Request::new(method, "/claims"), missing()),
                Case::new(
                    method,
                    Request::new(method, "/claims").authorization(&good),
                    passes(),
                ),
            ]
        })
        .collect();
    everywhere().run(&cases);
}

/// What a handler says of its own is not touched, and neither is an open route.
#[test]
fn what_is_not_protected_is_left_alone() {
    let open = |value: &str| {
        Request::new("POST", "/open")
            .authorization(value)
            .body("text/plain", "x")
    };
    everywhere().run(&[
        Case::new("nothing", get("/open"), status(200)),
        Case::new("garbage", open("Bearer garbage"), status(200).body("x")),
        Case::new("malformed", open("Bearer"), status(200).body("x")),
        Case::new("no such route", get("/nowhere"), status(404)),
    ]);
}

/// On every answer to a request that was decided about, once.
#[test]
fn headers_are_added_to_answers() {
    let private = |expected: behaviour::case::Expected| {
        expected
            .field("cache-control", "private")
            .field("x-guard", "a")
    };
    let good = token().bearer();
    let on = |path: &str| get(path).authorization(&good);
    everywhere().run(&[
        Case::new("passed", on("/private"), private(passes())),
        Case::new(
            "passed without credentials",
            get("/private/maybe"),
            private(passes()),
        ),
        Case::new("missing", get("/private"), private(missing())),
        Case::new(
            "malformed",
            get("/private").authorization("Bearer"),
            private(invalid_request()),
        ),
        Case::new("bad", get("/private").bearer("x"), private(invalid_token())),
        Case::new(
            "refused by a handler's extractor",
            on("/private/typed"),
            private(invalid_token()),
        ),
        Case::new(
            "refused by an extractor of its own",
            get("/own/private").bearer("x"),
            private(invalid_token()),
        ),
        Case::new(
            "HEAD",
            Request::new("HEAD", "/private").authorization(&good),
            private(passes().without_body()),
        ),
        Case::new(
            "elsewhere",
            on("/claims"),
            passes().no_field("cache-control"),
        ),
    ]);
}
