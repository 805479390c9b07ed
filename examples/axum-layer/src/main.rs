//! An existing axum app, protected as a whole by one layer.
//!
//! `cargo run -p axum-layer`, then paste the `curl` lines that it prints: the first
//! is refused, the second is let in.

use axum::{Router, routing::get};
use portcullis_axum::{
    AuthLayer, Claims,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    subject::Subject,
};

#[derive(Clone, serde::Deserialize)]
struct User {
    sub: String,
}

async fn hello(Claims(user): Claims<User>) -> String {
    format!("hello, {}\n", user.sub)
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
        .route("/hello", get(hello))
        // All that protection takes.
        .layer(AuthLayer::new(verifier));

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
