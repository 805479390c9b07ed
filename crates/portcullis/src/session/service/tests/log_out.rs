//! Logging out by the token at hand, and everybody.

use super::*;
use crate::verify::Verified;

impl Api {
    fn verified(&self, token: &str) -> Result<Verified, VerifyErrorKind> {
        let verifier = self.sessions.verifier().build().unwrap();
        let verified = verifier.verify_now(token.as_bytes());
        verified.map_err(|error| error.kind())
    }
}

#[tokio::test]
async fn a_token_logs_its_session_out() {
    let api = Api::new(|builder| builder).await;
    let (one, other) = (api.open(|it| it).await, api.open(|it| it).await);
    let token = api.verified(one.access.token().expose()).unwrap();
    api.sessions.log_out_token(&token).await.unwrap();
    assert_eq!(api.verify(&one), Err(VerifyErrorKind::Revoked));
    assert_eq!(api.verify(&other), Ok(()));
    let refused = api.refresh(refresh_token(&one), &plain()).await;
    let revoked = SessionErrorKind::Refused(RefusalReason::Revoked);
    assert_eq!(refused.unwrap_err(), revoked);
    // Once more does no harm.
    api.sessions.log_out_token(&token).await.unwrap();
}

/// A verifier that takes the token for another realm's does not let it go on.
#[tokio::test]
async fn a_token_of_another_subject_than_its_session_is_revoked_itself() {
    let api = Api::new(|builder| builder).await;
    let pair = api.open(|it| it).await;
    let verifier = api.sessions.verifier().subject_realm("others");
    let verifier = verifier.build().unwrap();
    let bytes = pair.access.token().expose().as_bytes();
    let token = verifier.verify_now(bytes).unwrap();
    api.sessions.log_out_token(&token).await.unwrap();
    let refused = verifier.verify_now(bytes).unwrap_err();
    assert_eq!(refused.kind(), VerifyErrorKind::Revoked);
    // The session is not this subject's.
    api.refresh(refresh_token(&pair), &plain()).await.unwrap();
}

#[tokio::test]
async fn a_token_without_a_session_is_revoked_itself() {
    let api = Api::new(|builder| builder).await;
    let issuer = api.sessions.issuer();
    let alice = alice();
    let token = AccessToken::new(&alice);
    let (one, other) = (
        issuer.access(&token).unwrap(),
        issuer.access(&token).unwrap(),
    );
    let verified = api.verified(one.token().expose()).unwrap();
    api.sessions.log_out_token(&verified).await.unwrap();
    let refused = api.verified(one.token().expose()).unwrap_err();
    assert_eq!(refused, VerifyErrorKind::Revoked);
    api.verified(other.token().expose()).unwrap();
}

#[tokio::test]
async fn an_application_token_leaves_the_list() {
    let api = Api::new(|builder| builder).await;
    let alice = alice();
    let ticket = api.sessions.begin_login().await.unwrap();
    let token = AccessToken::new(&alice);
    let issued = api
        .sessions
        .application_token(ticket, &token)
        .await
        .unwrap();
    let verifier = api.sessions.verifier().build().unwrap();
    let bytes = issued.token().expose().as_bytes();
    let verified = match verifier.verify(bytes) {
        crate::verify::Verification::Pending(pending) => pending.await.unwrap(),
        crate::verify::Verification::Done(result) => result.unwrap(),
    };
    api.sessions.log_out_token(&verified).await.unwrap();
    let store = api.sessions.store();
    let live = store.application_token_is_live(&alice, issued.id()).await;
    assert!(!live.unwrap());
}

#[tokio::test]
async fn a_token_without_any_name_cannot_be_revoked() {
    let api = Api::new(|builder| builder).await;
    let token = Verified::for_test(r#"{"sub":"alice","exp":9000000000}"#);
    let error = api.sessions.log_out_token(&token).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unnamed);
}

#[tokio::test]
async fn everybody_is_logged_out_and_may_come_back() {
    let api = Api::new(|builder| builder).await;
    let before = api.open(|it| it).await;
    let ticket = api.sessions.begin_login().await.unwrap();
    api.pass(120_000);
    let realm = api.verified(before.access.token().expose()).unwrap();
    api.sessions
        .log_out_everybody(realm.subject_realm())
        .await
        .unwrap();
    assert_eq!(api.verify(&before), Err(VerifyErrorKind::Revoked));
    let refused = api.refresh(refresh_token(&before), &plain()).await;
    let revoked = SessionErrorKind::Refused(RefusalReason::Revoked);
    assert_eq!(refused.unwrap_err(), revoked);
    let alice = alice();
    let late = api.sessions.open(ticket, &OpenSession::login(&alice)).await;
    let late = late.unwrap_err().kind();
    assert_eq!(late, SessionErrorKind::LoggedOutMeanwhile);
    let after = api.open(|it| it).await;
    let next = api.refresh(refresh_token(&after), &plain()).await.unwrap();
    assert_eq!(next.session, after.session);
}
