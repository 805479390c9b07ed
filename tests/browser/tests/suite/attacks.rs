//! Pages of somebody else, on another origin of the same site and on another site,
//! in the browser of somebody who is logged in with cookies.

use browser::{
    demo::Program,
    front::{self, APP, SIBLING, STRANGER, Seen},
    stage::{Stage, with_stage},
};
use serde_json::{Value, json};

use crate::{
    on_both,
    page::{self, Mode, all},
};

on_both!(
    scripts_see_no_token,
    forms_of_others_are_refused,
    calls_of_others_are_refused,
    nobody_is_logged_in_by_others,
    a_cookie_that_a_sibling_plants_helps_nobody,
);

const ACCESS: &str = "__Host-access_token";
const REFRESH: &str = "__Secure-refresh_token";
const CSRF: &str = "__Host-csrf_token";

/// Who attacks, and the cookies that the browser sends along to a `POST`: `SameSite`
/// keeps those of another site away, and no others.
const ATTACKERS: [(&str, &str, &[&str]); 2] = [
    (SIBLING, "same-site", &[REFRESH, ACCESS, CSRF]),
    (STRANGER, "cross-site", &[]),
];

/// Submits a form in the page, whatever its fields are.
const SUBMIT: &str = r#"
    const [action, enctype, fields] = args;
    const form = Object.assign(document.createElement("form"), { action, enctype, method: "post" });
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(form);
    form.submit();
"#;

async fn logged_in(stage: &Stage) {
    page::open(stage, Mode::Cookie, "fetch").await;
    page::log_in(stage).await;
    assert_eq!(page::calls(stage, 1).await, all(1, "200"));
    stage.front.seen();
}

async fn still_logged_in(stage: &Stage) {
    page::open(stage, Mode::Cookie, "fetch").await;
    assert_eq!(page::calls(stage, 1).await, all(1, "200"));
    stage.browser.drop_cookie(ACCESS).await;
    assert_eq!(page::calls(stage, 1).await, all(1, "200"));
    stage.front.seen();
}

async fn visit(stage: &Stage, attacker: &str) {
    stage.browser.open(&front::url(attacker, "/")).await;
}

fn assert_refused(seen: &Seen, attacker: &str, site: &str) {
    assert_eq!(seen.status, 403, "{seen:?}");
    let refusal = seen.refusal.as_deref().unwrap();
    assert!(refusal.contains("cross_origin_request"), "{refusal}");
    assert!(
        seen.header("origin").unwrap().contains(attacker),
        "{seen:?}"
    );
    assert_eq!(seen.header("sec-fetch-site"), Some(site));
}

fn scripts_see_no_token(program: Program) {
    with_stage(program, Mode::Cookie.options(), async |stage| {
        logged_in(&stage).await;
        let seen = stage.browser.run("return document.cookie;", &[]).await;
        let csrf = stage.browser.cookie(CSRF).await;
        let expected = format!("{CSRF}={}", csrf["value"].as_str().unwrap());
        assert_eq!(seen, Value::from(expected));
        for (name, path, hidden) in [
            (ACCESS, "/", true),
            (REFRESH, "/auth/cookie", true),
            (CSRF, "/", false),
        ] {
            let cookie = stage.browser.cookie(name).await;
            // A name without a dot before it: for this host alone.
            assert_eq!(cookie["domain"], APP, "{cookie}");
            assert_eq!(cookie["path"], path, "{cookie}");
            assert_eq!(cookie["httpOnly"], hidden, "{cookie}");
            assert_eq!(cookie["secure"], true, "{cookie}");
            assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
        }
        for (attacker, _, _) in ATTACKERS {
            visit(&stage, attacker).await;
            let seen = stage.browser.run("return document.cookie;", &[]).await;
            assert_eq!(seen, "");
        }
    });
}

