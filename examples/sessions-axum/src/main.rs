//! Login, refresh and log-out in front of an axum app, with sessions in SQLite.
//!
//! `cargo run -p sessions-axum`, then paste the `curl` lines that it prints.

use std::{error::Error, net::SocketAddr, path::Path, time::Duration};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use axum::{Router, routing::get};
use portcullis_axum::{
    AuthLayer, Token,
    endpoint::{Account, Accounts, AccountsError, Endpoints, Login, SessionApi},
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    router,
    session::{DynSessionStore, Revocations, Sessions, refresh::RefreshKeys},
    subject::Subject,
    time::SharedClock,
};
use portcullis_sqlx::SqliteStore;

const ACCESS_TTL: Duration = Duration::from_secs(15 * 60);

/// The one user of this service; yours are in your database.
struct Users(PasswordHash);

impl Accounts for Users {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        let (hash, password) = (self.0.clone(), login.secret.clone());
        // Hashing takes its time, so not on an async worker; and for unknown names as well.
        let check = move || Argon2::default().verify_password(password.expose().as_bytes(), &hash);
        let checked = tokio::task::spawn_blocking(check).await;
        let right = checked.is_ok_and(|it| it.is_ok()) && login.name == "alice";
        Ok(right.then(|| Account::new(Subject::new(login.realm, login.name))))
    }

    async fn current(&self, subject: &Subject) -> Result<Option<Account>, AccountsError> {
        Ok((subject.name() == "alice").then(|| Account::new(subject.clone())))
    }
}

async fn hello(token: Token) -> String {
    format!("hello, {}\n", token.subject_name().unwrap_or("nobody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::open(Path::new("sessions.sqlite"), SharedClock::default()).await?;
    let store = DynSessionStore::new(store);
    let revocations = Revocations::new(store, SharedClock::default(), ACCESS_TTL);
    tokio::spawn(portcullis_sqlx::poll(
        revocations.clone(),
        Duration::from_secs(5),
    ));

    // Of this run only: keep both keys to keep sessions over a restart.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::Ed25519)?)
        .shape(TokenShape::plain())
        .access_ttl(ACCESS_TTL)
        .build()?;
    let sessions = Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate()?)
        .build()?;

    let password = Argon2::default().hash_password(b"wonderland")?;
    let endpoints = Endpoints::builder(Users(password))
        .session_api(
            SessionApi::new(sessions.clone())
                .login_path("/login")
                .refresh_path("/refresh"),
        )
        .common_routes()
        .build()?;
    let app = Router::new()
        .route("/hello", get(hello))
        .layer(AuthLayer::new(sessions.verifier().build()?))
        .merge(router(endpoints));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!(
        "ACCESS=$(curl -s -d '{{\"username\":\"alice\",\"password\":\"wonderland\"}}' \
         -H 'Content-Type: application/json' http://127.0.0.1:8080/login | \
         sed 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/')"
    );
    println!("curl -H \"Authorization: Bearer $ACCESS\" http://127.0.0.1:8080/hello");
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}
