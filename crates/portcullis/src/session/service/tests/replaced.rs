//! Access tokens that a refresh revokes.

use super::*;

async fn api() -> Api {
    Api::new(SessionsBuilder::revoke_replaced_access_tokens).await
}

const REVOKED: Result<(), VerifyErrorKind> = Err(VerifyErrorKind::Revoked);

#[tokio::test]
async fn without_the_setting_a_replaced_token_stays() {
    let api = Api::new(|builder| builder).await;
    let first = api.open(|request| request).await;
    let second = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    assert_eq!(api.verify(&first), Ok(()));
    assert_eq!(api.verify(&second), Ok(()));
}

#[tokio::test]
async fn an_exchange_revokes_what_it_replaces_and_nothing_else() {
    let api = api().await;
    let bystander = api.open(|request| request).await;
    let mut pair = api.open(|request| request).await;
    for _ in 0..5 {
        api.pass(60_000);
        let next = api.refresh(refresh_token(&pair), &plain()).await.unwrap();
        assert_eq!(api.verify(&pair), REVOKED);
        assert_eq!(api.verify(&next), Ok(()));
        pair = next;
    }
    assert_eq!(api.verify(&bystander), Ok(()));
}

/// Two tabs, or a retry: what the first was given stays good, whatever the second is told.
#[tokio::test]
async fn what_is_forgiven_revokes_nothing_that_was_given_for_it() {
    let api = api().await;
    let first = api.open(|request| request).await;
    api.pass(60_000);
    let one = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    api.pass(2_000);
    let replayed = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    assert_eq!(refresh_token(&one), refresh_token(&replayed));
    // A late call of a burst presents what rests.
    let rested = api.refresh(refresh_token(&one), &plain()).await.unwrap();
    assert_eq!(refresh_token(&one), refresh_token(&rested));
    let replayed_again = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    assert_eq!(api.verify(&first), REVOKED);
    for good in [&one, &replayed, &rested, &replayed_again] {
        assert_eq!(api.verify(good), Ok(()));
    }
    // The next exchange ends what came with the token, the one after it the rest.
    api.pass(60_000);
    let next = api.refresh(refresh_token(&one), &plain()).await.unwrap();
    for replaced in [&one, &replayed, &replayed_again] {
        assert_eq!(api.verify(replaced), REVOKED);
    }
    assert_eq!(api.verify(&next), Ok(()));
    api.pass(60_000);
    let last = api.refresh(refresh_token(&next), &plain()).await.unwrap();
    assert_eq!(api.verify(&rested), REVOKED);
    assert_eq!(api.verify(&next), REVOKED);
    assert_eq!(api.verify(&last), Ok(()));
}

/// A link that is opened twice gives what is good now, and the first token does not rest.
#[tokio::test]
async fn a_credential_that_is_used_again_gives_no_token_that_was_revoked() {
    let api = api().await;
    let link = SingleUse::new("mail link", b"random", Duration::from_secs(600));
    let first = api.open(|request| request.single_use(link)).await;
    api.pass(1_000);
    let next = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    api.pass(1_000);
    let again = api.open(|request| request.single_use(link)).await;
    assert_eq!(refresh_token(&again), refresh_token(&next));
    assert_eq!(api.verify(&first), REVOKED);
    for good in [&again, &next] {
        assert_eq!(api.verify(good), Ok(()));
    }
    api.pass(60_000);
    api.refresh(refresh_token(&again), &plain()).await.unwrap();
    for replaced in [&again, &next] {
        assert_eq!(api.verify(replaced), REVOKED);
    }
}

#[tokio::test]
async fn what_is_refused_revokes_no_token_of_others() {
    let api = api().await;
    let first = api.open(|request| request.client("web")).await;
    let refused = api.refresh(refresh_token(&first), &plain()).await;
    assert!(refused.is_err());
    assert_eq!(api.verify(&first), Ok(()));
}

#[tokio::test]
async fn tokens_that_are_not_exchanged_replace_nothing() {
    let clock = SharedClock::default();
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .shape(TokenShape::session())
        .build()
        .unwrap();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(900));
    let builder =
        || Sessions::builder(revocations.clone(), issuer.clone()).revoke_replaced_access_tokens();
    let keys = || RefreshKeys::generate().unwrap();
    assert!(builder().build().is_err());
    assert!(
        builder()
            .refresh_keys(keys())
            .mode(RotationMode::Keep)
            .build()
            .is_err()
    );
    assert!(builder().refresh_keys(keys()).build().is_ok());
}
