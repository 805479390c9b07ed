//! A hyper service, protected without tower.
//!
//! `cargo run -p hyper-service`, then paste the `curl` lines that it prints: the first
//! is refused, the second is let in.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use portcullis_hyper::{
    Auth, Authentication,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    subject::Subject,
};

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let authentication = request.extensions().get::<Authentication>();
    let name = authentication.and_then(|it| it.optional()?.subject_name());
    let text = format!("hello, {}\n", name.unwrap_or("whoever you are"));
    Ok(Response::new(Full::from(text)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // This service issues its own tokens; `Verifier::builder()` is for those of others.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()?;
    let verifier = issuer.verifier().build()?;

    // All that protection takes.
    let service = Auth::new(service_fn(hello), verifier);

    let alice = Subject::new("users", "alice");
    let token = issuer.access(&AccessToken::new(&alice).client("curl"))?;
    println!("curl -i http://127.0.0.1:8080/");
    println!(
        "curl -i http://127.0.0.1:8080/ -H 'Authorization: Bearer {}'",
        token.token().expose()
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}
