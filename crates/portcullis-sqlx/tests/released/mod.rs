//! What released versions keep in their tables, in all the states that there are, and what
//! must have become of it: the dumps in this directory, one for each version and database.
//!
//! A version is not released before there are dumps of its tables:
//!
//! ```sh
//! PORTCULLIS_DUMP=$PWD/crates/portcullis-sqlx/tests/released \
//!     cargo test -p portcullis-sqlx -- what_this_version_keeps
//! ```
//!
//! That writes those of the newest version, and none is changed once it is released.

use std::{path::PathBuf, time::Duration};

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, Device, Grant, NewSession, OneUse, RefusalReason,
        Revocation, RevocationReason, RotationAttempt, RotationMode, RotationOutcome,
        RotationRules, SecretDigest, SessionId, SessionRecord, SessionStore, TokenAdded,
    },
    subject::Subject,
    time::{Clock, Timestamp},
};
use portcullis_testing::clock::FakeClock;

const DAY: Duration = Duration::from_secs(86_400);
const YEARS: Duration = DAY.saturating_mul(20 * 365);

/// How long before [`FakeClock::START`] the dumps were made.
const AGO: Duration = DAY.saturating_mul(100);

/// What no call does: rows of a version that kept no tickets, and what somebody did by hand.
pub(crate) const BY_HAND: [&str; 2] = [
    "UPDATE portcullis_sessions SET ticket = NULL \
     WHERE id = '00000000-0000-4000-8000-000000000012'",
    "UPDATE portcullis_sessions SET revoked_at = created_at, revoked_reason = 'fraud' \
     WHERE id = '00000000-0000-4000-8000-000000000014'",
];

/// The clock of who makes a dump.
pub(crate) fn clock_of_before() -> FakeClock {
    let start = Timestamp::from_secs(FakeClock::START);
    FakeClock::at(start.saturating_sub(AGO))
}

/// The dumps of this database, by name.
pub(crate) fn dumps(database: &str) -> Vec<(String, String)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/released");
    let mut dumps = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with(database) {
            dumps.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    assert!(!dumps.is_empty(), "the first is of version 5");
    dumps
}

/// Where to write the dump of this version, if that is asked for.
pub(crate) fn wanted_dump(database: &str, version: i64) -> Option<PathBuf> {
    let directory = std::env::var_os("PORTCULLIS_DUMP")?;
    Some(PathBuf::from(directory).join(format!("{database}_{version}.sql")))
}

/// Brings an empty store into all the states, as of long ago; then come the statements
/// [`BY_HAND`].
pub(crate) async fn populate(store: &impl SessionStore, clock: &FakeClock) {
    keep_lists(store, clock).await;
    for number in 1..=3 {
        open(store, "staff", "bob", number).await;
    }
    for generation in 0..3 {
        advance(store, 2, generation, "bob").await;
    }
    advance(store, 3, 0, "bob").await;
    clock.advance(DAY);
    let mut late = attempt(3, &staff("bob"), 0);
    late.id = AttemptId::from_bytes([1; 16]);
    late.rules.until_used = true;
    assert!(store.rotate(&late).await.unwrap().successor().is_some());

    for number in 4..=5 {
        open(store, "staff", "carol", number).await;
    }
    assert!(store.revoke(&staff("carol"), &id(4)).await.unwrap());
    advance(store, 5, 0, "carol").await;
    clock.advance(DAY);
    let mut stolen = attempt(5, &staff("carol"), 0);
    stolen.id = AttemptId::from_bytes([2; 16]);
    let reused = store.rotate(&stolen).await.unwrap();
    assert!(matches!(reused, RotationOutcome::Reused { .. }));

    for number in 6..=7 {
        open(store, "staff", "dave", number).await;
    }
    list(store, &staff("dave"), "dave-token").await;
    store.revoke_all(&staff("dave")).await.unwrap();
    clock.advance(DAY);
    open(store, "staff", "dave", 8).await;

    let mut short = new_session(9, staff("erin"));
    short.idle_ttl = DAY;
    begin(store, short).await;

    open(store, "guests", "frank", 10).await;
    list(store, &guests("frank"), "frank-token").await;
    clock.advance(DAY);
    store.revoke_realm("guests").await.unwrap();
    open(store, "guests", "frank", 11).await;

    open(store, "staff", "gina", 12).await;
    begin(store, odd_session()).await;
    open(store, "staff", "gina", 14).await;
}

