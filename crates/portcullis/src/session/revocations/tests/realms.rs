use super::*;

fn alice() -> Subject {
    Subject::new("users", "alice")
}

/// A second node on the same store, whose clock is the same.
fn other_node(node: &Node) -> Node {
    let shared = SharedClock::new(node.clock.clone());
    Node {
        clock: node.clock.clone(),
        store: node.store.clone(),
        revocations: Revocations::new(node.store.clone(), shared, KEEP),
    }
}

impl Node {
    async fn log_everybody_out(&self) {
        let at = self.store.revoke_realm("users").await.unwrap();
        let realm = "users".to_owned();
        self.revocations.apply(Revocation::Realm { realm, at });
    }

    /// About a token of an own session that was issued at some time.
    async fn check_of(&self, session: &SessionId, issued_at: Timestamp) -> Status {
        let claims = json!({"sid": session.as_str(), "jti": "jti", "iat": issued_at.as_secs()});
        let token = self.token(&alice(), claims).in_realm("users");
        answer(self.revocations.status(&token.of_own_issuer())).await
    }

    /// Puts an application token on the live list.
    async fn list(&self, id: &str) {
        let ticket = self.store.login_ticket().await.unwrap();
        let token = ApplicationToken {
            id: id.to_owned(),
            subject: alice(),
            created_at: self.clock.now(),
        };
        let added = self.store.add_application_token(token, 10, ticket).await;
        added.unwrap();
    }

    async fn check_listed(&self, id: &str) -> Status {
        let claims = json!({"jti": id, "exp": null});
        let token = self.token(&alice(), claims).in_realm("users");
        answer(self.revocations.status(&token)).await
    }

    /// Whether the snapshot can say without the store.
    fn knows(&self, session: &SessionId) -> bool {
        let claims = json!({"sid": session.as_str(), "jti": "jti"});
        let token = self.token(&alice(), claims).in_realm("users");
        let status = self.revocations.status(&token.of_own_issuer());
        !matches!(status, Status::Pending(_))
    }
}

async fn answer(status: Status) -> Status {
    match status {
        Status::Pending(answer) => answer.await,
        status => status,
    }
}

#[tokio::test]
async fn sessions_of_before_are_over_and_those_of_afterwards_are_not() {
    let node = Node::new();
    let other = other_node(&node);
    let before = node.open(&alice()).await;
    for it in [&node, &other] {
        it.revocations.sync().await.unwrap();
        let now = node.clock.now();
        assert!(matches!(it.check_of(&before, now).await, Status::Clear));
    }
    node.log_everybody_out().await;
    // In the same millisecond.
    let after = node.open(&alice()).await;
    other.revocations.sync().await.unwrap();
    let now = node.clock.now();
    let by = |secs| Duration::from_secs(secs);
    for it in [&node, &other] {
        for issued_at in [
            now,
            now.saturating_sub(by(59)),
            now.saturating_add(by(59)),
            now.saturating_sub(by(800)),
        ] {
            let status = it.check_of(&before, issued_at).await;
            assert!(matches!(status, Status::Revoked), "{issued_at:?}");
        }
        // Of a clock that is behind or ahead.
        for issued_at in [
            now,
            now.saturating_sub(by(59)),
            now.saturating_add(by(59)),
            now.saturating_add(by(800)),
        ] {
            let status = it.check_of(&after, issued_at).await;
            assert!(matches!(status, Status::Clear), "{issued_at:?}");
        }
    }
}

#[tokio::test]
async fn the_store_is_asked_once_about_a_session_that_goes_on() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let before = node.open(&alice()).await;
    assert!(node.knows(&before));
    node.log_everybody_out().await;
    let after = node.open(&alice()).await;
    assert!(!node.knows(&after));
    let now = node.clock.now();
    assert!(matches!(node.check_of(&after, now).await, Status::Clear));
    assert!(node.knows(&after));
    // It does not outlive the next one, nor an own log-out.
    node.pass(1);
    node.log_everybody_out().await;
    assert!(!node.knows(&after));
    assert!(matches!(node.check_of(&after, now).await, Status::Revoked));
    let last = node.open(&alice()).await;
    assert!(matches!(node.check_of(&last, now).await, Status::Clear));
    node.log_out(&alice(), &last).await;
    assert!(matches!(node.check_of(&last, now).await, Status::Revoked));
}

/// An answer that a cut-off has overtaken is not remembered.
#[tokio::test]
async fn a_late_answer_about_a_session_is_not_remembered() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    node.log_everybody_out().await;
    let session = node.open(&alice()).await;
    let claims = json!({"sid": session.as_str(), "jti": "jti"});
    let token = node.token(&alice(), claims).in_realm("users");
    let token = token.of_own_issuer();
    let Status::Pending(answer) = node.revocations.status(&token) else {
        panic!("nobody was asked");
    };
    // Known here, and not to the store yet.
    let at = node.clock.now().saturating_add(Duration::from_millis(1));
    let realm = "users".to_owned();
    node.revocations.apply(Revocation::Realm { realm, at });
    assert!(matches!(answer.await, Status::Clear));
    assert!(!node.knows(&session));
}

#[tokio::test]
async fn tokens_without_a_session_go_by_their_time() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let status = |realm: &str, issued_at: Timestamp| {
        let claims = json!({"jti": "jti", "iat": issued_at.as_secs()});
        let token = node.token(&alice(), claims).in_realm(realm);
        node.revocations.status(&token)
    };
    let now = node.clock.now();
    node.log_everybody_out().await;
    let later = |secs| now.saturating_add(Duration::from_secs(secs));
    assert!(matches!(status("users", now), Status::Revoked));
    assert!(matches!(status("users", later(2)), Status::Revoked));
    assert!(matches!(status("users", later(3)), Status::Clear));
    assert!(matches!(status("apis", now), Status::Clear));
    // Foreign sessions may look like ours.
    let session = node.open(&alice()).await;
    let claims = json!({"sid": session.as_str(), "jti": "jti"});
    let foreign = node.token(&alice(), claims).in_realm("users");
    assert!(matches!(node.revocations.status(&foreign), Status::Revoked));
}

