//! Bearer-token authentication for axum.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, routing::get};
//! use portcullis::{jose::{Algorithm, VerifyingKey}, verify::Verifier};
//! use portcullis_axum::{AuthLayer, Claims};
//!
//! #[derive(Clone, serde::Deserialize)]
//! struct User {
//!     sub: String,
//! }
//!
//! async fn hello(Claims(user): Claims<User>) -> String {
//!     format!("hello, {}", user.sub)
//! }
//!
//! let verifier = Verifier::builder()
//!     .keys(VerifyingKey::from_secret(Algorithm::HS256, &[7; 32])?)
//!     .issuer("https://issuer.example")
//!     .audience("https://api.example")
//!     .build()?;
//!
//! let app: Router = Router::new()
//!     .route("/hello", get(hello))
//!     .layer(AuthLayer::new(verifier));
//! # use tower::ServiceExt;
//! # let request = http::Request::get("/hello").body(axum::body::Body::empty())?;
//! # assert!(app.oneshot(request).await?.status().is_client_error());
//! # Ok(())
//! # }
//! ```
//!
//! # How a request flows
//!
//! ```text
//! request -> AuthLayer -> Authentication in the extensions -> Claims, Token, Scoped -> handler
//!                 |                                                 |
//! request --------|------- Authenticated (verifies by itself) ------|------------------> handler
//!                 |                  |                              |
//!                 +------------------+------------------------------+--> AuthRejection -> answer
//! ```
//!
//! # Extractors
//!
//! | extractor | gives | needs |
//! |---|---|---|
//! | [`Claims<T>`] | the claims as the application's type | a layer |
//! | [`Token`] | the verified token itself | a layer |
//! | [`Scoped<S>`], [`ScopedIfPresent<S>`] | the same, where it has the scopes `S` | a layer |
//! | [`WithRoles<R>`], [`WithRolesIfPresent<R>`] | the same, where it has the roles `R` | a layer |
//! | [`CurrentUser<L>`] | the application's own user, loaded once per request | a layer, and `L` in the state |
//! | [`Authenticated<T>`] | the claims as the application's type | an [`Authenticator`] in the state |
//! | [`AuthenticatedUser<L>`] | the application's own user | an [`Authenticator`] and `L` in the state |
//! | [`Bearer`], [`Refresh`] | the raw token, unverified | nothing |
//!
//! Each but those with scopes or roles also as an `Option`, where absent credentials are
//! `None` and bad ones are still refused. One that needs a layer answers with a server error and a
//! line in the log where there is none.
//!
//! Take axum's `Result<E, AuthRejection>` only to answer with the error in an own
//! way: the handler is called for whoever was refused, and nobody else refuses
//! them. `Either` of `axum-extra` goes on with its next extractor, as if bad
//! credentials were none.
//!
//! # Inner routers
//!
//! [`RequireLayer`] demands more for some of the routes behind an [`AuthLayer`],
//! without verifying anything again.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `aws-lc` (default), `rust-crypto`, `ml-dsa` | the core's features of those names: which library does the cryptography |
//! | `ended` | `Token::ended()`, with tokio's timer: closes WebSockets and streams with their token |
//! | `router` | `router()`: the token endpoints as a ready `Router` |
//! | `jsonwebtoken` | the core's feature of that name: keys of `jsonwebtoken`'s own types |
//! | `remote` | `remote`: identity providers whose keys are discovered and followed (`remote::Issuer`), all of `portcullis-remote` |
//!
//! axum itself is depended upon for what it leaves in the extensions of
//! requests: their targets before nesting, and the peer.

pub mod extract;
mod rejection;
#[cfg(feature = "router")]
mod router;

pub use extract::{
    Authenticated, AuthenticatedUser, Bearer, Claims, CurrentUser, Refresh, Scoped,
    ScopedIfPresent, Token, WithRoles, WithRolesIfPresent,
};
#[doc(no_inline)]
pub use portcullis::{
    ConfigError, challenge, claims, config, cookies, credentials, csrf, endpoint, guard, head,
    issue, jose, metrics, policy, secret, session, subject, time, user, verify,
};
#[cfg(feature = "remote")]
pub use portcullis_remote as remote;
pub use portcullis_tower::{
    Auth, AuthLayer, Authentication, Authenticator, Require, RequireLayer, RoutedHead,
};
pub use rejection::AuthRejection;
#[cfg(feature = "router")]
pub use router::router;
