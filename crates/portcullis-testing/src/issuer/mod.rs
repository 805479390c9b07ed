//! A fake identity provider, for tests of services that trust one: an HTTP
//! server on loopback with metadata, keys and token introspection, which
//! misbehaves when it is told to.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use portcullis::{jose::{Algorithm, KeySet}, verify::Verifier};
//! use portcullis_axum::{AuthLayer, Token};
//! use portcullis_testing::{issuer::{Endpoint, FakeIssuer}, mint::AUDIENCE};
//! use tower::ServiceExt;
//!
//! // The service, as it is: all it is told is who its issuer is.
//! async fn app(name: &str, keys_url: &str) -> Result<Router, Box<dyn std::error::Error>> {
//!     let http = reqwest::Client::builder().no_proxy().build()?;
//!     let document = http.get(keys_url).send().await?.error_for_status()?.bytes().await?;
//!     let (keys, _) = KeySet::from_jwks(&document, &[Algorithm::ES256])?;
//!     let verifier = Verifier::builder().keys(keys).issuer(name).audience(AUDIENCE).build()?;
//!     let hello = |token: Token| async move { token.subject_name().unwrap_or("nobody").to_owned() };
//!     Ok(Router::new().route("/me", get(hello)).layer(AuthLayer::new(verifier)))
//! }
//!
//! // The test.
//! let issuer = FakeIssuer::builder().path("/realms/main").start();
//! let app = app(&issuer.name(), &issuer.keys_url()).await?;
//! let answer = |bearer: String| {
//!     let request = Request::get("/me").header("authorization", bearer).body(Body::empty());
//!     let app = app.clone();
//!     async move { app.oneshot(request.expect("a request")).await.map(|response| response.status()) }
//! };
//!
//! assert_eq!(answer(issuer.token("alice").bearer()).await?, 200);
//! let forged = issuer.token("alice").forged_by(&issuer.unknown_key());
//! assert_eq!(answer(forged.bearer()).await?, 401);
//! // This service asks once and never again: it misses what comes later.
//! issuer.roll();
//! assert_eq!(answer(issuer.token("alice").bearer()).await?, 401);
//! assert_eq!(issuer.count(Endpoint::Keys), 1);
//! # Ok(())
//! # }
//! ```
//!
//! | to have it | use |
//! |---|---|
//! | be shaped like a provider: path, trailing slash, place of the metadata, name | [`FakeIssuerBuilder`] |
//! | sign by a new key, at once or announced before | [`FakeIssuer::roll`], [`IssuerKeys::announce`] |
//! | withdraw a key, or replace it under its `kid` | [`IssuerKeys::withdraw`], [`IssuerKeys::replace`] |
//! | publish keys that are odd, bare, too many, or none | [`IssuerKeys::add_odd`], [`IssuerKeys::unset`], [`IssuerKeys::announce`], [`IssuerKeys::clear`] |
//! | lie about its name, or have its keys elsewhere | [`FakeIssuer::set_metadata`] |
//! | fail, redirect, cut, drip, zip, cache | [`FakeIssuer::answer`], [`FakeIssuer::answer_once`] with an [`Answer`] |
//! | hang until released | [`FakeIssuer::hold`], [`Answer::held_after`] |
//! | be down, and come back | [`FakeIssuer::go_offline`], [`FakeIssuer::go_online`] |
//! | say what it was asked | [`FakeIssuer::count`], [`FakeIssuer::requests`] |
//! | tell when it was asked, without sleeping | [`FakeIssuer::arrived`], [`Gate::reached`] |
//! | call a token active or not (RFC 7662) | [`FakeIssuer::opaque`], [`FakeIssuer::revoke`], [`FakeIssuer::introspect_as`] |
//! | log somebody out | [`FakeIssuer::logout_token`] |
//!
//! It has a thread and a runtime of its own: a `static` one serves all tests of
//! a process, whose runtimes come and go.

mod answer;
mod body;
mod builder;
mod clients;
mod fake;
mod gate;
mod keys;
mod layout;
mod odd;
mod requests;
mod respond;
mod server;
mod signal;
mod state;
mod tokens;

pub use answer::Answer;
pub use builder::{CLIENT_ID, CLIENT_SECRET, FakeIssuerBuilder};
pub use clients::ClientAuth;
pub use fake::FakeIssuer;
pub use gate::Gate;
pub use keys::IssuerKeys;
pub use layout::{Discovery, Endpoint};
pub use odd::OddKey;
pub use requests::ReceivedRequest;
pub use signal::Arrival;
