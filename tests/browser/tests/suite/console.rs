//! The console of the demos.

mod page;
mod pictures;

use browser::{demo::Program, stage::with_stage};
use serde_json::json;

use self::{page::Console, pictures::it_is_fit_to_be_seen};
use crate::{interceptors::LONG_GRACE, on_both, page::Mode};

on_both!(
    it_signs_in_and_out,
    every_experiment_ends_well,
    a_replay_ends_the_session,
    with_cookies_its_scripts_hold_no_token,
    it_works_on_this_machine_without_tls,
    sessions_are_listed_and_ended,
    what_happens_is_told_at_once,
    it_asks_for_nothing_from_elsewhere,
    it_is_fit_to_be_seen,
);

const CALLS: usize = 8;

fn it_signs_in_and_out(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let console = Console::open(&stage).await;
        console.fill("#password", "looking-glass").await;
        console.click("#login").await;
        console
            .until("!document.querySelector('#login-error').hidden")
            .await;
        assert_eq!(console.body("signedIn").await, "false");

        // By keyboard alone.
        console.fill("#password", "wonderland\u{e007}").await;
        console.signed_in().await;
        assert_eq!(console.text("#who").await, "alice");
        assert_eq!(
            console.attribute("#access-token", "data-present").await,
            "true"
        );
        let subject = "#claims tr[data-claim=user_id]";
        assert!(console.text(subject).await.contains("alice"));
        let left = console.attribute("#countdown", "data-seconds").await;
        assert!((1..=3600).contains(&left.parse::<u32>().unwrap()), "{left}");

        console.click("#call-me").await;
        assert_eq!(console.newest("call").await, ["call 200"]);
        console.click("#drop").await;
        assert_eq!(
            console.attribute("#access-token", "data-present").await,
            "false"
        );
        console.click("#call-me").await;
        assert_eq!(
            console.newest("call").await,
            ["call 401", "refresh 200", "retry 200"]
        );
        console.click("#refresh").await;
        assert_eq!(console.newest("refresh").await, ["refresh 200"]);

        console.click("#logout").await;
        console.signed_out().await;
        assert_eq!(console.newest("logout").await, ["logout 204"]);
        console.sign_in().await;
        console.click("#logout-all").await;
        console.signed_out().await;
        assert_eq!(console.newest("logout-all").await, ["logout-all 204"]);
    });
}

fn every_experiment_ends_well(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let console = Console::open(&stage).await;
        for (name, refreshes) in [
            ("eight", 1),
            ("tabs", 2),
            ("lost-answer", 2),
            ("log-out-elsewhere", 0),
        ] {
            console.sign_in().await;
            stage.front.seen();
            assert_eq!(console.experiment(name).await, "good", "{name}");
            assert_eq!(console.verdict(name).await, "good");
            // What the page tells is what happened.
            let seen = stage.front.seen();
            let refreshed = seen.iter().filter(|one| one.path.ends_with("/refresh"));
            assert_eq!(refreshed.count(), refreshes, "{name}: {seen:?}");
            if name == "eight" {
                let statuses = seen.iter().filter(|one| one.path == "/me");
                let mut statuses: Vec<_> = statuses.map(|one| one.status.as_u16()).collect();
                statuses.sort_unstable();
                assert_eq!(statuses, [[200; CALLS], [401; CALLS]].concat());
            }
            console.click("#logout").await;
            console.signed_out().await;
        }
    });
}

fn a_replay_ends_the_session(program: Program) {
    with_stage(program, &["--grace=1s"], async |stage| {
        let console = Console::open(&stage).await;
        console.sign_in().await;
        console.click("#try-replay").await;
        console.signed_out().await;
        assert_eq!(
            console.attribute("#signed-out-reason", "data-reason").await,
            "revoked"
        );
        assert_eq!(console.verdict("replay").await, "good");
        let steps = console.newest("replay").await;
        assert!(steps.contains(&"replay 400".to_owned()), "{steps:?}");
        assert!(steps.contains(&"call 401".to_owned()), "{steps:?}");
    });
}

