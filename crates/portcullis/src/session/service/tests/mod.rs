mod administration;
mod events;
mod grants;
mod log_out;
mod replaced;
mod single_use;
mod told;

use std::sync::{
    LazyLock,
    atomic::{AtomicI64, Ordering},
};

use serde_json::Map;

use super::*;

use crate::{
    issue::{AccessToken, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{
        Device, MemoryStore, RefusalReason,
        refresh::{RefreshErrorKind, RefreshKeys},
    },
    time::SharedClock,
    verify::VerifyErrorKind,
};

const DAY: i64 = 86_400_000;

#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Api {
    clock: Hand,
    sessions: Sessions,
}

impl Api {
    async fn new(change: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let clock = Hand(Arc::new(AtomicI64::new(1_700_000_000_123)));
        let shared = SharedClock::new(clock.clone());
        let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
            .shape(TokenShape::session())
            .clock(shared.clone())
            .build()
            .unwrap();
        let store = DynSessionStore::new(MemoryStore::new(shared.clone()));
        let revocations = Revocations::new(store, shared, Duration::from_secs(900)).sole_writer();
        revocations.sync().await.unwrap();
        let builder =
            Sessions::builder(revocations, issuer).refresh_keys(RefreshKeys::generate().unwrap());
        Self {
            clock,
            sessions: change(builder).build().unwrap(),
        }
    }

    fn pass(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
    }

    async fn open<'a>(&self, change: impl FnOnce(OpenSession<'a>) -> OpenSession<'a>) -> TokenPair {
        static ALICE: LazyLock<Subject> = LazyLock::new(alice);
        let ticket = self.sessions.begin_login().await.unwrap();
        let request = change(OpenSession::login(&ALICE));
        self.sessions.open(ticket, &request).await.unwrap()
    }

    async fn refresh(
        &self,
        token: &str,
        request: &RefreshRequest<'_>,
    ) -> Result<TokenPair, SessionErrorKind> {
        let presented = self
            .sessions
            .read(token.as_bytes())
            .map_err(|error| error.kind())?;
        let result = self.sessions.refresh(&presented, request).await;
        result.map_err(|error| error.kind())
    }

    fn verify(&self, pair: &TokenPair) -> Result<(), VerifyErrorKind> {
        let verifier = self.sessions.verifier().build().unwrap();
        verifier
            .verify_now(pair.access.token().expose().as_bytes())
            .map(drop)
            .map_err(|error| error.kind())
    }
}

fn alice() -> Subject {
    Subject::new("users", "alice")
}

fn refresh_token(pair: &TokenPair) -> &str {
    pair.refresh.as_ref().unwrap().token().expose()
}

fn plain() -> RefreshRequest<'static> {
    RefreshRequest::new()
}

#[tokio::test]
async fn a_token_presented_again_in_the_window_gives_the_same_successor() {
    let api = Api::new(|builder| builder).await;
    let first = api.open(|request| request).await;
    api.pass(60_000);
    let next = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    api.pass(9_999);
    let again = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    assert_eq!(refresh_token(&next), refresh_token(&again));
    assert_ne!(next.access.id(), again.access.id());
    // Of 900 seconds, of which a part of the first is over.
    let left = Duration::from_secs(899);
    assert_eq!(again.access.expires_in(api.clock.now()), Some(left));
    api.pass(1);
    let third = api.refresh(refresh_token(&next), &plain()).await.unwrap();
    assert_ne!(refresh_token(&third), refresh_token(&next));
}

#[tokio::test]
async fn a_token_that_rests_comes_back_byte_for_byte() {
    let api = Api::new(|builder| builder).await;
    let first = api.open(|request| request.client("web")).await;
    let request = || plain().client("web");
    api.pass(60_001);
    let next = api.refresh(refresh_token(&first), &request()).await;
    let next = next.unwrap();
    for device in ["one", "two"] {
        api.pass(4_999);
        let request = request().device(Device::new(Some(device), None));
        let rested = api.refresh(refresh_token(&next), &request).await.unwrap();
        assert_eq!(refresh_token(&rested), refresh_token(&next));
        let expires_at = |pair: &TokenPair| pair.refresh.as_ref().unwrap().expires_at();
        assert_eq!(expires_at(&rested), expires_at(&next));
        assert_ne!(rested.access.id(), next.access.id());
        let left = Duration::from_secs(899);
        assert_eq!(rested.access.expires_in(api.clock.now()), Some(left));
        assert_eq!(api.verify(&rested), Ok(()));
    }
}

