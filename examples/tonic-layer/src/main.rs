//! `cargo run -p tonic-layer`, then paste the `grpcurl` lines that it prints: the first
//! is refused, the others are let in.

use portcullis::{
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    subject::Subject,
};
use tonic::transport::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // This service issues its own tokens; `Verifier::builder()` is for those of others.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()?;
    let verifier = issuer.verifier().build()?;

    let alice = Subject::new("users", "alice");
    let token = AccessToken::new(&alice).client("grpcurl");
    let token = issuer.access(&token.scope("stations:write".parse()?))?;
    let token = token.token().expose();
    let grpcurl = "grpcurl -plaintext -import-path examples/tonic-layer/proto \
                   -proto stations.proto";
    let address = "127.0.0.1:8080";
    let find = format!("-d '{{\"name\":\"zugspitze\"}}' {address} stations.v1.Stations/Find");
    println!("{grpcurl} {find}");
    let bearer = format!("-H 'authorization: Bearer {token}'");
    println!("{grpcurl} {bearer} {find}");
    println!("{grpcurl} {bearer} {address} stations.v1.Stations/Watch");
    println!("{grpcurl} {bearer} -d '{{}} {{}}' {address} stations.v1.Stations/Record");

    Server::builder()
        .layer(tonic_layer::layer(verifier))
        .add_routes(tonic_layer::routes()?)
        .serve(address.parse()?)
        .await?;
    Ok(())
}