fn with_cookies_its_scripts_hold_no_token(program: Program) {
    let options = [Mode::Cookie.options(), LONG_GRACE].concat();
    with_stage(program, &options, async |stage| {
        let console = Console::open(&stage).await;
        console.click("#mode-cookie").await;
        console.sign_in().await;
        assert_eq!(console.body("mode").await, "cookie");
        assert_eq!(console.attribute("#claims", "data-source").await, "me");
        for (name, outcome, refreshes) in [
            ("eight", "good", 1),
            ("tabs", "good", 2),
            ("replay", "note", 0),
        ] {
            stage.front.seen();
            assert_eq!(console.experiment(name).await, outcome, "{name}");
            let seen = stage.front.seen();
            let refreshed = seen
                .iter()
                .filter(|one| one.path == Mode::Cookie.refresh_path());
            assert_eq!(refreshed.count(), refreshes, "{name}: {seen:?}");
        }
        // Which answer the browser took of two is its own business.
        assert_eq!(console.experiment("lost-answer").await, "good");
        let script = r#"
            const kept = [localStorage, sessionStorage].map((one) => JSON.stringify({ ...one }));
            return [document.cookie, ...kept].join(" ");
        "#;
        let kept = stage.browser.run(script, &[]).await;
        let kept = kept.as_str().unwrap();
        for name in ["__Host-access_token", "__Secure-refresh_token"] {
            let token = stage.browser.cookie(name).await["value"].clone();
            assert!(!kept.contains(token.as_str().unwrap()), "{kept}");
        }
        assert!(!kept.contains("eyJ"), "{kept}");
        console.click("#logout").await;
        console.signed_out().await;
        assert_eq!(console.newest("logout").await, ["logout 204"]);
        assert_eq!(stage.browser.cookies().await, [json!(null); 0]);
    });
}

/// As `cargo run` starts a demo, in both modes.
fn it_works_on_this_machine_without_tls(program: Program) {
    with_stage(program, &[], async |stage| {
        for host in ["127.0.0.1", "localhost"] {
            let url = stage.server_url(host, "/");
            let console = Console::open_at(&stage, &url).await;
            for mode in ["#mode-header", "#mode-cookie"] {
                console.click(mode).await;
                console.sign_in().await;
                assert_eq!(console.experiment("eight").await, "good", "{url} {mode}");
                console.click("#logout").await;
                console.signed_out().await;
            }
            assert_eq!(stage.browser.cookies().await, [json!(null); 0]);
        }
    });
}

fn sessions_are_listed_and_ended(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let console = Console::open(&stage).await;
        // One on another device, as it were.
        console.sign_in().await;
        console.forget_everything().await;
        console.sign_in().await;
        console.click("#sessions-reload").await;
        console.sessions(2).await;
        console.end_session("li:not(:has(.badge))").await;
        console.sessions(1).await;
        assert_eq!(console.body("signedIn").await, "true");
        console.click("#call-me").await;
        assert_eq!(console.newest("call").await, ["call 200"]);
        console.end_session("li:has(.badge)").await;
        console.signed_out().await;
    });
}

fn what_happens_is_told_at_once(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let console = Console::open(&stage).await;
        console.sign_in().await;
        console
            .until("document.querySelector('#feed-state').dataset.state === 'on'")
            .await;
        console.click("#refresh").await;
        console.event("refresh_rotated").await;
        console.click("#refresh").await;
        console.event("refresh_rested").await;
        console.click("#try-log-out-elsewhere").await;
        console.event("session_opened").await;
        console.event("session_ended").await;
        console.click("#feed-clear").await;
        console
            .until("!document.querySelector('#feed-list li')")
            .await;
        console.click("#timeline-clear").await;
        console
            .until("!document.querySelector('#timeline li')")
            .await;
    });
}

/// Nor does it do anything that its own policy forbids.
fn it_asks_for_nothing_from_elsewhere(program: Program) {
    with_stage(program, LONG_GRACE, async |stage| {
        let console = Console::open(&stage).await;
        console.sign_in().await;
        assert_eq!(console.experiment("eight").await, "good");
        console.click("#theme").await;
        let script = r#"
            const entries = performance.getEntriesByType("resource");
            const origins = new Set(entries.map(({ name }) => new URL(name).origin));
            const { headers } = await fetch("/");
            return { ours: location.origin, origins: [...origins], policy: headers.get("content-security-policy") };
        "#;
        let told = stage.browser.run(script, &[]).await;
        assert_eq!(told["origins"], json!([told["ours"]]));
        let policy = told["policy"].as_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let messages = stage.browser.messages().await;
        let complaints = messages
            .iter()
            .filter(|one| one.contains("Content Security Policy"));
        assert_eq!(complaints.count(), 0, "{messages:?}");
    });
}