async fn keep_lists(store: &impl SessionStore, clock: &FakeClock) {
    let bob = staff("bob");
    for token in ["bob-live", "bob-removed"] {
        list(store, &bob, token).await;
    }
    let removed = store.remove_application_token(&bob, "bob-removed").await;
    assert!(removed.unwrap());
    let now = clock.now();
    for (id, until) in [("jti-good", YEARS), ("jti-past", DAY)] {
        let until = now.saturating_add(until);
        store.revoke_token(&bob, id, until).await.unwrap();
    }
    for (value, keep) in [("kept for long", YEARS), ("kept for a day", DAY)] {
        let value = SecretDigest::of(value.as_bytes());
        let used = store.use_once(&value, AttemptId::from_bytes([7; 16]), keep);
        assert_eq!(used.await.unwrap(), OneUse::First);
    }
    let kept = store.replace_key_ring("ring", 0, "{\"keys\": 'a'}").await;
    assert!(kept.unwrap());
}

/// All of it is as it was a hundred days later: who was in stays in and can be logged out,
/// who was out stays out.
pub(crate) async fn expect(store: &impl SessionStore, clock: &FakeClock) {
    clock.set(Timestamp::from_secs(FakeClock::START));
    expect_lists(store).await;
    expect_ended(store).await;
    let live = [
        ("staff", "bob", vec![(1, 0), (2, 3), (3, 1)]),
        ("staff", "carol", vec![]),
        ("staff", "dave", vec![(8, 0)]),
        ("staff", "erin", vec![]),
        ("guests", "frank", vec![(11, 0)]),
        ("staff", "gina", vec![(12, 0)]),
    ];
    for (realm, name, expected) in live {
        let subject = Subject::new(realm, name);
        let listed = store.sessions(&subject).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|row| row.generation).collect();
        let generations: Vec<_> = expected.iter().map(|(_, generation)| *generation).collect();
        assert_eq!(listed, generations, "{name}");
        let count = store.session_count(&subject).await.unwrap();
        assert_eq!(count, expected.len() as u64);
        for (number, generation) in expected {
            let presented = attempt(number, &subject, generation);
            let refreshed = store.rotate(&presented).await.unwrap();
            assert!(
                matches!(refreshed, RotationOutcome::Rotated(_)),
                "{refreshed:?}"
            );
            assert!(store.revoke(&subject, &id(number)).await.unwrap());
            let presented = attempt(number, &subject, generation + 1);
            let refused = store.rotate(&presented).await.unwrap();
            assert_eq!(refused, RotationOutcome::Refused(RefusalReason::Revoked));
        }
    }
    let odd = odd_session();
    let row = store.session(&odd.subject, &odd.id).await.unwrap().unwrap();
    assert!(odd.is_of(&row), "{row:?}");
    let ended = store.revoke_all(&odd.subject).await.unwrap();
    assert_eq!(ended.sessions, [odd.id]);
}

async fn expect_lists(store: &impl SessionStore) {
    let bob = staff("bob");
    let live = [(&bob, "bob-live", true), (&bob, "bob-removed", false)];
    let (dave, frank) = (staff("dave"), guests("frank"));
    for (subject, token, is_live) in live
        .into_iter()
        .chain([(&dave, "dave-token", false), (&frank, "frank-token", false)])
    {
        let found = store.application_token_is_live(subject, token).await;
        assert_eq!(found.unwrap(), is_live, "{token}");
    }
    let listed = store.application_tokens(&bob).await.unwrap();
    assert_eq!(listed.len(), 1);
    for (value, is_first) in [("kept for long", false), ("kept for a day", true)] {
        let value = SecretDigest::of(value.as_bytes());
        let attempt = AttemptId::from_bytes([8; 16]);
        let used = store.use_once(&value, attempt, DAY).await.unwrap();
        assert_eq!(used == OneUse::First, is_first, "{used:?}");
    }
    let ring = store.key_ring("ring").await.unwrap();
    assert_eq!((ring.version, &*ring.record), (1, "{\"keys\": 'a'}"));
}

