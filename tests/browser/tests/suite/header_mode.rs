//! What there is only where the page has the tokens.

use browser::{
    demo::Program,
    front::{self, APP_ELSEWHERE},
    stage::with_stage,
    token,
};
use serde_json::Value;

use crate::{
    interceptors::LONG_GRACE,
    on_both,
    page::{self, Mode, all, line},
};

on_both!(
    without_locks_the_grace_window_helps,
    without_locks_a_log_out_stays_one,
    a_login_during_a_refresh_wins,
    a_naive_page_stays_logged_in
);

/// What a refresh of before is answered afterwards is of another session.
fn a_login_during_a_refresh_wins(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        page::open(&stage, Mode::Header, "fetch").await;
        page::log_in_long_ago(&stage, Mode::Header).await;
        let gate = stage.front.gate(Mode::Header.refresh_path());
        page::begin_calls(&stage, 2).await;
        gate.arrived(1).await;
        let tokens = page::log_in(&stage).await;
        gate.open();
        assert_eq!(page::results(&stage).await, all(2, "200"));
        assert_eq!(page::ended(&stage).await, 0);
        let script = "return app.session.refreshHeaders();";
        let headers = stage.browser.run(script, &[]).await;
        assert_eq!(headers["refresh-token"], tokens["refresh_token"]);
    });
}

/// Even where no lock has it wait for the refresh.
fn without_locks_a_log_out_stays_one(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let url = front::plain_url(APP_ELSEWHERE, "/page/blank.html");
        page::open_at(&stage, &url, Mode::Header, "fetch", "").await;
        page::log_in_long_ago(&stage, Mode::Header).await;
        let gate = stage.front.gate(Mode::Header.refresh_path());
        page::begin_calls(&stage, 2).await;
        gate.arrived(1).await;
        stage.browser.run("await app.logOut();", &[]).await;
        gate.open();
        assert_eq!(page::results(&stage).await, all(2, "401"));
        let is_open = "return app.session.isOpen();";
        assert_eq!(stage.browser.run(is_open, &[]).await, false);
        assert_eq!(page::ended(&stage).await, 1);
    });
}

/// Over plain http there are no locks: two tabs refresh at once.
fn without_locks_the_grace_window_helps(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let url = front::plain_url(APP_ELSEWHERE, "/page/blank.html");
        let first = stage.browser.tab().await;
        page::open_at(&stage, &url, Mode::Header, "fetch", "").await;
        let locks = stage.browser.run("return `${navigator.locks}`;", &[]).await;
        assert_eq!(locks, "undefined");
        page::log_in_long_ago(&stage, Mode::Header).await;
        let second = stage.browser.new_tab().await;
        page::open_at(&stage, &url, Mode::Header, "fetch", "").await;
        let restored = stage
            .browser
            .run("return app.session.restore();", &[])
            .await;
        assert_eq!(restored, true);

        let gate = stage.front.gate(Mode::Header.refresh_path());
        for (tab, count) in [(&first, 1), (&second, 2)] {
            stage.browser.look_at(tab).await;
            page::begin_calls(&stage, 8).await;
            gate.arrived(count).await;
        }
        gate.open();
        for tab in [&first, &second] {
            stage.browser.look_at(tab).await;
            assert_eq!(page::results(&stage).await, all(8, "200"));
            assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
            assert_eq!(page::ended(&stage).await, 0);
        }
        let seen = page::summary(&stage);
        assert!(
            seen.contains(&line("POST /auth/jwt/refresh 200", 2)),
            "{seen:?}"
        );
    });
}

/// Every one of its calls refreshes, with whatever token it has at that moment, and
/// in the worst order: a token that was just made is presented before the last
/// ones that present its predecessor. Six calls: a browser has no more connections.
fn a_naive_page_stays_logged_in(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        page::open(&stage, Mode::Header, "fetch").await;
        let mut tokens = page::log_in(&stage).await;
        let access = tokens["access_token"].as_str().unwrap();
        tokens["access_token"] = token::expired(access).into();
        let refreshing = stage.front.gate("/auth/jwt/refresh");
        let late = stage.front.gate("/maybe");
        let script = r#"
            const { Naive } = await import("/page/naive.js");
            const [tokens] = args;
            globalThis.naive = new Naive(tokens);
            const paths = ["/maybe", ...Array.from({ length: 5 }, (_, index) => `/me?call=${index}`)];
            naive.pending = Promise.all(paths.map((path) => naive.fetch(path)));
        "#;
        stage.browser.run(script, &[tokens.clone()]).await;
        refreshing.arrived(5).await;
        late.arrived(1).await;
        // One of them is answered, and a late call presents what that one got.
        refreshing.pass_one();
        let condition = "naive.tokens.refresh_token !== args[0]";
        let script = format!("await app.until(() => {condition});");
        let old = &tokens["refresh_token"];
        stage.browser.run(&script, std::slice::from_ref(old)).await;
        let resting = stage.front.gate("/auth/jwt/refresh");
        late.open();
        resting.arrived(1).await;
        resting.open();
        stage
            .browser
            .run("await app.until(() => naive.answered === 2);", &[])
            .await;
        refreshing.open();

        let script = "return (await naive.pending).map((answer) => answer.status);";
        let statuses = stage.browser.run(script, &[]).await;
        assert_eq!(statuses, Value::from(vec![200; 6]));
        let logged_out = stage.browser.run("return naive.loggedOut;", &[]).await;
        assert_eq!(logged_out, false);
        let presented: Vec<_> = stage
            .front
            .seen()
            .into_iter()
            .filter(|seen| seen.path == "/auth/jwt/refresh")
            .map(|seen| (seen.header("refresh-token") == old.as_str(), seen.status))
            .collect();
        let expected: Vec<_> = [true, false, true, true, true, true]
            .map(|is_old| (is_old, http::StatusCode::OK))
            .into();
        assert_eq!(presented, expected);
        // And in any order.
        let script = r#"
            naive.tokens.access_token = args[0].access_token;
            const calls = Array.from({ length: 8 }, (_, index) => naive.fetch(`/me?call=${index}`));
            return (await Promise.all(calls)).map((answer) => answer.status);
        "#;
        let statuses = stage.browser.run(script, &[tokens]).await;
        assert_eq!(statuses, Value::from(vec![200; 8]));
    });
}
