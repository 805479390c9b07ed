//! Sessions, the store and the token endpoints.

use std::time::Duration;

use behaviour::{
    answer::Answer,
    apps::Server,
    backend::Backend,
    client::Request,
    run::{Everywhere, block_on, exchange},
};
use portcullis::time::Clock;
use portcullis_testing::faulty::Fault;

use crate::recorded::{Recorder, Series, recorder, series};

const ROTATIONS: &str = "portcullis_rotations_total";
const ENDPOINTS: &str = "portcullis_endpoint_requests_total";
const OPENED: &str = "portcullis_sessions_opened_total";
const ENDED: &str = "portcullis_sessions_ended_total";

const LOGIN: &str = "grant_type=password&username=alice&password=wonder+land";

async fn log_in(server: &Server) -> Answer {
    let answer = exchange(server, &Request::new("POST", "/auth/jwt/login").form(LOGIN)).await;
    assert_eq!(answer.status, 200);
    answer
}

async fn refresh(server: &Server, token: &str) -> Answer {
    let request = Request::new("POST", "/auth/jwt/refresh").field("refresh-token", token);
    exchange(server, &request).await
}

/// What the metrics have grown by since `before` is as expected.
fn check(recorder: &Recorder, before: &Series, metric: &str, expected: &[(&str, f64)]) {
    let expected = expected
        .iter()
        .map(|(labels, value)| (format!("{metric} {labels}"), *value))
        .collect::<Vec<_>>();
    let expected = series(expected.iter().map(|(text, value)| (text.trim(), *value)));
    assert_eq!(recorder.growth(before, metric), expected, "{metric}");
}

#[test]
fn the_life_of_a_session_is_counted() {
    let recorder = recorder();
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    block_on(async {
        for server in everywhere.servers() {
            let before = recorder.series();
            let first = log_in(server).await.text_at("/refresh_token");
            // It is exchanged, its successor rests, it is forgiven, and then stolen.
            let second = refresh(server, &first).await.text_at("/refresh_token");
            refresh(server, &second).await;
            refresh(server, &first).await;
            backend.clock.advance(Duration::from_secs(60));
            let third = refresh(server, &second).await.text_at("/refresh_token");
            assert_ne!(second, third);
            backend.clock.advance(Duration::from_secs(60));
            assert_eq!(refresh(server, &first).await.status, 400);
            assert_eq!(refresh(server, &third).await.status, 400);
            assert_eq!(refresh(server, "rubbish").await.status, 400);
            check(
                &recorder,
                &before,
                ROTATIONS,
                &[
                    ("outcome=rested reason=none", 1.0),
                    ("outcome=rotated reason=none", 2.0),
                    ("outcome=replayed reason=none", 1.0),
                    ("outcome=reused reason=none", 1.0),
                    ("outcome=refused reason=revoked", 1.0),
                ],
            );
            check(&recorder, &before, OPENED, &[("by=login", 1.0)]);
            check(&recorder, &before, ENDED, &[("reason=reuse", 1.0)]);
            check(
                &recorder,
                &before,
                ENDPOINTS,
                &[
                    ("endpoint=token outcome=answered reason=none", 1.0),
                    ("endpoint=refresh outcome=answered reason=none", 4.0),
                    ("endpoint=refresh outcome=refused reason=bad_token", 3.0),
                ],
            );
        }
    });
}

#[test]
fn logins_that_fail_and_log_outs_are_counted() {
    let recorder = recorder();
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    block_on(async {
        for server in everywhere.servers() {
            let before = recorder.series();
            for (body, status) in [
                (r#"{"username":"alice","password":"hunter2"}"#, 401),
                (r#"{"username":"alice"}"#, 400),
                ("{", 400),
            ] {
                let request = Request::new("POST", "/api/users/login").json(body);
                assert_eq!(exchange(server, &request).await.status, status);
            }
            let get = Request::new("GET", "/api/users/login");
            assert_eq!(exchange(server, &get).await.status, 405);
            let pair = log_in(server).await;
            let access = pair.text_at("/access_token");
            let out = Request::new("POST", "/logout").bearer(&access);
            for _ in 0..2 {
                assert_eq!(exchange(server, &out).await.status, 204);
            }
            check(
                &recorder,
                &before,
                ENDPOINTS,
                &[
                    (
                        "endpoint=login outcome=refused reason=wrong_credentials",
                        1.0,
                    ),
                    ("endpoint=login outcome=refused reason=field", 1.0),
                    ("endpoint=login outcome=refused reason=body", 1.0),
                    (
                        "endpoint=login outcome=refused reason=method_not_allowed",
                        1.0,
                    ),
                    ("endpoint=token outcome=answered reason=none", 1.0),
                    ("endpoint=logout outcome=answered reason=none", 2.0),
                ],
            );
            check(&recorder, &before, ENDED, &[("reason=logout", 1.0)]);
        }
    });
}

#[test]
fn what_the_store_answers_is_timed() {
    const STORE: &str = "portcullis_store_operation_duration_seconds_count";
    let recorder = recorder();
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    block_on(async {
        for server in everywhere.servers() {
            let before = recorder.series();
            let pair = log_in(server).await;
            check(
                &recorder,
                &before,
                STORE,
                &[
                    // Twice: the store that fails on demand has another one inside.
                    ("operation=create outcome=ok", 2.0),
                    ("operation=login_ticket outcome=ok", 2.0),
                ],
            );
            let before = recorder.series();
            backend.store.fail_next(u64::MAX, Fault::Unreachable);
            let answer = refresh(server, &pair.text_at("/refresh_token")).await;
            backend.store.fail_next(0, Fault::Unreachable);
            assert_eq!(answer.status, 503);
            check(
                &recorder,
                &before,
                STORE,
                &[
                    ("operation=current_time outcome=ok", 2.0),
                    ("operation=rotate_within outcome=unavailable", 2.0),
                ],
            );
            check(
                &recorder,
                &before,
                ROTATIONS,
                &[("outcome=failed reason=unavailable", 1.0)],
            );
            check(
                &recorder,
                &before,
                ENDPOINTS,
                &[(
                    "endpoint=refresh outcome=unavailable reason=unavailable",
                    1.0,
                )],
            );
        }
    });
}

#[test]
fn the_age_of_the_snapshot_can_be_told_from_when_it_was_read() {
    const READ: &str = "portcullis_revocation_snapshot_timestamp_seconds";
    let recorder = recorder();
    let backend = Backend::new();
    let node = backend.another_node();
    let now = || backend.clock.shared().now().as_millis() as f64 / 1000.0;
    block_on(async {
        let before = recorder.series();
        node.sync().await;
        assert_eq!(recorder.value(READ), now());
        assert_eq!(
            recorder.value("portcullis_revocation_snapshot_max_age_seconds"),
            30.0
        );
        backend.clock.advance(Duration::from_secs(20));
        backend.store.fail_next(1, Fault::Unreachable);
        node.session.revocations().sync().await.unwrap_err();
        assert_eq!(recorder.value(READ), now() - 20.0);
        let subject = portcullis::subject::Subject::new("users", "alice");
        node.session.log_out_everywhere(&subject).await.unwrap();
        node.sync().await;
        assert_eq!(recorder.value(READ), now());
        check(
            &recorder,
            &before,
            "portcullis_revocation_snapshot_reads_total",
            &[("outcome=ok", 2.0), ("outcome=unavailable", 1.0)],
        );
        let subjects = r#"portcullis_revocation_snapshot_entries{kind="subject"}"#;
        assert_eq!(recorder.value(subjects), 1.0);
    });
}
