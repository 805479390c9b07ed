//! The interceptors of the documentation against a demo.

use browser::{
    axios,
    demo::Program,
    front::{self, APP_ELSEWHERE, Fault},
    stage::{Stage, with_stage},
};
use serde_json::json;

use crate::page::{self, Mode, all, line};

/// So that no machine is too slow for the grace window.
pub(crate) const LONG_GRACE: &[&str] = &["--grace=10m"];

pub(crate) fn eight_calls_with_fetch(program: Program, mode: Mode) {
    eight_calls_refresh_once(program, mode, "fetch");
}

pub(crate) fn eight_calls_with_axios(program: Program, mode: Mode) {
    if axios::is_installed() {
        eight_calls_refresh_once(program, mode, "axios");
    }
}

fn eight_calls_refresh_once(program: Program, mode: Mode, client: &str) {
    with_stage(program, mode.options(), async |stage| {
        page::open(&stage, mode, client).await;
        page::log_in(&stage).await;
        assert_eq!(page::calls(&stage, 1).await, all(1, "200"));

        page::log_in_long_ago(&stage, mode).await;
        assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
        let mut expected = [
            line("GET /me 401", 8),
            line(&mode.refresh_line(200), 1),
            line("GET /me 200", 8),
        ];
        let mut seen = page::summary(&stage);
        expected.sort();
        seen.sort();
        assert_eq!(seen, expected);
        assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
        assert_eq!(page::summary(&stage), [line("GET /me 200", 8)]);
        assert_eq!(page::ended(&stage).await, 0);
        other_origins_get_nothing(&stage).await;
    });
}

async fn other_origins_get_nothing(stage: &Stage) {
    // What is answered cannot be read.
    let url = front::url(APP_ELSEWHERE, "/me");
    let script = "await app.call(args[0]).catch(() => null);";
    stage.browser.run(script, &[json!(url)]).await;
    let seen = stage.front.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].line(), "GET /me 401");
    assert_eq!(seen[0].header("authorization"), None);
    assert!(seen[0].cookies().is_empty());
}

/// A call that is answered 401 after the refresh was made is repeated, and that
/// is all.
pub(crate) fn a_late_401_does_not_refresh_again(program: Program, mode: Mode) {
    with_stage(program, mode.options(), async |stage| {
        page::open(&stage, mode, "fetch").await;
        page::log_in_long_ago(&stage, mode).await;
        let gate = stage.front.gate("/me");
        page::begin_calls(&stage, 2).await;
        gate.arrived(2).await;
        // The first one alone: its repetition waits, too.
        gate.pass_one();
        gate.arrived(3).await;
        assert_eq!(
            page::summary(&stage),
            [line("GET /me 401", 1), line(&mode.refresh_line(200), 1)]
        );
        gate.open();
        assert_eq!(page::results(&stage).await, all(2, "200"));
        let mut seen = page::summary(&stage);
        seen.sort();
        assert_eq!(seen, [line("GET /me 200", 2), line("GET /me 401", 1)]);
    });
}

pub(crate) fn two_tabs_refresh_once(program: Program, mode: Mode) {
    with_stage(program, mode.options(), async |stage| {
        let (first, second) = two_tabs(&stage, mode).await;
        let gate = stage.front.gate(mode.refresh_path());
        stage.browser.look_at(&first).await;
        page::begin_calls(&stage, 8).await;
        gate.arrived(1).await;
        stage.browser.look_at(&second).await;
        page::begin_calls(&stage, 8).await;
        page::until(
            &stage,
            "(await navigator.locks.query()).pending.length === 1",
        )
        .await;
        assert_eq!(gate.count(), 1, "the second tab waits for the first");
        gate.open();
        for tab in [&first, &second] {
            stage.browser.look_at(tab).await;
            assert_eq!(page::results(&stage).await, all(8, "200"));
            assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
            assert_eq!(page::ended(&stage).await, 0);
        }
        let refreshes = refreshes(&stage, mode);
        assert_eq!(refreshes, [mode.refresh_line(200)]);
    });
}

