//! One route of an actix-web app, protected by what its handler extracts.
//!
//! `cargo run -p actix-extractor`, then paste the `curl` lines that it prints: the first
//! is refused, the second is let in.

use actix_web::{App, HttpServer, web};
use portcullis_actix::{
    Authenticated, Authenticator, OptionalAuthenticated,
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
async fn greet(OptionalAuthenticated(user): OptionalAuthenticated<User>) -> String {
    let name = user.map_or("whoever you are".to_owned(), |user| user.sub);
    format!("hello, {name}\n")
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // This service issues its own tokens; `Verifier::builder()` is for those of others.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()?;
    let verifier = issuer.verifier().build()?;
    let authenticator = Authenticator::new(verifier);

    let alice = Subject::new("users", "alice");
    let token = issuer.access(&AccessToken::new(&alice).client("curl"))?;
    println!("curl -i http://127.0.0.1:8080/hello");
    println!(
        "curl -i http://127.0.0.1:8080/hello -H 'Authorization: Bearer {}'",
        token.token().expose()
    );

    let server = HttpServer::new(move || {
        App::new()
            .app_data(authenticator.clone())
            .route("/open", web::get().to(async || "anybody may read this\n"))
            .route("/greet", web::get().to(greet))
            .route("/hello", web::get().to(hello))
    });
    server.bind("127.0.0.1:8080")?.run().await?;
    Ok(())
}
