//! Everybody of a realm is logged out, and refreshes revoke what they replace: as requests
//! see it.

use std::{sync::OnceLock, time::Duration};

use behaviour::{
    case::{Case, invalid_token, passes},
    run::{Everywhere, block_on},
    site::{Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::Algorithm,
    session::{
        DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, Sessions,
        TokenPair, refresh::RefreshKeys,
    },
    subject::Subject,
    time::Timestamp,
    verify::Verifier,
};
use portcullis_testing::{clock::FakeClock, keys, mint::Mint};

use crate::protected::get;

const OURS: &str = "https://ours.test";
const OTHERS: &str = "https://others.test";

/// Where the clock stands when everybody is logged out.
const LOG_OUT: i64 = FakeClock::START + 60;

struct Served {
    everywhere: Everywhere,
    /// Of own sessions, from well before, from the second before, and from after.
    long_before: String,
    before: String,
    after: String,
    refreshed: String,
    replaced: String,
    without_session: String,
}

fn served() -> &'static Served {
    static SERVED: OnceLock<Served> = OnceLock::new();
    SERVED.get_or_init(|| block_on(serve()))
}

fn others() -> Mint {
    Mint::with_key(keys::signing(Algorithm::ES256))
        .issuer(OTHERS)
        .clock(FakeClock::new().shared())
}

fn text(pair: &TokenPair) -> String {
    pair.access.token().expose().to_owned()
}

async fn serve() -> Served {
    let clock = FakeClock::new();
    let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
    let revocations = Revocations::new(store, clock.shared(), Duration::from_secs(900));
    let revocations = revocations.sole_writer();
    revocations.sync().await.unwrap();
    let issuer = TokenIssuer::builder(keys::signing(Algorithm::HS256))
        .shape(TokenShape::password_grant())
        .issuer(OURS)
        .clock(clock.shared())
        .build()
        .unwrap();
    let sessions = Sessions::builder(revocations.clone(), issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .revoke_replaced_access_tokens()
        .build()
        .unwrap();
    let foreign = others().verifier_builder().clock(clock.shared());
    let foreign = foreign.status(revocations).build().unwrap();
    let all = Verifier::combine([foreign, sessions.verifier().build().unwrap()]).unwrap();
    let site = Site::new().route("/all", Authenticator::new(all), Handler::Claims);

    let alice = Subject::new("users", "alice");
    let open = async || {
        let ticket = sessions.begin_login().await.unwrap();
        let pair = sessions.open(ticket, &OpenSession::login(&alice)).await;
        pair.unwrap()
    };
    let long_before = text(&open().await);
    clock.set(Timestamp::from_secs(LOG_OUT));
    let before = text(&open().await);
    let token = AccessToken::new(&alice);
    let without_session = sessions.issuer().access(&token).unwrap();
    for realm in ["users", OTHERS] {
        sessions.log_out_everybody(realm).await.unwrap();
    }
    let after = text(&open().await);
    let replaced = open().await;
    let refresh = replaced.refresh.as_ref().unwrap().token().expose();
    let presented = sessions.read(refresh.as_bytes()).unwrap();
    let refreshed = sessions.refresh(&presented, &RefreshRequest::new()).await;
    Served {
        everywhere: Everywhere::serve(&site),
        long_before,
        before,
        after,
        refreshed: text(&refreshed.unwrap()),
        replaced: text(&replaced),
        without_session: without_session.token().expose().to_owned(),
    }
}

#[test]
fn everybody_is_out_and_may_come_back_at_once() {
    let served = served();
    let refused = || invalid_token().reason("Revoked");
    let own = |token: &str| get("/all").bearer(token);
    let other = |issued_at: i64| {
        let token = others().token("bob").claim("iat", issued_at);
        get("/all").authorization(token.bearer())
    };
    served.everywhere.run(&[
        Case::new("long before", own(&served.long_before), refused()),
        Case::new("in the same second", own(&served.before), refused()),
        Case::new("without a session", own(&served.without_session), refused()),
        Case::new("a login of afterwards", own(&served.after), passes()),
        Case::new("another issuer, before", other(LOG_OUT - 30), refused()),
        Case::new("another issuer, after", other(LOG_OUT + 3), passes()),
    ]);
}

#[test]
fn a_refresh_revokes_what_it_replaces() {
    let served = served();
    let own = |token: &str| get("/all").bearer(token);
    let refused = || invalid_token().reason("Revoked");
    served.everywhere.run(&[
        Case::new("the old one", own(&served.replaced), refused()),
        Case::new("the new one", own(&served.refreshed), passes()),
    ]);
}
