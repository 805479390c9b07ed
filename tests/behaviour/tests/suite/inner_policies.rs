//! Policies of inner layers, behind one that has verified the token.

use std::sync::OnceLock;

use behaviour::{
    case::{
        Case, insufficient_role, insufficient_scope, invalid_token, misconfigured, missing, passes,
        status,
    },
    client::Request,
    run::Everywhere,
    site::{Demand, Guard, Handler, Site},
};
use portcullis::{
    challenge::{Realm, RefusalFormat},
    guard::{Authenticator, LoginPage},
    policy::Policy,
    verify::TokenCache,
};
use serde_json::{Value, json};

use crate::protected::{get, mint, private, token, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let guard = || Authenticator::new(builder().build().unwrap());
    let admin = || Policy::role("roles", "admin");
    let read = || Policy::scope("read").unwrap();
    let gets = Policy::request(|_, head| {
        head.method() == "GET" && head.target().path() == "/request" && head.peer().is_some()
    });
    let realm = Realm::new("the realm").unwrap();
    let problem = RefusalFormat::problem_details();
    let page = LoginPage::new("/login").unwrap();
    let if_present = |outer| Guard::Inner(outer, Demand::IfPresent(admin()));
    Site::new()
        .route("/admin", Guard::inner(guard(), admin()), Handler::Claims)
        .route(
            "/both",
            Guard::inner(guard().require(read()), admin()),
            Handler::Claims,
        )
        .route(
            "/optional",
            Guard::inner(guard().optional(), admin()),
            Handler::Maybe,
        )
        .route(
            "/if-present",
            if_present(Some(Box::new(guard().optional()))),
            Handler::Maybe,
        )
        .route(
            "/if-present/required",
            if_present(Some(Box::new(guard()))),
            Handler::Maybe,
        )
        .route(
            "/alone",
            Guard::Inner(None, Demand::Token(admin())),
            Handler::Claims,
        )
        .route("/alone/if-present", if_present(None), Handler::Claims)
        .route("/request", Guard::inner(guard(), gets), Handler::Claims)
        .route(
            "/realm",
            Guard::inner(guard().realm(realm).optional(), admin()),
            Handler::Claims,
        )
        .route(
            "/problem",
            Guard::inner(guard().refusal_format(problem), admin()),
            Handler::Claims,
        )
        .route(
            "/private",
            Guard::inner(private(guard()), admin()),
            Handler::Claims,
        )
        .route(
            "/page",
            Guard::inner(guard().optional().login_page(page), admin()),
            Handler::Claims,
        )
        .route("/echo", Guard::inner(guard(), admin()), Handler::Echo)
        .route("/scoped", Guard::inner(guard(), admin()), Handler::Scoped)
}

fn with(path: &str, roles: Value) -> Request {
    get(path).authorization(token().claim("roles", roles).bearer())
}

fn admin(path: &str) -> Request {
    with(path, json!(["admin"]))
}

fn user(path: &str) -> Request {
    with(path, json!(["user"]))
}

#[test]
fn more_is_demanded_further_in() {
    let scoped = |path: &str, role: &str| {
        let draft = token().claim("scope", "read").claim("roles", role);
        get(path).authorization(draft.bearer())
    };
    everywhere().run(&[
        Case::new("an admin", admin("/admin"), passes()),
        Case::new("a user", user("/admin"), insufficient_role()),
        Case::new("nobody", get("/admin"), missing()),
        Case::new("a bad token", get("/admin").bearer("x"), invalid_token()),
        Case::new("both", scoped("/both", "admin"), passes()),
        Case::new(
            "the outer one goes first",
            user("/both"),
            insufficient_scope("read"),
        ),
        Case::new(
            "then the inner one",
            scoped("/both", "user"),
            insufficient_role(),
        ),
        Case::new(
            "an extractor comes last",
            user("/scoped"),
            insufficient_role(),
        ),
        Case::new(
            "an extractor",
            admin("/scoped"),
            insufficient_scope("read write"),
        ),
        Case::new(
            "the request",
            get("/request").authorization(token().bearer()),
            passes(),
        ),
        Case::new(
            "another request",
            Request::new("POST", "/request").authorization(token().bearer()),
            insufficient_role().reason("RequestRefused"),
        ),
    ]);
}

/// A policy implies a token further in, too.
#[test]
fn an_outer_layer_may_be_optional() {
    let anonymous = || passes().body(r#"{"authenticated":false,"subject":null}"#);
    everywhere().run(&[
        Case::new("nobody", get("/optional"), missing()),
        Case::new(
            "another scheme",
            get("/optional").authorization("Basic YTpi"),
            missing(),
        ),
        Case::new("an admin", admin("/optional"), passes()),
        Case::new("a user", user("/optional"), insufficient_role()),
        Case::new("if present, nobody", get("/if-present"), anonymous()),
        Case::new("if present, an admin", admin("/if-present"), passes()),
        Case::new(
            "if present, a user",
            user("/if-present"),
            insufficient_role(),
        ),
        Case::new(
            "if present, bad",
            get("/if-present").bearer("x"),
            invalid_token(),
        ),
        Case::new(
            "required by the outer one",
            get("/if-present/required"),
            missing(),
        ),
    ]);
}

#[test]
fn without_an_outer_layer_nothing_passes() {
    let mut cases = Vec::new();
    for path in ["/alone", "/alone/if-present"] {
        for (name, request) in [("an admin", admin(path)), ("nobody", get(path))] {
            cases.push(Case::new(
                format!("{name} on {path}"),
                request,
                misconfigured(),
            ));
        }
    }
    everywhere().run(&cases);
}

/// Realm, format, headers and login page are those of the outer layer.
#[test]
fn refusals_look_as_the_outer_layer_has_it() {
    let private = |expected: behaviour::case::Expected| {
        // Each once, although both layers are on the way back.
        expected
            .field("cache-control", "private")
            .field("x-guard", "a")
    };
    let sent = status(303)
        .field("location", "/login?return_to=/page")
        .field("cache-control", "no-store")
        .field("vary", "sec-fetch-mode")
        .body("");
    let navigate = || get("/page").field("Sec-Fetch-Mode", "navigate");
    let problem = status(403)
        .challenge(
            "Bearer",
            &[("realm", "api"), ("error", "insufficient_scope")],
        )
        .field("content-type", "application/problem+json")
        .reason("RoleMissing");
    everywhere().run(&[
        Case::new(
            "the realm",
            get("/realm"),
            missing().param("realm", "the realm"),
        ),
        Case::new(
            "the realm of a 403",
            user("/realm"),
            insufficient_role().param("realm", "the realm"),
        ),
        Case::new("the format", user("/problem"), problem),
        Case::new("headers", user("/private"), private(insufficient_role())),
        Case::new(
            "headers of what passes",
            admin("/private"),
            private(passes()),
        ),
        Case::new("a browser", navigate(), sent),
        Case::new(
            "a browser with a token",
            navigate().authorization(token().bearer()),
            insufficient_role().no_field("location"),
        ),
    ]);
}

#[test]
fn a_body_goes_through_both() {
    let token = token().claim("roles", "admin").bearer();
    let request = Request::new("POST", "/echo")
        .authorization(token)
        .body("text/plain", "the body");
    everywhere().run(&[Case::new("echo", request, status(200).body("the body"))]);
}