async fn expect_ended(store: &impl SessionStore) {
    let expected = [
        (4, staff("carol"), RevocationReason::Logout),
        (5, staff("carol"), RevocationReason::Reuse),
        (6, staff("dave"), RevocationReason::LogoutEverywhere),
        (7, staff("dave"), RevocationReason::LogoutEverywhere),
        (10, guests("frank"), RevocationReason::LogoutEverybody),
        (14, staff("gina"), RevocationReason::Other),
    ];
    for (number, subject, reason) in expected {
        let row = store.session(&subject, &id(number)).await.unwrap().unwrap();
        assert_eq!(row.revoked.unwrap().reason, reason, "{number}");
        for generation in 0..2 {
            let presented = attempt(number, &subject, generation);
            let refused = store.rotate(&presented).await.unwrap();
            assert_eq!(refused, RotationOutcome::Refused(RefusalReason::Revoked));
        }
    }
    let expired = store.rotate(&attempt(9, &staff("erin"), 0)).await.unwrap();
    let expected = RotationOutcome::Refused(RefusalReason::IdleDeadline);
    assert_eq!(expired, expected);

    let mut told = Vec::new();
    for revocation in store.revocations(Timestamp::from_millis(0)).await.unwrap() {
        told.push(match revocation {
            Revocation::Session { id, .. } => id.as_str()[34..].to_owned(),
            Revocation::Token { id, .. } | Revocation::ApplicationToken { id, .. } => id,
            Revocation::Subject { subject, .. } => subject.name().to_owned(),
            Revocation::Realm { realm, .. } => realm,
            other => panic!("{other:?}"),
        });
    }
    told.sort_unstable();
    let sessions = ["04", "05", "06", "07", "14"];
    let others = ["bob-removed", "dave", "dave-token", "guests", "jti-good"];
    assert_eq!(told, [sessions, others].concat());
}

fn staff(name: &str) -> Subject {
    Subject::new("staff", name)
}

fn guests(name: &str) -> Subject {
    Subject::new("guests", name)
}

fn id(number: u32) -> SessionId {
    SessionId::parse(&format!("00000000-0000-4000-8000-0000000000{number:02}")).unwrap()
}

fn new_session(number: u32, subject: Subject) -> NewSession {
    NewSession {
        id: id(number),
        subject,
        client: None,
        idle_ttl: YEARS,
        absolute_ttl: YEARS,
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: "key".into(),
        grant: Grant::new(),
        device: Device::new(Some("browser"), Some([192, 0, 2, 1].into())),
        limit: None,
    }
}

/// With everything that SQL has a meaning of its own for.
fn odd_session() -> NewSession {
    let mut odd = new_session(13, staff("o'neil; \"--\\ Zo\u{eb} \u{1f511}"));
    odd.client = Some("web'app".to_owned());
    odd.grant.scope = "a:b \"c\"".to_owned();
    odd.grant.auth_time = Some(1_700_000_000);
    odd.device = Device::new(Some("it's \u{fc}\n"), Some("2001:db8::1".parse().unwrap()));
    odd
}

async fn open(store: &impl SessionStore, realm: &str, name: &str, number: u32) {
    begin(store, new_session(number, Subject::new(realm, name))).await;
}

async fn begin(store: &impl SessionStore, session: NewSession) -> SessionRecord {
    let ticket = store.login_ticket().await.unwrap();
    match store.create(session, ticket).await.unwrap() {
        Created::Session { session, .. } => *session,
        refused => panic!("{refused:?}"),
    }
}

async fn list(store: &impl SessionStore, subject: &Subject, id: &str) {
    let token = ApplicationToken {
        id: id.to_owned(),
        subject: subject.clone(),
        created_at: store.current_time().await.unwrap(),
    };
    let ticket = store.login_ticket().await.unwrap();
    let added = store.add_application_token(token, 10, ticket).await;
    assert_eq!(added.unwrap(), TokenAdded::Added);
}

/// An attempt under rules that forgive nothing.
fn attempt(number: u32, subject: &Subject, generation: u64) -> RotationAttempt {
    RotationAttempt {
        // The same for the same token: a dump is the same whenever it is made.
        id: AttemptId::from_bytes([number as u8 * 16 + generation as u8; 16]),
        deadline: Timestamp::from_millis(i64::MAX),
        session: id(number),
        subject: subject.clone(),
        generation,
        secret_digest: SecretDigest::of(b"secret"),
        client: None,
        scope_allowed: true,
        mode: RotationMode::Rotate,
        idle_ttl: YEARS,
        refresh_key: "key".into(),
        device: Device::new(Some("browser"), Some([192, 0, 2, 2].into())),
        rules: RotationRules::with_grace(Duration::ZERO),
    }
}

async fn advance(store: &impl SessionStore, number: u32, generation: u64, name: &str) {
    let presented = attempt(number, &staff(name), generation);
    let outcome = store.rotate(&presented).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
}
