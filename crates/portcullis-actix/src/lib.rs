//! Bearer-token authentication for actix-web.
//!
//! ```
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use actix_web::{App, web};
//! use portcullis::{jose::{Algorithm, VerifyingKey}, verify::Verifier};
//! use portcullis_actix::{Auth, Claims};
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
//! let app = App::new()
//!     .wrap(Auth::new(verifier))
//!     .route("/hello", web::get().to(hello));
//! # use actix_web::test;
//! # let app = test::init_service(app).await;
//! # let request = test::TestRequest::get().uri("/hello").to_request();
//! # assert!(test::call_service(&app, request).await.status().is_client_error());
//! # Ok(())
//! # }
//! ```
//!
//! # How a request flows
//!
//! ```text
//! request -> Auth -> Authentication in the extensions -> Claims, Token, Scoped -> handler
//!              |                                               |
//! request -----|---- Authenticated (verifies by itself) -------|---------------> handler
//!              |              |                                |
//!              +--------------+--------------------------------+--> AuthRejection -> answer
//! ```
//!
//! [`Auth`] wraps an `App`, a `Scope` or a `Resource`. Its refusals are
//! responses, not errors: middleware around it, such as CORS, sees them.
//!
//! # Extractors
//!
//! | extractor | gives | needs |
//! |---|---|---|
//! | [`Claims<T>`], [`OptionalClaims<T>`] | the claims as the application's type | [`Auth`] |
//! | [`Token`], [`OptionalToken`] | the verified token itself | [`Auth`] |
//! | [`Scoped<S>`], [`ScopedIfPresent<S>`] | the same, where it has the scopes `S` | [`Auth`] |
//! | [`WithRoles<R>`], [`WithRolesIfPresent<R>`] | the same, where it has the roles `R` | [`Auth`] |
//! | [`CurrentUser<L>`], [`OptionalCurrentUser<L>`] | the application's own user, loaded once per request | [`Auth`], and a `web::Data<L>` in the app data |
//! | [`Authenticated<T>`], [`OptionalAuthenticated<T>`] | the claims as the application's type | an [`Authenticator`] in the app data |
//! | [`AuthenticatedUser<L>`], [`OptionalAuthenticatedUser<L>`] | the application's own user | an [`Authenticator`] and a `web::Data<L>` in the app data |
//! | [`Bearer`], [`OptionalBearer`], [`Refresh`] | the raw token, unverified | nothing |
//!
//! In the optional ones, absent credentials are `None` and bad ones are still
//! refused. An extractor that needs [`Auth`] answers with a server error and a
//! line in the log where there is none.
//!
//! Do not put them into actix's `Option<…>`, `Result<…, _>` or `Either`: the
//! handler is then called as if bad credentials were none. An [`Auth`] around the
//! route replaces what the handler answers by the refusal, but what the handler
//! has done is done; and where there is no [`Auth`], nobody refuses.
//!
//! The token endpoints (login, refresh, logout) are routes too:
//! [`endpoints`] adds them to an app.
//!
//! [`Require`] demands more for some of the routes behind an [`Auth`], without
//! verifying anything again.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `aws-lc` (default), `rust-crypto`, `ml-dsa` | the core's features of those names: which library does the cryptography |
//! | `jsonwebtoken` | the core's feature of that name: keys of `jsonwebtoken`'s own types |
//! | `remote` | `remote`: identity providers whose keys are discovered and followed (`remote::Issuer`), all of `portcullis-remote` |

mod auth;
mod convert;
mod endpoints;
pub mod extract;
pub mod guard;
mod refused;
mod rejection;
mod request_head;
mod require;

pub use auth::{Auth, AuthMiddleware, ResponseFuture};
pub use endpoints::endpoints;
pub use extract::{
    Authenticated, AuthenticatedUser, Bearer, Claims, CurrentUser, OptionalAuthenticated,
    OptionalAuthenticatedUser, OptionalBearer, OptionalClaims, OptionalCurrentUser, OptionalToken,
    Refresh, Scoped, ScopedIfPresent, Token, WithRoles, WithRolesIfPresent,
};
pub use portcullis::guard::{Authentication, Authenticator, LoginPage};
#[doc(no_inline)]
pub use portcullis::{
    ConfigError, challenge, claims, config, cookies, credentials, csrf, endpoint, head, issue,
    jose, metrics, policy, secret, session, subject, time, user, verify,
};
#[cfg(feature = "remote")]
pub use portcullis_remote as remote;
pub use rejection::AuthRejection;
pub use request_head::Head;
pub use require::{Require, RequireMiddleware};