/// Forms need nobody's leave to be sent, and may say that JSON is text.
fn forms_of_others_are_refused(program: Program) {
    with_stage(program, Mode::Cookie.options(), async |stage| {
        logged_in(&stage).await;
        for (attacker, site, cookies) in ATTACKERS {
            let submit = async |path: &str, enctype: &str| {
                visit(&stage, attacker).await;
                let action = front::url(APP, path);
                let fields = json!({ r#"{"id":""#: r#""}"# });
                let arguments = [json!(action), json!(enctype), fields];
                stage.browser.run(SUBMIT, &arguments).await;
                stage.front.next(path).await
            };
            for (path, enctype) in [
                ("/auth/cookie/logout", "application/x-www-form-urlencoded"),
                ("/auth/cookie/logout/all", "multipart/form-data"),
                ("/auth/cookie/refresh", "text/plain"),
            ] {
                let seen = submit(path, enctype).await;
                assert_eq!(seen.cookies(), cookies, "{seen:?}");
                assert_refused(&seen, attacker, site);
            }
            // A route for JSON, which a form cannot say that it has.
            let seen = submit("/sessions/end", "text/plain").await;
            assert!(seen.status.is_client_error(), "{seen:?}");
        }
        still_logged_in(&stage).await;
    });
}

/// Without leave a script may send what a form may, and read nothing.
fn calls_of_others_are_refused(program: Program) {
    const CALL: &str = r#"
        const [url, method, headers] = args;
        const options = { method, headers, credentials: "include" };
        return fetch(url, options).then((answer) => answer.text(), (error) => error.name);
    "#;
    with_stage(program, Mode::Cookie.options(), async |stage| {
        logged_in(&stage).await;
        for (attacker, site, cookies) in ATTACKERS {
            visit(&stage, attacker).await;
            let call = async |method: &str, path: &str, headers: Value| {
                let url = front::url(APP, path);
                let arguments = [json!(url), json!(method), headers];
                let result = stage.browser.run(CALL, &arguments).await;
                assert_eq!(result, "TypeError", "the answer cannot be read");
                stage.front.next(path).await
            };
            let seen = call("POST", "/auth/cookie/logout", json!({})).await;
            assert_eq!(seen.cookies(), cookies);
            assert_refused(&seen, attacker, site);
            // Reading changes nothing, and what is read stays here.
            let seen = call("GET", "/me", json!({})).await;
            let readable = if cookies.is_empty() { 401 } else { 200 };
            assert_eq!(seen.status, readable);
            // Whoever wants to send more has to ask first.
            let headers = json!({ "X-CSRF-Token": "guessed" });
            let seen = call("POST", "/auth/cookie/logout", headers).await;
            assert_eq!(seen.method, "OPTIONS");
            assert!(seen.cookies().is_empty());
            assert!(!seen.status.is_success(), "{seen:?}");
        }
        still_logged_in(&stage).await;
    });
}

/// Login CSRF: a visitor who works in the attacker's account without knowing it.
fn nobody_is_logged_in_by_others(program: Program) {
    const PATH: &str = "/auth/cookie/login";
    with_stage(program, Mode::Cookie.options(), async |stage| {
        for (attacker, site, _) in ATTACKERS {
            for (enctype, fields) in [
                (
                    "application/x-www-form-urlencoded",
                    json!({ "username": "robot", "password": "beep-boop" }),
                ),
                // As text this is `{"username":"robot","password":"beep-boop","a":"="}`.
                (
                    "text/plain",
                    json!({ r#"{"username":"robot","password":"beep-boop","a":""#: r#""}"# }),
                ),
            ] {
                visit(&stage, attacker).await;
                let action = front::url(APP, PATH);
                let arguments = [json!(action), json!(enctype), fields];
                stage.browser.run(SUBMIT, &arguments).await;
                assert_refused(&stage.front.next(PATH).await, attacker, site);
            }
            visit(&stage, attacker).await;
            let script = r#"
                const body = JSON.stringify({ username: "robot", password: "beep-boop" });
                await fetch(args[0], { method: "POST", mode: "no-cors", credentials: "include", body });
            "#;
            let url = front::url(APP, PATH);
            stage.browser.run(script, &[json!(url)]).await;
            assert_refused(&stage.front.next(PATH).await, attacker, site);
            assert_eq!(stage.browser.cookies().await, [Value::Null; 0]);
        }
    });
}

/// A script of a sibling may write cookies for the whole domain.
fn a_cookie_that_a_sibling_plants_helps_nobody(program: Program) {
    with_stage(program, Mode::Cookie.options(), async |stage| {
        // The attacker's own session, in a browser of its own.
        page::open(&stage, Mode::Cookie, "fetch").await;
        page::log_in(&stage).await;
        let planted = stage.browser.cookie(REFRESH).await["value"].clone();
        let planted_access = stage.browser.cookie(ACCESS).await["value"].clone();
        stage
            .browser
            .devtools("Storage.clearCookies", json!({}))
            .await;

        logged_in(&stage).await;
        let own = stage.browser.cookie(REFRESH).await["value"].clone();
        assert_ne!(own, planted);
        visit(&stage, SIBLING).await;
        plant(&stage, ACCESS, &planted_access, "/").await;
        plant(&stage, REFRESH, &planted, "/auth/cookie").await;
        // The browser knows what `__Host-` means.
        assert_ne!(stage.browser.cookie(ACCESS).await["value"], planted_access);

        // Two of one name: nobody guesses which is the right one.
        page::open(&stage, Mode::Cookie, "fetch").await;
        assert_eq!(refresh(&stage).await, json!([400, "invalid_request"]));
        let seen = stage.front.next(Mode::Cookie.refresh_path()).await;
        let named = seen.cookies().into_iter().filter(|name| *name == REFRESH);
        assert_eq!(named.count(), 2, "{seen:?}");

        // The planted one alone is not of the session that the page belongs to.
        let host_only = json!({ "name": REFRESH, "domain": APP, "path": "/auth/cookie" });
        stage
            .browser
            .devtools("Network.deleteCookies", host_only)
            .await;
        assert_eq!(stage.browser.cookie(REFRESH).await["value"], planted);
        assert_eq!(refresh(&stage).await, json!([403, "invalid_csrf_token"]));

        // Nor does it log in anybody who is not.
        stage
            .browser
            .devtools("Storage.clearCookies", json!({}))
            .await;
        visit(&stage, SIBLING).await;
        plant(&stage, REFRESH, &planted, "/auth/cookie").await;
        page::open(&stage, Mode::Cookie, "fetch").await;
        assert_eq!(refresh(&stage).await, json!([403, "invalid_csrf_token"]));
        assert_eq!(page::calls(&stage, 1).await, all(1, "401"));
        let cookies = stage.browser.cookies().await;
        assert_eq!(cookies.len(), 1, "{cookies:?}");
    });
}

async fn plant(stage: &Stage, name: &str, value: &Value, path: &str) {
    let value = value.as_str().unwrap();
    let cookie = format!("{name}={value}; Secure; Path={path}; Domain=demo.localhost");
    let script = "document.cookie = args[0];";
    stage.browser.run(script, &[json!(cookie)]).await;
}

/// Status and error of a refresh, with what the page knows.
async fn refresh(stage: &Stage) -> Value {
    let script = r#"
        const token = document.cookie.match(/__Host-csrf_token=([^;]*)/)?.[1];
        const headers = token ? { "X-CSRF-Token": token } : {};
        const answer = await fetch("/auth/cookie/refresh", { method: "POST", headers });
        return [answer.status, (await answer.json()).error];
    "#;
    stage.browser.run(script, &[]).await
}
