//! Pages on an origin of their own, which the server knows.

use browser::{
    demo::Program,
    front::{self, APP, OTHER_ORIGIN, STRANGER},
    stage::{Stage, with_stage},
};
use serde_json::{Value, json};

use crate::{
    on_both,
    page::{self, Mode, all, line},
};

on_both!(
    a_page_of_another_site_has_its_tokens_in_headers,
    a_page_of_another_origin_has_cookies_of_the_server,
);

/// No cookies are needed, so that any site will do.
fn a_page_of_another_site_has_its_tokens_in_headers(program: Program) {
    let cors = format!("--cors={}", front::url(STRANGER, ""));
    with_stage(program, &[&cors], async |stage| {
        open(&stage, STRANGER, Mode::Header).await;
        page::log_in_long_ago(&stage, Mode::Header).await;
        eight_calls_refresh_once(&stage, Mode::Header).await;
        stage.browser.run("await app.logOut();", &[]).await;
        assert_eq!(page::calls(&stage, 1).await, all(1, "401"));
    });
}

/// On the same site, or `SameSite` would keep the cookies away.
fn a_page_of_another_origin_has_cookies_of_the_server(program: Program) {
    let origin = front::url(OTHER_ORIGIN, "");
    let (cors, listed) = (format!("--cors={origin}"), format!("--origin={origin}"));
    let options = [Mode::Cookie.options(), &[&cors, &listed]].concat();
    with_stage(program, &options, async |stage| {
        open(&stage, OTHER_ORIGIN, Mode::Cookie).await;
        let answer = page::log_in_long_ago(&stage, Mode::Cookie).await;
        let seen = stage.browser.run("return document.cookie;", &[]).await;
        assert_eq!(
            seen, "",
            "it has been told the CSRF token, and cannot read it"
        );
        eight_calls_refresh_once(&stage, Mode::Cookie).await;

        // Once it is loaded anew, it needs to have kept that.
        open(&stage, OTHER_ORIGIN, Mode::Cookie).await;
        let is_open = stage.browser.run("return app.session.isOpen();", &[]).await;
        assert_eq!(is_open, false);
        let kept = json!({ "csrf_token": answer["csrf_token"] });
        stage
            .browser
            .run("app.session.start(args[0]);", &[kept])
            .await;
        stage.browser.drop_cookie("__Host-access_token").await;
        eight_calls_refresh_once(&stage, Mode::Cookie).await;
        stage.browser.run("await app.logOut();", &[]).await;
        assert_eq!(stage.browser.cookies().await, [Value::Null; 0]);
    });
}

async fn open(stage: &Stage, host: &str, mode: Mode) {
    let url = front::url(host, "/page/blank.html");
    page::open_at(stage, &url, mode, "fetch", &front::url(APP, "")).await;
}

async fn eight_calls_refresh_once(stage: &Stage, mode: Mode) {
    stage.front.seen();
    assert_eq!(page::calls(stage, 8).await, all(8, "200"));
    // Beside what browsers ask first.
    let mut seen = page::summary(stage);
    seen.retain(|(one, _)| !one.starts_with("OPTIONS "));
    seen.sort();
    let mut expected = [
        line("GET /me 401", 8),
        line(&mode.refresh_line(200), 1),
        line("GET /me 200", 8),
    ];
    expected.sort();
    assert_eq!(seen, expected);
}