#[tokio::test]
async fn without_a_window_no_token_rests() {
    let rules = RotationRules::with_grace(Duration::ZERO);
    let api = Api::new(|builder| builder.rules(rules)).await;
    let mut pair = api.open(|request| request).await;
    for _ in 0..3 {
        let next = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
        assert_ne!(refresh_token(&next), refresh_token(&pair));
        pair = next;
    }
}

#[tokio::test]
async fn reuse_revokes_the_session_and_its_access_tokens() {
    let api = Api::new(|builder| builder).await;
    let first = api.open(|request| request).await;
    let other = api.open(|request| request).await;
    let next = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    api.pass(10_000);
    let reused = api.refresh(refresh_token(&first), &plain()).await;
    assert_eq!(reused.unwrap_err(), SessionErrorKind::Reused);
    let refused = api.refresh(refresh_token(&next), &plain()).await;
    let revoked = SessionErrorKind::Refused(RefusalReason::Revoked);
    assert_eq!(refused.unwrap_err(), revoked);
    assert_eq!(api.verify(&next), Err(VerifyErrorKind::Revoked));
    assert_eq!(api.verify(&other), Ok(()));
    assert!(api.refresh(refresh_token(&other), &plain()).await.is_ok());
}

#[tokio::test]
async fn a_narrower_scope_narrows_the_access_token_only() {
    let api = Api::new(|builder| builder).await;
    let scope = |text: &str| text.parse::<crate::claims::ScopeSet>().unwrap();
    let pair = api.open(|request| request.scope(scope("a b c"))).await;
    let narrow = plain().scope(scope("a b")).allowed(scope("b c"));
    let pair = api.refresh(refresh_token(&pair), &narrow).await.unwrap();
    assert_eq!(pair.scope, scope("b"));
    let wider = plain().scope(scope("a d"));
    let refused = api.refresh(refresh_token(&pair), &wider).await;
    let reason = SessionErrorKind::Refused(RefusalReason::Scope);
    assert_eq!(refused.unwrap_err(), reason);
    let pair = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
    assert_eq!(pair.scope, scope("a b c"));
}

#[tokio::test]
async fn only_the_client_that_logged_in_can_refresh() {
    let api = Api::new(|builder| builder).await;
    let pair = api.open(|request| request.client("web")).await;
    let foreign = plain().client("app");
    let refused = api.refresh(refresh_token(&pair), &foreign).await;
    let reason = SessionErrorKind::Refused(RefusalReason::Client);
    assert_eq!(refused.unwrap_err(), reason);
    let own = plain().client("web");
    assert!(api.refresh(refresh_token(&pair), &own).await.is_ok());
}

#[tokio::test]
async fn no_token_outlives_the_session() {
    let api = Api::new(|builder| builder.session_ttl(Duration::from_secs(86_400 * 31))).await;
    let mut pair = api.open(|request| request).await;
    let end = Timestamp::from_millis(api.clock.now().as_millis() + 31 * DAY);
    api.pass(29 * DAY);
    pair = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
    assert!(pair.refresh.as_ref().unwrap().expires_at() <= end);
    api.pass(2 * DAY - 5_000);
    pair = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
    assert!(pair.access.expires_at().unwrap() <= end);
    api.pass(5_000);
    let expired = api.refresh(refresh_token(&pair), &plain()).await;
    let reason = SessionErrorKind::Token(RefreshErrorKind::Expired);
    assert_eq!(expired.unwrap_err(), reason);
}

#[tokio::test]
async fn a_kept_token_stays_good_until_it_is_logged_out() {
    let api = Api::new(|builder| builder.mode(RotationMode::Keep)).await;
    let pair = api.open(|request| request).await;
    for _ in 0..3 {
        api.pass(DAY);
        let next = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
        assert!(next.refresh.is_none());
        assert_eq!(api.verify(&next), Ok(()));
    }
    let bob = Subject::new("users", "bob");
    assert!(!api.sessions.log_out(&bob, &pair.session).await.unwrap());
    assert!(api.sessions.log_out(&alice(), &pair.session).await.unwrap());
    assert!(!api.sessions.log_out(&alice(), &pair.session).await.unwrap());
    assert!(api.refresh(refresh_token(&pair), &plain()).await.is_err());
}