/// One session in two tabs, with an access token that has expired.
async fn two_tabs(stage: &Stage, mode: Mode) -> (Tab, Tab) {
    let first = stage.browser.tab().await;
    page::open(stage, mode, "fetch").await;
    page::log_in_long_ago(stage, mode).await;
    let second = stage.browser.new_tab().await;
    page::open(stage, mode, "fetch").await;
    if mode == Mode::Header {
        let restored = stage
            .browser
            .run("return app.session.restore();", &[])
            .await;
        assert_eq!(restored, true);
    }
    (first, second)
}

type Tab = fantoccini::wd::WindowHandle;

fn refreshes(stage: &Stage, mode: Mode) -> Vec<String> {
    let seen = stage.front.seen().into_iter();
    seen.filter(|seen| seen.path == mode.refresh_path())
        .map(|seen| seen.line())
        .collect()
}

/// Neither faults of the server nor of the network end a session.
pub(crate) fn a_fault_is_no_log_out(program: Program, mode: Mode) {
    let options = [mode.options(), LONG_GRACE].concat();
    with_stage(program, &options, async |stage| {
        let fault = |fault| stage.front.fault(mode.refresh_path(), fault);
        page::open(&stage, mode, "fetch").await;
        // The demo has answered what is lost.
        for (one, status) in [(Fault::Unavailable(1), 503), (Fault::Lost, 200)] {
            page::log_in_long_ago(&stage, mode).await;
            fault(one);
            assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
            let expected = [mode.refresh_line(status), mode.refresh_line(200)];
            assert_eq!(refreshes(&stage, mode), expected);
        }
        // For longer than anybody waits.
        page::log_in_long_ago(&stage, mode).await;
        for one in [Fault::Unavailable(1); 3] {
            fault(one);
        }
        assert_eq!(page::calls(&stage, 8).await, all(8, "TryLater"));
        assert_eq!(
            refreshes(&stage, mode),
            [503; 3].map(|status| mode.refresh_line(status))
        );
        assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
        assert_eq!(page::ended(&stage).await, 0);
    });
}

pub(crate) fn a_stolen_token_that_is_replayed_ends_the_session(program: Program, mode: Mode) {
    let options = [mode.options(), &["--grace=0s"]].concat();
    with_stage(program, &options, async |stage| {
        let (first, second) = two_tabs(&stage, mode).await;
        let stolen = page::steal(&stage, mode).await;
        assert_eq!(page::calls(&stage, 8).await, all(8, "200"));
        assert_eq!(page::replay(&stage, mode, &stolen).await, mode.refused());
        stage.front.seen();
        // The honest holder notices, and so does the other tab.
        assert_eq!(page::calls(&stage, 8).await, all(8, "401"));
        assert_eq!(refreshes(&stage, mode), [mode.refresh_line(mode.refused())]);
        for tab in [&first, &second] {
            stage.browser.look_at(tab).await;
            page::until(&stage, "app.ended === 1").await;
            assert_eq!(page::calls(&stage, 8).await, all(8, "401"));
            assert_eq!(refreshes(&stage, mode), [""; 0]);
            assert_eq!(page::ended(&stage).await, 1);
        }
    });
}

pub(crate) fn log_out_is_for_all_tabs(program: Program, mode: Mode) {
    with_stage(program, mode.options(), async |stage| {
        let (first, second) = two_tabs(&stage, mode).await;
        let stolen = page::steal(&stage, mode).await;
        stage.browser.run("await app.logOut();", &[]).await;
        for tab in [&first, &second] {
            stage.browser.look_at(tab).await;
            page::until(&stage, "app.ended === 1").await;
            assert_eq!(page::calls(&stage, 8).await, all(8, "401"));
        }
        assert_eq!(refreshes(&stage, mode), [""; 0]);
        assert_eq!(page::replay(&stage, mode, &stolen).await, mode.refused());
    });
}
