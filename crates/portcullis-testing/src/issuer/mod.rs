//! A fake identity provider, for tests of services that trust one: an HTTP
//! server on loopback with metadata, keys, tokens and their introspection, which
//! misbehaves when it is told to.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::get};
//! use portcullis_axum::{AuthLayer, Token};
//! use portcullis_remote::{Client, Issuer};
//! use portcullis_testing::{clock::FakeClock, issuer::{Endpoint, FakeIssuer}};
//! use tower::ServiceExt;
//!
//! // The service.
//! fn app(issuer: &Issuer) -> Result<Router, portcullis::ConfigError> {
//!     let verifier = issuer.verifier().audience("https://api.test").build()?;
//!     let hello = |token: Token| async move { token.subject_name().unwrap_or("nobody").to_owned() };
//!     Ok(Router::new().route("/me", get(hello)).layer(AuthLayer::new(verifier)))
//! }
//!
//! async fn status(app: &Router, bearer: &str) -> StatusCode {
//!     let request = Request::get("/me").header("authorization", bearer).body(Body::empty());
//!     app.clone().oneshot(request.expect("a request")).await.expect("infallible").status()
//! }
//!
//! // Its test: https is left out for this machine, and so are proxies.
//! let clock = FakeClock::new();
//! let fake = FakeIssuer::builder().path("/realms/main").clock(clock.shared()).start();
//! let issuer = Issuer::builder(fake.name())
//!     .allow_loopback_http()
//!     .http_client(Client::builder().no_proxy().build()?)
//!     .clock(clock.shared())
//!     .build()?;
//! let app = app(&issuer)?;
//! assert_eq!(status(&app, &fake.token("alice").bearer()).await, 200);
//! let forged = fake.token("alice").forged_by(&fake.unknown_key());
//! assert_eq!(status(&app, &forged.bearer()).await, 401);
//!
//! // A new key is no trouble.
//! clock.advance(Duration::from_secs(60));
//! fake.roll();
//! assert_eq!(status(&app, &fake.token("alice").bearer()).await, 200);
//! assert_eq!(fake.count(Endpoint::Keys), 2);
//!
//! // Nor is an outage, until it has lasted for too long.
//! fake.go_offline();
//! clock.advance(Duration::from_secs(30 * 60));
//! assert_eq!(status(&app, &fake.token("alice").bearer()).await, 200);
//! clock.advance(Duration::from_secs(60 * 60));
//! assert_eq!(status(&app, &fake.token("alice").bearer()).await, 503);
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
//! | give a client tokens, for itself or anybody (RFC 6749 sections 4.3, 4.4) | [`FakeIssuer::token_url`] |
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
mod grants;
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
