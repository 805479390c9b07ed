//! A stack of tower layers, served by hyper, for holders of a scope.
//!
//! `cargo run -p tower-stack`, then paste the `curl` lines that it prints: the first
//! is refused, the second is let in.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use portcullis_tower::{
    AuthLayer, Authentication,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::Policy,
    subject::Subject,
};
use tower::{ServiceBuilder, service_fn};

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

    let service = ServiceBuilder::new()
        .layer(AuthLayer::new(verifier).require(Policy::scope("stations:read")?))
        // Only who is let in counts.
        .concurrency_limit(100)
        .service(service_fn(hello));

    let alice = Subject::new("users", "alice");
    let token = issuer.access(
        &AccessToken::new(&alice)
            .client("curl")
            .scope("stations:read".parse()?),
    )?;
    println!("curl -i http://127.0.0.1:8080/");
    println!(
        "curl -i http://127.0.0.1:8080/ -H 'Authorization: Bearer {}'",
        token.token().expose()
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}