#[tokio::test]
async fn application_tokens_are_asked_about_anew() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    node.list("before").await;
    assert!(matches!(node.check_listed("before").await, Status::Clear));
    node.log_everybody_out().await;
    node.list("after").await;
    let before = node.check_listed("before").await;
    assert!(matches!(before, Status::Revoked));
    assert!(matches!(node.check_listed("after").await, Status::Clear));
}

/// They never expire, so that a node which was away for longer than access tokens live
/// cannot know by reading what became of them.
#[tokio::test]
async fn a_node_that_was_away_asks_about_application_tokens_anew() {
    let node = Node::new();
    for (number, thorough) in [(0, false), (1, true), (2, false), (3, true)] {
        let other = other_node(&node);
        other.revocations.sync().await.unwrap();
        let (id, spared) = (format!("token-{number}"), format!("spared-{number}"));
        node.list(&id).await;
        assert!(matches!(other.check_listed(&id).await, Status::Clear));
        node.pass(1_000);
        match number < 2 {
            true => node.log_everybody_out().await,
            false => {
                let removed = node.store.remove_application_token(&alice(), &id).await;
                assert!(removed.unwrap());
            }
        }
        node.list(&spared).await;
        node.pass(3_600_000);
        match thorough {
            true => other.revocations.sync_thoroughly().await.unwrap(),
            false => other.revocations.sync().await.unwrap(),
        }
        assert!(matches!(other.check_listed(&id).await, Status::Revoked));
        assert!(matches!(other.check_listed(&spared).await, Status::Clear));
    }
}

/// Readings look back, so that they find the same again and again.
#[tokio::test]
async fn a_cut_off_is_news_once_and_forgotten_at_last() {
    let node = Node::new();
    node.log_everybody_out().await;
    node.revocations.sync().await.unwrap();
    let session = node.open(&alice()).await;
    let now = node.clock.now();
    assert!(matches!(node.check_of(&session, now).await, Status::Clear));
    for _ in 0..3 {
        node.pass(1_000);
        node.revocations.sync_thoroughly().await.unwrap();
        let seen = node.revocations.shared.realms.seen();
        assert_eq!(seen, 1);
    }
    node.pass(3_600_000);
    node.revocations.sync_thoroughly().await.unwrap();
    assert!(node.knows(&session));
    assert_eq!(node.revocations.shared.realms.seen(), 1);
}

#[tokio::test]
async fn a_snapshot_that_is_silent_still_knows_who_is_out() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let session = node.open(&alice()).await;
    let issued_at = node.clock.now();
    node.pass(100_000);
    node.log_everybody_out().await;
    node.pass(100_000);
    let long_before = node.check_of(&session, issued_at).await;
    assert!(matches!(long_before, Status::Revoked));
    let now = node.clock.now();
    assert!(matches!(
        node.check_of(&session, now).await,
        Status::Unknown
    ));
}

/// By which the snapshot would take the second for the first.
#[tokio::test]
async fn cut_offs_in_one_millisecond_are_two() {
    let node = Node::new();
    let other = other_node(&node);
    for set_back in [0, 5_000] {
        for it in [&node, &other] {
            it.revocations.sync().await.unwrap();
        }
        node.log_everybody_out().await;
        other.revocations.sync().await.unwrap();
        let between = node.open(&alice()).await;
        let now = node.clock.now();
        for it in [&node, &other] {
            assert!(matches!(it.check_of(&between, now).await, Status::Clear));
            assert!(it.knows(&between));
        }
        node.pass(-set_back);
        node.log_everybody_out().await;
        other.revocations.sync().await.unwrap();
        for it in [&node, &other] {
            let status = it.check_of(&between, now).await;
            assert!(matches!(status, Status::Revoked), "{set_back}");
        }
    }
}

/// Whoever does not stop coming is no burden for the store.
#[tokio::test]
async fn the_store_is_asked_once_about_a_session_that_has_ended() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let before = node.open(&alice()).await;
    let now = node.clock.now();
    node.log_everybody_out().await;
    assert!(!node.knows(&before));
    assert!(matches!(node.check_of(&before, now).await, Status::Revoked));
    let claims = json!({"sid": before.as_str(), "jti": "jti", "iat": now.as_secs()});
    let token = node.token(&alice(), claims).in_realm("users");
    let status = node.revocations.status(&token.of_own_issuer());
    assert!(matches!(status, Status::Revoked), "{status:?}");
}

/// The sessions that are remembered do not become more and more.
#[tokio::test]
async fn only_so_many_sessions_are_remembered() {
    let node = Node::new();
    let shared = SharedClock::new(node.clock.clone());
    let node = Node {
        revocations: Revocations::new(node.store.clone(), shared, KEEP).with_limit(4),
        ..node
    };
    node.revocations.sync().await.unwrap();
    node.log_everybody_out().await;
    let now = node.clock.now();
    let mut sessions = Vec::new();
    for _ in 0..20 {
        let session = node.open(&alice()).await;
        assert!(matches!(node.check_of(&session, now).await, Status::Clear));
        assert!(node.knows(&session));
        sessions.push(session);
        let known = sessions.iter().filter(|session| node.knows(session));
        assert!((1..=4).contains(&known.count()));
    }
}
