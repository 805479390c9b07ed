//! An actix-web app, protected as a whole by one `wrap`.
//!
//! `cargo run -p actix-wrap`, then paste the `curl` lines that it prints: the first
//! is refused, the second is let in.

use actix_web::{App, HttpServer, web};
use portcullis_actix::{
    Auth, Claims,
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

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // This service issues its own tokens; `Verifier::builder()` is for those of others.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()?;
    let verifier = issuer.verifier().build()?;

    let alice = Subject::new("users", "alice");
    let token = issuer.access(&AccessToken::new(&alice).client("curl"))?;
    println!("curl -i http://127.0.0.1:8080/hello");
    println!(
        "curl -i http://127.0.0.1:8080/hello -H 'Authorization: Bearer {}'",
        token.token().expose()
    );

    let server = HttpServer::new(move || {
        App::new()
            // All that protection takes.
            .wrap(Auth::new(verifier.clone()))
            .route("/hello", web::get().to(hello))
    });
    server.bind("127.0.0.1:8080")?.run().await?;
    Ok(())
}
