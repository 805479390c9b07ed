//! Several nodes over one store.

use std::time::Duration;

use behaviour::{
    backend::Backend,
    client::{Request, send},
    run::{Everywhere, block_on},
};

use super::{APPLICATION_TOKEN, HEADER_REFRESH, On, Pair, assert_error};

/// The same service twice, each node on every adapter.
struct Nodes {
    backends: [Backend; 2],
    served: [Everywhere; 2],
}

impl Nodes {
    fn new() -> Self {
        let one = Backend::new();
        let backends = [one.another_node(), one.another_node()];
        let served = [0, 1].map(|node: usize| Everywhere::serve(&backends[node].site()));
        Self { backends, served }
    }

    /// Plays a scene on each adapter, with two nodes.
    fn play(&self, scene: impl AsyncFn(&On<'_>, &On<'_>)) {
        block_on(async {
            let [one, two] = &self.served;
            for (one, two) in one.servers().iter().zip(two.servers()) {
                let [a, b] = &self.backends;
                let one = On {
                    server: one,
                    backend: a,
                };
                let two = On {
                    server: two,
                    backend: b,
                };
                scene(&one, &two).await;
            }
        });
    }
}

/// No first snapshot yet: nobody can say what was revoked, which is no fault of
/// the token.
#[test]
fn a_node_that_knows_nothing_yet_says_so() {
    let nodes = Nodes::new();
    nodes.play(async |one: &On<'_>, two: &On<'_>| {
        one.backend.sync().await;
        let [access, _] = one.login("alice").await;
        let fresh = two.backend.another_node();
        let served = Everywhere::serve(&fresh.site());
        for server in served.servers() {
            let on = On {
                server,
                backend: &fresh,
            };
            let answer = on.bearer("GET", "/api/stations", &access).await;
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.field("retry-after").is_some());
            assert!(answer.field("www-authenticate").is_none());
            assert_eq!(
                on.bearer("GET", "/api/stations", "garbage").await.status,
                401
            );
            assert_eq!(on.bearer("GET", "/sessions", &access).await.status, 503);
        }
        fresh.sync().await;
        for server in served.servers() {
            let on = On {
                server,
                backend: &fresh,
            };
            assert!(on.accepts("/api/stations", &access).await);
        }
    });
}

#[test]
fn what_one_node_revokes_the_others_learn() {
    let nodes = Nodes::new();
    nodes.play(async |one: &On<'_>, two: &On<'_>| {
        one.backend.sync().await;
        two.backend.sync().await;
        let [access, _] = one.login("alice").await;
        let pair = one.grant("").await;
        let key = one.authenticate().await;
        assert!(two.accepts("/api/stations", &access).await);
        assert_eq!(one.bearer("POST", "/logout", &access).await.status, 204);
        // At once where it happened, at the next reading elsewhere.
        assert!(!one.accepts("/api/stations", &access).await);
        two.backend.sync().await;
        assert!(!two.accepts("/api/stations", &access).await);
        assert!(two.accepts("/auth/stations", &pair.access).await);

        assert_eq!(
            two.bearer("POST", "/logout/all", &pair.access).await.status,
            204
        );
        assert!(!two.accepts("/auth/stations", &pair.access).await);
        one.backend.sync().await;
        assert!(!one.accepts("/auth/stations", &pair.access).await);
        assert!(one.accepts("/v1/stations", &key).await);
        // What comes after it is good everywhere.
        let [access, _] = two.login("alice").await;
        one.backend.sync().await;
        assert!(one.accepts("/api/stations", &access).await);
        assert!(two.accepts("/api/stations", &access).await);
    });
}

/// Reuse that one node notices ends the access tokens on the others.
#[test]
fn reuse_is_learned_too() {
    let nodes = Nodes::new();
    nodes.play(async |one: &On<'_>, two: &On<'_>| {
        one.backend.sync().await;
        two.backend.sync().await;
        let first = one.grant("").await;
        let next = Pair::of(&two.refresh(&first.refresh).await);
        one.backend.clock.advance(Duration::from_secs(11));
        assert_error(&one.refresh(&first.refresh).await, 400, "invalid_grant");
        two.backend.sync().await;
        for access in [&first.access, &next.access] {
            assert!(!one.accepts("/auth/stations", access).await);
            assert!(!two.accepts("/auth/stations", access).await);
        }
        assert_error(&two.refresh(&next.refresh).await, 400, "invalid_grant");
    });
}

/// A miss in the snapshot asks the store, so a token that never expires is good
/// everywhere at once.
#[test]
fn application_tokens_are_known_everywhere() {
    let nodes = Nodes::new();
    nodes.play(async |one: &On<'_>, two: &On<'_>| {
        one.backend.sync().await;
        two.backend.sync().await;
        let [_, refresh] = one.login("robot").await;
        let token = one
            .bearer("POST", APPLICATION_TOKEN, &refresh)
            .await
            .text_at("/token");
        assert!(two.accepts("/api/stations", &token).await);
        assert_eq!(one.bearer("POST", "/logout", &token).await.status, 204);
        two.backend.sync().await;
        assert!(!two.accepts("/api/stations", &token).await);
        assert!(!one.accepts("/api/stations", &token).await);
    });
}

/// Silence for longer than the bound is not knowing.
#[test]
fn a_node_that_hears_nothing_says_so() {
    let nodes = Nodes::new();
    nodes.play(async |one: &On<'_>, two: &On<'_>| {
        one.backend.sync().await;
        two.backend.sync().await;
        let [access, _] = one.login("alice").await;
        one.backend.clock.advance(Duration::from_secs(29));
        assert!(two.accepts("/api/stations", &access).await);
        one.backend.clock.advance(Duration::from_secs(2));
        let answer = two.bearer("GET", "/api/stations", &access).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.field("www-authenticate").is_none());
        two.backend.sync().await;
        assert!(two.accepts("/api/stations", &access).await);
    });
}

/// Two nodes get the same refresh at once: one successor.
#[test]
fn parallel_refreshes_on_two_nodes() {
    let nodes = Nodes::new();
    nodes.play(async |one: &On<'_>, two: &On<'_>| {
        one.backend.sync().await;
        two.backend.sync().await;
        for _ in 0..5 {
            let pair = one.grant("").await;
            let tasks: Vec<_> = (0..16)
                .map(|at| {
                    let on = if at % 2 == 0 { one } else { two };
                    let address = on.server.address;
                    let request =
                        Request::new("POST", HEADER_REFRESH).field("refresh-token", &pair.refresh);
                    tokio::spawn(async move { send(address, &request).await.unwrap() })
                })
                .collect();
            let mut successors = Vec::new();
            for task in tasks {
                successors.push(Pair::of(&task.await.unwrap()).refresh);
            }
            successors.dedup();
            assert_eq!(successors.len(), 1);
        }
    });
}
