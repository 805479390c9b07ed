//! Refreshing a session in the memory store.

use std::time::Duration;

use portcullis::{
    issue::{TokenIssuer, TokenShape},
    jose::Algorithm,
    session::{
        DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, RotationRules,
        Sessions, refresh::RefreshKeys,
    },
    subject::Subject,
    time::SharedClock,
};
use portcullis_testing::keys;

use crate::{measure::Case, web::finish};

/// A whole refresh: the token read, the session rotated, two tokens issued.
pub fn refresh() -> Case {
    // Nothing rests: each refresh is an exchange.
    let sessions = sessions(RotationRules::with_grace(Duration::ZERO));
    let mut refresh = open(&sessions);
    Case::new("portcullis, a refresh", move || {
        let presented = sessions.read(refresh.as_bytes()).expect("it is ours");
        let request = RefreshRequest::new();
        let pair = finish(sessions.refresh(&presented, &request)).expect("it is live");
        let next = pair.refresh.expect("sessions rotate");
        refresh = next.token().expose().to_owned();
    })
}

/// Opens `count` sessions and keeps them.
pub fn fill(count: usize) -> Sessions {
    let sessions = sessions(RotationRules::default());
    for _ in 0..count {
        open(&sessions);
    }
    sessions
}

fn sessions(rules: RotationRules) -> Sessions {
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(900)).sole_writer();
    finish(revocations.sync()).expect("the store is there");
    let issuer = TokenIssuer::builder(keys::signing(Algorithm::HS256))
        .shape(TokenShape::session())
        .build()
        .expect("it is complete");
    Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate().expect("there is randomness"))
        .rules(rules)
        .build()
        .expect("it is complete")
}

fn open(sessions: &Sessions) -> String {
    let ticket = finish(sessions.begin_login()).expect("the store is there");
    let alice = Subject::new("users", "alice");
    let pair = finish(sessions.open(ticket, &OpenSession::login(&alice))).expect("it opens");
    let refresh = pair.refresh.expect("sessions have refresh tokens");
    refresh.token().expose().to_owned()
}
