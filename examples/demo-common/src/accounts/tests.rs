use std::time::Instant;

use portcullis::endpoint::AccountsErrorKind;

use super::*;
use crate::cli;

fn accounts() -> DemoAccounts {
    DemoAccounts::new(&cli::defaults(), SharedClock::default()).unwrap()
}

async fn log_in(
    accounts: &DemoAccounts,
    realm: &str,
    name: &str,
    secret: &str,
) -> Result<Option<Account>, AccountsError> {
    let secret = SecretString::from(secret.to_owned());
    accounts
        .authenticate(Login::new(realm, name, &secret).source([192, 0, 2, 1]))
        .await
}

#[tokio::test]
async fn users_and_api_ids_live_in_realms_of_their_own() {
    let accounts = accounts();
    let alice = log_in(&accounts, USERS, "alice", "wonderland")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alice.subject(), &Subject::new(USERS, "alice"));
    assert!(!alice.is_application() && alice.allowed_scope().contains("demo:read"));
    let robot = log_in(&accounts, USERS, "robot", "beep-boop")
        .await
        .unwrap()
        .unwrap();
    assert!(robot.is_application());
    let api = log_in(&accounts, APIS, "demo-id", "demo-key")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(api.claims()["organization_id"], "15");
    assert_eq!(api.claims()["api_id"], "demo-id");
    assert!(api.allowed_scope().is_empty());
    for (realm, name, secret) in [
        (USERS, "alice", "wrong"),
        (USERS, "nobody", "wonderland"),
        (USERS, "nobody", ""),
        (USERS, "demo-id", "demo-key"),
        (APIS, "alice", "wonderland"),
        (APIS, "demo-id", "wrong"),
        ("other", "alice", "wonderland"),
    ] {
        let account = log_in(&accounts, realm, name, secret).await.unwrap();
        assert!(account.is_none(), "{realm}/{name}");
    }
}

#[tokio::test]
async fn subjects_are_found_again() {
    let accounts = accounts();
    let current = |realm, name| {
        let subject = Subject::new(realm, name);
        let accounts = &accounts;
        async move { accounts.current(&subject).await.unwrap() }
    };
    assert!(current(USERS, "robot").await.unwrap().is_application());
    assert!(current(APIS, "demo-id").await.is_some());
    assert!(current(APIS, "alice").await.is_none());
    assert!(current(USERS, "gone").await.is_none());
}

#[tokio::test]
async fn clients_are_public_or_prove_who_they_are() {
    let accounts = accounts();
    let cases = [
        ("demo-web", None, ClientCheck::Public),
        ("demo-web", Some(""), ClientCheck::Public),
        ("demo-web", Some("x"), ClientCheck::Refused),
        ("demo-app", Some("demo-secret"), ClientCheck::Authenticated),
        ("demo-app", Some("wrong"), ClientCheck::Refused),
        ("demo-app", None, ClientCheck::Refused),
        ("unknown", None, ClientCheck::Refused),
        ("unknown", Some("x"), ClientCheck::Refused),
    ];
    for (id, secret, expected) in cases {
        let secret = secret.map(|secret| SecretString::from(secret.to_owned()));
        let client = ClientAuthentication::new(id);
        let client = match &secret {
            Some(secret) => client.secret(secret),
            None => client,
        };
        let check = accounts.client(client).await.unwrap();
        assert_eq!(check, expected, "{id}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_for_all_names_alike() {
    let accounts = accounts();
    for (realm, name) in [(APIS, "demo-id"), (APIS, "nobody")] {
        for _ in 0..10 {
            assert!(
                log_in(&accounts, realm, name, "wrong")
                    .await
                    .unwrap()
                    .is_none()
            );
        }
        let error = log_in(&accounts, realm, name, "demo-key")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AccountsErrorKind::TooManyRequests);
        assert!(error.retry_after() <= Duration::from_secs(3));
    }
    assert!(
        log_in(&accounts, USERS, "alice", "wonderland")
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_costs_the_same() {
    let accounts = accounts();
    let mut times = [Duration::MAX; 2];
    for _ in 0..4 {
        for (time, name) in times.iter_mut().zip(["alice", "nobody"]) {
            let start = Instant::now();
            log_in(&accounts, USERS, name, "wrong").await.unwrap();
            *time = start.elapsed().min(*time);
        }
    }
    let [real, dummy] = times;
    assert!(dummy > real / 4 && real > dummy / 4, "{real:?} {dummy:?}");
}

#[tokio::test]
async fn too_many_at_once_are_asked_to_come_back() {
    let accounts = std::sync::Arc::new(accounts());
    let logins: Vec<_> = (0..200)
        .map(|_| {
            let accounts = accounts.clone();
            tokio::spawn(async move { log_in(&accounts, USERS, "alice", "wonderland").await })
        })
        .collect();
    let (mut good, mut later) = (0, 0);
    for login in logins {
        match login.await.unwrap() {
            Ok(Some(_)) => good += 1,
            Err(error) if error.kind() == AccountsErrorKind::TooManyRequests => later += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(good >= 32 && later > 0, "{good} {later}");
}
