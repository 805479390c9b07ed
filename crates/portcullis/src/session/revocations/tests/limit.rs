//! More revocations than are kept one by one.

use std::thread;

use proptest::prelude::*;

use super::*;

/// A snapshot that keeps `limit` of them.
fn limited(limit: usize) -> Node {
    let mut node = Node::new();
    node.revocations = node.revocations.clone().with_limit(limit);
    node
}

fn nth(number: u32) -> SessionId {
    let id = format!("{number:08x}-0000-4000-8000-000000000000");
    SessionId::parse(&id).unwrap()
}

impl Node {
    /// Kinds of revocations that are told, of as many subjects.
    fn revocation(&self, kind: u32, number: u32) -> Revocation {
        let at = self.clock.now();
        let subject = Subject::new("users", format!("subject-{number}"));
        match kind {
            0 => Revocation::Session {
                id: nth(number),
                subject,
                at,
                reason: RevocationReason::Logout,
            },
            1 => Revocation::Token {
                id: format!("token-{number}"),
                subject,
                at,
                until: at.saturating_add(KEEP),
            },
            2 => Revocation::Subject { subject, at },
            _ => Revocation::Token {
                id: nth(number).to_string(),
                subject: Subject::new("\u{1}https://issuer.example", nth(number).as_str()),
                at,
                until: at.saturating_add(KEEP),
            },
        }
    }

    /// A token that the revocation of this kind and number concerns, and no other.
    fn concerned(&self, kind: u32, number: u32) -> Verified {
        let issuer = "https://issuer.example";
        let whose = |name: &str| Subject::new("users", format!("{name}-{number}"));
        match kind {
            0 => {
                let claims = json!({"sid": nth(number).as_str(), "jti": "-"});
                self.token(&whose("a"), claims).of_own_issuer()
            }
            1 => self.token(&whose("a"), json!({"jti": format!("token-{number}")})),
            2 => self.token(&whose("subject"), json!({"jti": "-"})),
            _ => {
                let claims = json!({"sid": nth(number).as_str(), "iss": issuer});
                self.token(&whose("a"), claims)
            }
        }
    }
}