#[tokio::test]
async fn a_login_does_not_survive_the_log_out_that_overtook_it() {
    let api = Api::new(|builder| builder).await;
    let pair = api.open(|request| request).await;
    let slow = api.sessions.begin_login().await.unwrap();
    let ended = api.sessions.log_out_everywhere(&alice()).await.unwrap();
    assert_eq!(ended.sessions, std::slice::from_ref(&pair.session));
    assert_eq!(api.verify(&pair), Err(VerifyErrorKind::Revoked));
    let result = api.sessions.open(slow, &OpenSession::login(&alice())).await;
    let kind = result.unwrap_err().kind();
    assert_eq!(kind, SessionErrorKind::LoggedOutMeanwhile);
    let later = api.open(|request| request).await;
    assert_eq!(api.verify(&later), Ok(()));
    assert_eq!(api.sessions.list(&alice()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn application_tokens_are_listed_limited_and_removed() {
    let api = Api::new(|builder| builder.application_token_limit(2)).await;
    let ticket = api.sessions.begin_login().await.unwrap();
    let alice = alice();
    let token = AccessToken::new(&alice);
    let first = api
        .sessions
        .application_token(ticket, &token)
        .await
        .unwrap();
    assert!(first.expires_at().is_none());
    api.sessions
        .application_token(ticket, &token)
        .await
        .unwrap();
    let third = api.sessions.application_token(ticket, &token).await;
    let kind = third.unwrap_err().kind();
    assert_eq!(kind, SessionErrorKind::TooManyApplicationTokens);
    let remove = async |subject: &Subject| {
        let removed = api.sessions.remove_application_token(subject, first.id());
        removed.await.unwrap()
    };
    assert!(!remove(&Subject::new("users", "bob")).await);
    assert!(remove(&alice).await);
    assert!(!remove(&alice).await);
    assert!(api.sessions.application_token(ticket, &token).await.is_ok());
}

#[tokio::test]
async fn authorizing_does_not_use_a_token_up() {
    let api = Api::new(|builder| builder).await;
    let pair = api.open(|request| request.client("web")).await;
    let presented = api.sessions.read(refresh_token(&pair).as_bytes()).unwrap();
    let authorize = async |client: Option<&'static str>| {
        let request = plain().client(client);
        api.sessions.authorize(&presented, &request).await
    };
    authorize(Some("web")).await.unwrap();
    for other in [None, Some("app")] {
        let kind = authorize(other).await.unwrap_err().kind();
        assert_eq!(kind, SessionErrorKind::Refused(RefusalReason::Client));
    }
    let request = plain().client("web");
    api.refresh(refresh_token(&pair), &request).await.unwrap();
    // Only the current token will do, within the window and after it.
    for _ in 0..2 {
        let kind = authorize(Some("web")).await.unwrap_err().kind();
        let refused = SessionErrorKind::Refused(RefusalReason::Generation);
        assert_eq!(kind, refused);
        api.pass(10_000);
    }
    assert_eq!(api.sessions.list(&alice()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_list_shows_where_a_session_was_last_used() {
    let api = Api::new(|builder| builder).await;
    let device = |name| Device::new(Some(name), None);
    let pair = api.open(|request| request.device(device("one"))).await;
    let request = plain().device(device("two"));
    api.refresh(refresh_token(&pair), &request).await.unwrap();
    let list = api.sessions.list(&alice()).await.unwrap();
    assert_eq!(list[0].device, device("two"));
}

#[tokio::test]
async fn without_refresh_keys_a_session_has_an_access_token_only() {
    let mut api = Api::new(|builder| builder).await;
    let (revocations, issuer) = (api.sessions.revocations(), api.sessions.issuer());
    api.sessions = Sessions::builder(revocations.clone(), issuer.clone())
        .build()
        .unwrap();
    let pair = api.open(|request| request).await;
    assert!(pair.refresh.is_none());
    assert!(api.sessions.log_out(&alice(), &pair.session).await.unwrap());
    assert_eq!(api.verify(&pair), Err(VerifyErrorKind::Revoked));
    let (revocations, issuer) = (api.sessions.revocations(), api.sessions.issuer());
    api.sessions = Sessions::builder(revocations.clone(), issuer.clone())
        .session_ttl(Duration::from_secs(60))
        .build()
        .unwrap();
    let pair = api.open(|request| request).await;
    let lives = pair.access.expires_in(api.clock.now());
    assert_eq!(lives, Some(Duration::from_secs(59)));
}

#[tokio::test]
async fn no_access_token_outlives_its_row() {
    let api = Api::new(|builder| builder).await;
    let behind = Hand(Arc::new(AtomicI64::new(
        api.clock.now().as_millis() - 5_000,
    )));
    let store = DynSessionStore::new(MemoryStore::new(SharedClock::new(behind)));
    let clock = SharedClock::new(api.clock.clone());
    let revocations = Revocations::new(store, clock, Duration::from_secs(900));
    let sessions = Sessions::builder(revocations, api.sessions.issuer().clone())
        .build()
        .unwrap();
    let ticket = sessions.begin_login().await.unwrap();
    let alice = alice();
    let pair = sessions.open(ticket, &OpenSession::login(&alice)).await;
    let expires_at = pair.unwrap().access.expires_at().unwrap();
    let row = sessions.list(&alice).await.unwrap().remove(0);
    assert_eq!(expires_at, row.absolute_deadline.floor_to_second());
}

#[tokio::test]
async fn a_login_that_cannot_be_answered_leaves_no_session() {
    let api = Api::new(|builder| builder).await;
    let ticket = api.sessions.begin_login().await.unwrap();
    let mut claims = Map::new();
    claims.insert("exp".to_owned(), 0.into());
    let alice = alice();
    let request = OpenSession::login(&alice).claims(&claims);
    let error = api.sessions.open(ticket, &request).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Issue);
    assert_eq!(api.sessions.list(&alice).await.unwrap(), []);
}

#[tokio::test]
async fn the_session_of_a_client_is_for_whoever_says_to_be_it() {
    let api = Api::new(|builder| builder).await;
    let pair = api.open(|request| request.client("web")).await;
    let other = api.open(|request| request).await;
    let refused = Err(SessionErrorKind::Refused(RefusalReason::Client));
    let refresh = async |pair, request: RefreshRequest<'_>| {
        let result = api.refresh(refresh_token(pair), &request).await;
        result.map(drop)
    };
    assert_eq!(refresh(&pair, plain()).await, refused);
    assert_eq!(refresh(&pair, plain().client("app")).await, refused);
    assert_eq!(refresh(&other, plain().client("web")).await, refused);
    assert_eq!(refresh(&pair, plain().client("web")).await, Ok(()));
    assert_eq!(refresh(&other, plain()).await, Ok(()));
}

#[tokio::test]
async fn settings_that_are_unsafe_are_refused() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = TokenIssuer::builder(key.clone())
        .shape(TokenShape::session())
        .build()
        .unwrap();
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let keep = |secs| Revocations::new(store.clone(), clock.clone(), Duration::from_secs(secs));
    let same = RefreshKeys::new(key, []).unwrap();
    let builder = Sessions::builder(keep(900), issuer.clone());
    assert!(builder.refresh_keys(same).build().is_err());
    // What is kept beyond that is for leeway.
    assert!(keep(900).keep() >= Duration::from_secs(900 + 120));
    assert!(
        Sessions::builder(keep(899), issuer.clone())
            .build()
            .is_err()
    );
    let builder = Sessions::builder(keep(900), issuer);
    let sessions = builder.refresh_ttl(Duration::ZERO).build();
    assert!(sessions.is_err());
}

#[tokio::test]
async fn a_subject_of_another_realm_is_refused() {
    let api = Api::new(|builder| builder).await;
    let ticket = api.sessions.begin_login().await.unwrap();
    let namesake = Subject::new("apis", "alice");
    let result = api
        .sessions
        .open(ticket, &OpenSession::login(&namesake))
        .await;
    assert_eq!(result.unwrap_err().kind(), SessionErrorKind::Realm);
}

#[tokio::test]
async fn only_a_login_makes_tokens_fresh_and_dated() {
    let api = Api::new(|builder| builder).await;
    let alice = alice();
    let verifier = api.sessions.verifier().build().unwrap();
    let says = |pair: &TokenPair| {
        let token = pair.access.token().expose().as_bytes();
        let verified = verifier.verify_now(token).unwrap();
        (verified.is_fresh(), verified.auth_time())
    };
    let now = Some(api.clock.now().floor_to_second());
    for (request, fresh, auth_time) in [
        (OpenSession::login(&alice), true, now),
        (OpenSession::without_login(&alice), false, None),
    ] {
        let ticket = api.sessions.begin_login().await.unwrap();
        let pair = api.sessions.open(ticket, &request).await.unwrap();
        assert_eq!(says(&pair), (fresh, auth_time));
        let next = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
        assert_eq!(says(&next), (false, auth_time));
    }
}

/// Verifiers of other issuers accept a token for their leeway after its end.
#[tokio::test]
async fn a_revoked_token_is_told_beyond_its_end() {
    let api = Api::new(|builder| builder).await;
    let since = api.clock.now();
    let end = since.saturating_add(Duration::from_secs(900));
    let alice = alice();
    let revoke = api.sessions.revoke_token(&alice, "jti", end);
    revoke.await.unwrap();
    api.pass(900_000 + 60_000);
    let told = api.sessions.store().revocations(since).await.unwrap();
    assert_eq!(told.len(), 1);
}
