//! What the tests of a service that uses Portcullis need: keys, a clock that
//! can be turned, and a mint for tokens, good and hostile.
//!
//! # How do I test my protected routes?
//!
//! Build the service with a verifier that a [`Mint`](mint::Mint) made, and send
//! it what the mint mints. Nothing is switched off: the whole verification
//! runs.
//!
//! ```
//! use portcullis::{challenge::Rejection, guard::{Authenticator, Check}, policy::Policy};
//! use portcullis_testing::mint::{Mint, hostile};
//!
//! let mint = Mint::new();
//! // In a real test this goes into your service, where your own verifier is otherwise.
//! let guard = Authenticator::new(mint.verifier()).require(Policy::scope("stations:read")?);
//!
//! let good = mint.token("alice").claim("scope", "stations:read").bearer();
//! assert!(answer(&guard, &good).is_ok());
//!
//! let no_scope = mint.token("alice").bearer();
//! assert_eq!(answer(&guard, &no_scope).unwrap_err().status(), 403);
//!
//! let expired = mint.token("alice").expired().bearer();
//! assert_eq!(answer(&guard, &expired).unwrap_err().status(), 401);
//!
//! // Forgeries of all kinds, none of which may pass.
//! for forged in hostile::tokens(&mint) {
//!     assert!(answer(&guard, &forged.bearer()).is_err(), "{}", forged.name);
//! }
//!
//! fn answer(guard: &Authenticator, authorization: &str) -> Result<(), Rejection> {
//!     let request = http::Request::get("/").header("authorization", authorization);
//!     match guard.check(&request.body(()).expect("it is a request")) {
//!         Check::Ready(result) => result.map(|_| ()),
//!         Check::Pending(_) => unreachable!("nobody has to be asked"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same with axum, and a clock to turn instead of waiting:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use std::time::Duration;
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use portcullis_axum::{AuthLayer, Token};
//! use portcullis_testing::{clock::FakeClock, mint::Mint};
//! use tower::ServiceExt;
//!
//! async fn hello(token: Token) -> String {
//!     format!("hello, {}", token.subject_name().unwrap_or("nobody"))
//! }
//!
//! let clock = FakeClock::new();
//! let mint = Mint::new().clock(clock.shared());
//! let app: Router = Router::new()
//!     .route("/", get(hello))
//!     .layer(AuthLayer::new(mint.verifier()));
//!
//! let bearer = mint.token("alice").bearer();
//! let request = || Request::get("/").header("authorization", &bearer).body(Body::empty()).unwrap();
//! assert_eq!(app.clone().oneshot(request()).await.unwrap().status(), 200);
//!
//! // Its 15 minutes and the verifier's leeway.
//! clock.advance(Duration::from_secs(16 * 60));
//! assert_eq!(app.oneshot(request()).await.unwrap().status(), 401);
//! # }
//! ```
//!
//! # How do I test routes that are not about tokens?
//!
//! Let a token be on each request: `mint.token("alice").on_each_request()` is a layer of
//! tower and a middleware of actix-web (features `tower` and `actix`) that mints one for
//! each and leaves verifying it to the service. Or call the handler:
//! [`claims`](mint::Draft::claims), [`verified`](mint::Draft::verified) and
//! [`passed`](mint::Draft::passed) give what extractors would, out of a real token.
//!
//! # How do I test a service that fetches its keys?
//!
//! With the feature `issuer` there is an identity provider on loopback, with a
//! page of its own: `issuer::FakeIssuer`. It rolls keys, hangs, fails and lies
//! when it is told to, and says what it was asked.
//!
//! | module | content |
//! |---|---|
//! | [`clock`] | a clock that stands until it is turned |
//! | [`faulty`] | a session store that fails when it is told to |
//! | `issuer` | an identity provider on loopback that misbehaves when told to; behind the feature of that name |
//! | [`keys`] | two fixed keys of every algorithm |
//! | [`mint`] | tokens with any claims, and forgeries |
//! | [`proxy`] | a TCP proxy that loses answers and holds requests up |
//! | [`servers`] | the database servers that tests may use |
//! | [`mod@store_contract`] | what every session store must do |
//!
//! | feature | adds |
//! |---|---|
//! | `actix` | tokens on requests of actix-web, and requests for its extractors |
//! | `issuer` | the module `issuer` |
//! | `tower` | tokens on requests of axum, and of everything that speaks tower |
//!
//! The keys are published with this crate: never trust one outside a test.

// Helpers of tests fail as assertions do: by panicking where they are used.
#![allow(clippy::expect_used)]

pub mod clock;
pub mod faulty;
#[cfg(feature = "issuer")]
pub mod issuer;
pub mod keys;
pub mod mint;
pub mod proxy;
pub mod servers;
pub mod store_contract;