/// Whether the store would be asked.
fn asks(status: &Status) -> bool {
    matches!(status, Status::Pending(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever was revoked is never clear, however many there are, and what was not is
    /// asked about once in a hundred times at most.
    #[test]
    fn nothing_revoked_is_clear_and_few_others_are_asked_about(
        limit in 0..2_000_usize,
        count in 1..4_000_u32,
        first in 0..u32::MAX / 2,
        batch in 1..500_usize,
    ) {
        let node = limited(limit);
        node.revocations.shared.heard.store(node.clock.now().as_millis(), Relaxed);
        let all: Vec<_> = (first..first + count).map(|number| node.revocation(number % 4, number)).collect();
        for some in all.chunks(batch) {
            node.revocations.apply_all(some.iter().cloned());
        }
        let mut asked = 0;
        for number in first..first + count {
            let revoked = node.revocations.status(&node.concerned(number % 4, number));
            prop_assert!(asks(&revoked) || matches!(revoked, Status::Revoked), "{revoked:?}");
            let good = node.revocations.status(&node.concerned(number % 4, number + u32::MAX / 2));
            prop_assert!(asks(&good) || matches!(good, Status::Clear), "{good:?}");
            asked += u32::from(asks(&good));
        }
        prop_assert!(asked <= 1 + count / 100, "{asked} of {count}");
        let state = &node.revocations.shared.state;
        let kept: usize = [Kind::Session, Kind::SessionElsewhere, Kind::Token, Kind::Subject]
            .iter()
            .map(|kind| state.count(*kind))
            .sum();
        prop_assert_eq!(kept, limit.min(count as usize));
    }
}

/// Of each kind one that was revoked, and one that was not but has the same hint.
#[tokio::test]
async fn the_store_tells_what_has_only_a_hint() {
    let node = limited(0);
    node.revocations.sync().await.unwrap();
    let until = node.clock.now().saturating_add(KEEP);
    let session = node.open(&alice()).await;
    let stays = node.open(&alice()).await;
    let foreign = |id: &str| {
        let claims = json!({"sid": id, "iss": "https://issuer.example"});
        node.token(&alice(), claims)
    };
    let elsewhere = |id| Subject::new("\u{1}https://issuer.example", id);
    let bob = Subject::new("users", "bob");
    let [of_alice, of_bob] = [alice(), bob.clone()].map(|it| node.token(&it, json!({"jti": "x"})));
    node.log_out(&alice(), &session).await;
    for id in ["one", "two"] {
        let revoked = node.store.revoke_token(&alice(), id, until).await;
        revoked.unwrap();
    }
    let ended = node.store.revoke_token(&elsewhere("s"), "s", until).await;
    ended.unwrap();
    node.pass(2_000);
    node.store.revoke_all(&bob).await.unwrap();
    node.revocations.sync().await.unwrap();
    // As if others had their names.
    let names = &node.revocations.shared.names;
    let hints = [
        names.session(stays.as_str()),
        names.token("users", "three"),
        names.session_elsewhere("https://issuer.example", "t"),
        names.subject("users", "alice"),
    ];
    let mut hints = hints.map(|name| {
        let end = match name.kind() {
            Kind::Subject => node.clock.now(),
            _ => until,
        };
        Revoked { name, time: end }
    });
    let settings = &node.revocations.settings;
    let state = &node.revocations.shared.state;
    state.take_in(&mut hints, node.clock.now(), settings, |_| false, |_| {});

    assert_status!(asked(node.check(&alice(), &session)).await, Revoked);
    assert_status!(asked(node.check(&alice(), &stays)).await, Clear);
    for (id, revoked) in [("one", true), ("two", true), ("three", false)] {
        let status = asked(node.check_id(&alice(), id)).await;
        assert_eq!(
            matches!(status, Status::Revoked),
            revoked,
            "{id}: {status:?}"
        );
    }
    for (id, revoked) in [("s", true), ("t", false)] {
        let status = asked(node.revocations.status(&foreign(id))).await;
        assert_eq!(
            matches!(status, Status::Revoked),
            revoked,
            "{id}: {status:?}"
        );
    }
    assert_status!(asked(node.revocations.status(&of_bob)).await, Revoked);
    assert_status!(asked(node.revocations.status(&of_alice)).await, Clear);
    // Logged in again.
    node.pass(5_000);
    assert_status!(asked(node.check_id(&bob, "x")).await, Clear);
}

#[tokio::test]
async fn what_is_over_makes_room() {
    let node = limited(10);
    node.revocations.sync().await.unwrap();
    for number in 0..30 {
        node.revocations.apply(node.revocation(0, number));
    }
    let state = &node.revocations.shared.state;
    assert_eq!((state.count(Kind::Session), state.hint_count()), (10, 20));
    node.pass(900_000 + 122_000 + 20_000);
    node.revocations.sync().await.unwrap();
    assert_eq!((state.count(Kind::Session), state.hint_count()), (0, 0));
    assert_status!(node.revocations.status(&node.concerned(0, 29)), Clear);
    node.revocations.apply(node.revocation(0, 30));
    assert_eq!((state.count(Kind::Session), state.hint_count()), (1, 0));
}

/// Where nobody reads the store, revocations of this process make room.
#[tokio::test]
async fn whoever_revokes_forgets_what_is_over() {
    let node = limited(usize::MAX);
    node.revocations.sync().await.unwrap();
    let mut most = 0;
    for number in 0..20_000 {
        node.pass(200);
        node.revocations.apply(node.revocation(0, number));
        most = most.max(node.revocations.shared.state.count(Kind::Session));
    }
    // 5,110 matter at any time.
    assert!((5_000..7_000).contains(&most), "{most}");
}

/// A token that was revoked for longer than hints last keeps an entry.
#[tokio::test]
async fn what_ends_late_is_kept_whatever_the_limit() {
    let node = limited(0);
    node.revocations.sync().await.unwrap();
    let at = node.clock.now();
    node.revocations.apply(Revocation::Token {
        id: "late".to_owned(),
        subject: alice(),
        at,
        until: at.saturating_add(KEEP * 100),
    });
    assert_status!(node.check_id(&alice(), "late"), Revoked);
    node.pass(80_000_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check_id(&alice(), "late"), Revoked);
    node.pass(10_000_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check_id(&alice(), "late"), Clear);
}

/// What is revoked is seen at once by whoever looks afterwards, and what was seen stays.
#[test]
fn readers_and_writers_do_not_disturb_each_other() {
    let node = limited(3_000);
    node.revocations
        .shared
        .heard
        .store(node.clock.now().as_millis(), Relaxed);
    let written = std::sync::atomic::AtomicU32::new(0);
    let clear = |number| {
        let status = node.revocations.status(&node.concerned(number % 4, number));
        matches!(status, Status::Clear)
    };
    thread::scope(|scope| {
        for part in 0..2 {
            let (node, written) = (&node, &written);
            scope.spawn(move || {
                for number in (part..6_000).step_by(2) {
                    node.revocations.apply(node.revocation(number % 4, number));
                    assert!(!matches!(
                        node.revocations.status(&node.concerned(number % 4, number)),
                        Status::Clear
                    ));
                    if part == 0 {
                        written.store(number + 1, Relaxed);
                    }
                }
            });
        }
        scope.spawn(|| {
            let mut count = 0;
            while count < 5_999 {
                count = written.load(Relaxed);
                if let Some(last) = count.checked_sub(1) {
                    assert!(!clear(last) && !clear(last / 4 * 2), "{last}");
                }
            }
        });
    });
    assert!((0..6_000).all(|number| !clear(number)));
}
