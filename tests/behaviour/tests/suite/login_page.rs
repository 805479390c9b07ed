//! Browsers that are sent to log in, and back.

use std::sync::OnceLock;

use behaviour::{
    backend::Backend,
    case::{
        Case, Expected, insufficient_scope, invalid_request, invalid_token, missing, not_fresh,
        passes, status,
    },
    client::Request,
    run::{Everywhere, block_on, exchange},
    site::{Guard, Handler, Site},
};
use portcullis::{
    challenge::RefusalFormat,
    credentials::TokenSource,
    guard::{Authenticator, LoginPage},
    policy::Policy,
    verify::TokenCache,
};

use crate::protected::{get, mint, session_token, token, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn login() -> LoginPage {
    LoginPage::new("/login").unwrap()
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let plain = || Authenticator::new(builder().build().unwrap());
    let guard = || plain().login_page(login());
    let fresh = builder()
        .subject_claim("identity")
        .kind_claim("type", "access");
    let fresh = Authenticator::new(fresh.fresh_claim("fresh").build().unwrap());
    let elsewhere = LoginPage::new("https://login.test/in?of=shop").unwrap();
    let query = TokenSource::query("access_token").unwrap();
    Site::new()
        .route("/page", guard(), Handler::Claims)
        .route("/page/maybe", guard().optional(), Handler::Maybe)
        .route("/page/claims", guard().optional(), Handler::Claims)
        .route("/page/typed", guard(), Handler::Typed)
        .route("/page/raw", guard().optional(), Handler::Refresh)
        .route("/page/scoped", guard(), Handler::Scoped)
        .route("/page/own", Guard::extractor(guard()), Handler::Claims)
        .route("/page/own/typed", Guard::extractor(guard()), Handler::Typed)
        .route(
            "/page/fresh",
            fresh.login_page(login()).require(Policy::fresh()),
            Handler::Claims,
        )
        .route(
            "/page/elsewhere",
            plain().login_page(elsewhere.parameter("back").unwrap()),
            Handler::Claims,
        )
        .route(
            "/page/query",
            guard().token_sources([query]),
            Handler::Claims,
        )
        .route(
            "/page/private",
            guard()
                .response_header("cache-control", "private")
                .unwrap()
                .response_header("x-guard", "a")
                .unwrap(),
            Handler::Claims,
        )
        .route(
            "/page/problem",
            guard().refusal_format(RefusalFormat::problem_details()),
            Handler::Claims,
        )
        .route("/login", guard(), Handler::Claims)
}

fn navigate(target: &str) -> Request {
    get(target).field("Sec-Fetch-Mode", "navigate")
}

fn sent_to(location: &str) -> Expected {
    status(303)
        .field("location", location)
        .field("cache-control", "no-store")
        .field("vary", "sec-fetch-mode")
        .no_field("www-authenticate")
        .no_field("content-type")
        .body("")
}

/// As ever, but that caches are told what it depends on.
fn refused(expected: Expected) -> Expected {
    expected
        .no_field("location")
        .field("vary", "sec-fetch-mode")
}

#[test]
fn a_navigation_is_sent_to_the_login_and_says_the_way_back() {
    let on = |target: &str| navigate(target).authorization(token().bearer());
    let to = |back: &str| sent_to(&format!("/login?return_to={back}"));
    everywhere().run(&[
        Case::new(
            "missing",
            navigate("/page"),
            to("/page").reason("MissingCredentials"),
        ),
        Case::new("bad", navigate("/page").bearer("x"), to("/page")),
        Case::new(
            "expired",
            navigate("/page").authorization(token().expired().bearer()),
            to("/page").reason("Expired"),
        ),
        Case::new(
            "query",
            navigate("/page?a=b&c=%20+d"),
            to("/page%3Fa%3Db%26c%3D%2520%2Bd"),
        ),
        Case::new(
            "demanded by a handler",
            navigate("/page/claims?x"),
            to("/page/claims%3Fx"),
        ),
        Case::new(
            "by a handler's type",
            on("/page/typed"),
            to("/page/typed").reason("Claims"),
        ),
        Case::new("a raw token", navigate("/page/raw"), to("/page/raw")),
        Case::new(
            "an extractor of its own",
            navigate("/page/own"),
            to("/page/own"),
        ),
        Case::new(
            "of its own, typed",
            on("/page/own/typed"),
            to("/page/own/typed"),
        ),
        Case::new(
            "not fresh",
            navigate("/page/fresh").authorization(session_token(false).bearer()),
            to("/page/fresh").reason("NotFresh"),
        ),
        Case::new(
            "elsewhere",
            navigate("/page/elsewhere?a"),
            sent_to("https://login.test/in?of=shop&back=/page/elsewhere%3Fa"),
        ),
        Case::new(
            "a header that is there already",
            navigate("/page/private"),
            to("/page/private").field("x-guard", "a"),
        ),
        Case::new(
            "another format",
            navigate("/page/problem"),
            to("/page/problem"),
        ),
    ]);
}

/// RFC 6750 section 2.3: a token shall not be seen in yet another URL.
#[test]
fn a_token_in_the_query_is_left_out() {
    let expired = token().expired().build();
    let target = format!("/page/query?a=b&access_token={expired}&c=d");
    let encoded = format!("/page/query?access%5Ftoken={expired}");
    everywhere().run(&[
        Case::new(
            "between others",
            navigate(&target),
            sent_to("/login?return_to=/page/query%3Fa%3Db%26c%3Dd"),
        ),
        Case::new(
            "alone",
            navigate(&encoded),
            sent_to("/login?return_to=/page/query"),
        ),
    ]);
}

#[test]
fn everybody_else_is_refused_as_ever() {
    let mode = |mode: &str| get("/page").field("Sec-Fetch-Mode", mode);
    let navigates = |method: &str| {
        let request = Request::new(method, "/page");
        request.field("Sec-Fetch-Mode", "navigate")
    };
    let good = token().bearer();
    let anonymous = passes().body(r#"{"authenticated":false,"subject":null}"#);
    let stale = session_token(false).bearer();
    everywhere().run(&[
        Case::new("no mode", get("/page"), refused(missing())),
        Case::new(
            "a program",
            get("/page").bearer("x"),
            refused(invalid_token()),
        ),
        Case::new("fetch", mode("cors"), refused(missing())),
        Case::new(
            "fetch of its own origin",
            mode("same-origin"),
            refused(missing()),
        ),
        Case::new("an image", mode("no-cors"), refused(missing())),
        Case::new("WebSocket", mode("websocket"), refused(missing())),
        Case::new("in capitals", mode("Navigate"), refused(missing())),
        Case::new(
            "two modes",
            mode("cors").field("Sec-Fetch-Mode", "navigate"),
            refused(missing()),
        ),
        Case::new("POST", navigates("POST"), refused(missing())),
        Case::new("PUT", navigates("PUT"), refused(missing())),
        Case::new("HEAD", navigates("HEAD"), refused(missing()).without_body()),
        Case::new(
            "not fresh",
            get("/page/fresh").authorization(&stale),
            refused(not_fresh()),
        ),
        // Not for want of a login.
        Case::new(
            "malformed",
            navigate("/page").authorization("Bearer"),
            invalid_request().no_field("location").no_field("vary"),
        ),
        Case::new(
            "a scope",
            navigate("/page/scoped").authorization(&good),
            insufficient_scope("read write")
                .no_field("location")
                .no_field("vary"),
        ),
        // Not round in circles.
        Case::new(
            "the page itself",
            navigate("/login?return_to=/page"),
            refused(missing()),
        ),
        // What passes is not touched.
        Case::new(
            "good",
            navigate("/page").authorization(&good),
            passes().no_field("vary"),
        ),
        Case::new(
            "nobody, where one may be",
            navigate("/page/maybe"),
            anonymous.no_field("vary"),
        ),
    ]);
}

/// Also where somebody has to be asked about the token first.
#[test]
fn a_decision_that_waits_leads_to_the_login_too() {
    let backend = Backend::new();
    let verifier = backend.session.verifier().build().unwrap();
    let page = Authenticator::new(verifier).login_page(login());
    let site = Site::new()
        .route("/page", page.clone(), Handler::Claims)
        .route("/page/typed", page, Handler::Typed)
        .endpoints(backend.endpoints.clone());
    let everywhere = Everywhere::serve(&site);
    let login = r#"{"username":"robot","password":"beep-boop"}"#;
    block_on(async {
        for server in everywhere.servers() {
            let post = |path: &str| Request::new("POST", path);
            let answer = exchange(server, &post("/api/users/login").json(login)).await;
            let [access, refresh] =
                ["/accessToken", "/refreshToken"].map(|token| answer.text_at(token));
            let request = post("/api/users/application-token").bearer(&refresh);
            let application = exchange(server, &request).await.text_at("/token");
            // By a handler, after waiting.
            let typed = navigate("/page/typed").bearer(&application);
            let answer = exchange(server, &typed).await;
            assert_eq!(answer.status, 303, "{answer:?}");
            let location = answer.field("location");
            assert_eq!(location.as_deref(), Some("/login?return_to=/page/typed"));
            let page = navigate("/page").bearer(&application);
            assert_eq!(exchange(server, &page).await.status, 200);
            exchange(server, &post("/logout/all").bearer(&access)).await;
            let answer = exchange(server, &page).await;
            assert_eq!(answer.status, 303, "{answer:?}");
            let location = answer.field("location");
            assert_eq!(location.as_deref(), Some("/login?return_to=/page"));
            assert_eq!(
                exchange(server, &get("/page").bearer(&application))
                    .await
                    .status,
                401
            );
        }
    });
}
