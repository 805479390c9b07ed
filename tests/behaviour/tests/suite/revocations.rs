//! What is asked about the tokens of whichever issuer counts, although Keycloak,
//! for one, writes a `sid` that looks as ours does.

use std::{sync::OnceLock, time::Duration};

use behaviour::{
    case::{Case, invalid_token, passes},
    client::Request,
    run::{Everywhere, block_on},
    site::{Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    issue::{TokenIssuer, TokenShape},
    jose::Algorithm,
    session::{DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions},
    subject::Subject,
    time::{Clock, Timestamp},
    verify::Verifier,
};
use portcullis_testing::{
    clock::FakeClock,
    keys,
    mint::{Draft, Mint},
};

use crate::protected::get;

const OURS: &str = "https://ours.test";
const KEYCLOAK: &str = "https://keycloak.test";

const FOREIGN_SESSION: &str = "936da01f-9abd-4d9d-80c7-02af85c822a8";

/// Where the clock stands when somebody is logged out everywhere.
const LOG_OUT: i64 = FakeClock::START + 60;

fn keycloak() -> Mint {
    Mint::with_key(keys::signing(Algorithm::ES256))
        .issuer(KEYCLOAK)
        .clock(FakeClock::new().shared())
}

/// A token of another issuer, on the route that takes these.
fn foreign(draft: Draft) -> Request {
    get("/all").authorization(draft.claim("sid", FOREIGN_SESSION).bearer())
}

struct Served {
    everywhere: Everywhere,
    /// Access tokens of own sessions: one that ended with all others of its
    /// subject, and one that was opened right afterwards.
    ended: String,
    opened: String,
}

fn served() -> &'static Served {
    static SERVED: OnceLock<Served> = OnceLock::new();
    SERVED.get_or_init(|| block_on(serve()))
}

async fn serve() -> Served {
    let clock = FakeClock::new();
    let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
    let longest = Duration::from_secs(900);
    let revocations = Revocations::new(store, clock.shared(), longest).sole_writer();
    revocations.sync().await.unwrap();
    let issuer = TokenIssuer::builder(keys::signing(Algorithm::HS256))
        .shape(TokenShape::password_grant())
        .issuer(OURS)
        .clock(clock.shared())
        .build()
        .unwrap();
    let sessions = Sessions::builder(revocations.clone(), issuer)
        .build()
        .unwrap();
    let foreign = keycloak().verifier_builder().clock(clock.shared());
    let foreign = foreign.status(revocations).build().unwrap();
    let own = sessions.verifier().build().unwrap();
    let all = Verifier::combine([foreign, own]).unwrap();
    let site = Site::new().route("/all", Authenticator::new(all), Handler::Claims);

    let revoked = Subject::new(KEYCLOAK, "revoked");
    let until = clock.now().saturating_add(longest);
    let revoke = sessions.revoke_token(&revoked, "revoked", until);
    revoke.await.unwrap();
    let open = async |subject| {
        let ticket = sessions.begin_login().await.unwrap();
        let pair = sessions.open(ticket, &OpenSession::login(subject)).await;
        pair.unwrap().access.token().expose().to_owned()
    };
    let alice = Subject::new("users", "alice");
    let ended = open(&alice).await;
    clock.set(Timestamp::from_secs(LOG_OUT));
    for subject in [&alice, &Subject::new(KEYCLOAK, "alice")] {
        sessions.log_out_everywhere(subject).await.unwrap();
    }
    Served {
        opened: open(&alice).await,
        ended,
        everywhere: Everywhere::serve(&site),
    }
}

#[test]
fn a_revoked_token_is_refused_whatever_session_it_names() {
    let token = |id: &str| keycloak().token("revoked").claim("jti", id);
    let refused = || invalid_token().reason("Revoked");
    served().everywhere.run(&[
        Case::new("its id", foreign(token("revoked")), refused()),
        Case::new("another id", foreign(token("another")), passes()),
    ]);
}

/// Tokens of the two issuers speak for two subjects.
#[test]
fn a_log_out_everywhere_reaches_what_was_issued_before() {
    let token =
        |subject: &str, issued_at: i64| foreign(keycloak().token(subject).claim("iat", issued_at));
    let refused = || invalid_token().reason("Revoked");
    let served = served();
    let own = |token: &str| get("/all").bearer(token);
    served.everywhere.run(&[
        Case::new("before", token("alice", LOG_OUT - 30), refused()),
        Case::new("by a clock ahead", token("alice", LOG_OUT + 2), refused()),
        Case::new("after", token("alice", LOG_OUT + 3), passes()),
        Case::new("another's", token("bob", LOG_OUT - 30), passes()),
        Case::new("an ended session", own(&served.ended), refused()),
        Case::new("a session from after", own(&served.opened), passes()),
    ]);
}
