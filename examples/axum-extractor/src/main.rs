//! One route of an axum app, protected by what its handler extracts.
//!
//! `cargo run -p axum-extractor`, then paste the `curl` lines that it prints: the first
//! is refused, the second is let in.

use axum::{Router, routing::get};
use portcullis_axum::{
    Authenticated, Authenticator,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    subject::Subject,
};

#[derive(Clone, serde::Deserialize)]
struct User {
    sub: String,
}

/// Asking for `Authenticated` protects the route.
async fn hello(Authenticated(user): Authenticated<User>) -> String {
    format!("hello, {}\n", user.sub)
}

/// Here, absent credentials are fine, and bad ones are not.
async fn greet(user: Option<Authenticated<User>>) -> String {
    let name = user.map_or("whoever you are".to_owned(), |user| user.0.sub);
    format!("hello, {name}\n")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // This service issues its own tokens; `Verifier::builder()` is for those of others.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()?;
    let verifier = issuer.verifier().build()?;

    let app = Router::new()
        .route("/open", get(async || "anybody may read this\n"))
        .route("/greet", get(greet))
        .route("/hello", get(hello))
        .with_state(Authenticator::new(verifier));

    let alice = Subject::new("users", "alice");
    let token = issuer.access(&AccessToken::new(&alice).client("curl"))?;
    println!("curl -i http://127.0.0.1:8080/hello");
    println!(
        "curl -i http://127.0.0.1:8080/hello -H 'Authorization: Bearer {}'",
        token.token().expose()
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
