//! What there is only where the browser has the tokens.

use browser::{demo::Program, stage::with_stage};
use serde_json::{Value, json};

use crate::{
    interceptors::LONG_GRACE,
    on_both,
    page::{self, Mode, all, line},
};

on_both!(
    a_naive_page_stays_logged_in,
    a_page_whose_csrf_token_is_no_use_ends
);

/// As after a server has got another key for them: only a login helps, and a page that
/// tried for ever would never come to it.
fn a_page_whose_csrf_token_is_no_use_ends(program: Program) {
    with_stage(program, Mode::Cookie.options(), async |stage| {
        page::open(&stage, Mode::Cookie, "fetch").await;
        page::log_in_long_ago(&stage, Mode::Cookie).await;
        let write = r#"document.cookie = "__Host-csrf_token=another; Path=/; Secure";"#;
        stage.browser.run(write, &[]).await;
        assert_eq!(page::calls(&stage, 2).await, all(2, "401"));
        assert_eq!(page::ended(&stage).await, 1);
        let seen = page::summary(&stage);
        let refused = line(&Mode::Cookie.refresh_line(403), 3);
        assert!(seen.contains(&refused), "{seen:?}");
        // The session goes on at the server, which a page must not hide.
        let script = "return await app.logOut().catch((error) => error.name);";
        assert_eq!(stage.browser.run(script, &[]).await, "Error");
        page::log_in(&stage).await;
        assert_eq!(page::calls(&stage, 2).await, all(2, "200"));
    });
}

/// Every one of its calls refreshes. Whoever loses such a race is answered as well, and
/// never told to forget its cookies.
fn a_naive_page_stays_logged_in(program: Program) {
    let options = [Mode::Cookie.options(), LONG_GRACE].concat();
    with_stage(program, &options, async |stage| {
        page::open(&stage, Mode::Cookie, "fetch").await;
        page::log_in_long_ago(&stage, Mode::Cookie).await;
        // As many as a browser has connections: all with the same token.
        let gate = stage.front.gate(Mode::Cookie.refresh_path());
        let begin = r#"
            const { naive } = await import("/page/naive-cookies.js");
            globalThis.calls = (count) =>
                Promise.all(Array.from({ length: count }, (_, index) => naive(`/me?call=${index}`)));
            globalThis.pending = calls(args[0]);
        "#;
        stage.browser.run(begin, &[json!(6)]).await;
        gate.arrived(6).await;
        gate.open();
        let statuses = stage.browser.run("return pending;", &[]).await;
        assert_eq!(statuses, Value::from(vec![200; 6]));
        let seen = page::summary(&stage);
        let refreshes = line(&Mode::Cookie.refresh_line(200), 6);
        assert!(seen.contains(&refreshes), "{seen:?}");

        // And in any order.
        stage.browser.drop_cookie("__Host-access_token").await;
        let statuses = stage.browser.run("return calls(8);", &[]).await;
        assert_eq!(statuses, Value::from(vec![200; 8]));
        assert_eq!(stage.browser.cookies().await.len(), 3);
    });
}
