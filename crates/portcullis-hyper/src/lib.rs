//! Bearer-token authentication for hyper, without tower.
//!
//! ```
//! # use bytes::Bytes;
//! # use std::convert::Infallible;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use hyper::service::{Service, service_fn};
//! use portcullis::{jose::{Algorithm, VerifyingKey}, verify::Verifier};
//! use portcullis_hyper::{Auth, Authentication};
//!
//! let verifier = Verifier::builder()
//!     .keys(VerifyingKey::from_secret(Algorithm::HS256, &[7; 32])?)
//!     .issuer("https://issuer.example")
//!     .audience("https://api.example")
//!     .build()?;
//!
//! // In a server the body is `hyper::body::Incoming`.
//! let hello = service_fn(async |request: Request<Full<Bytes>>| {
//!     let authentication = request.extensions().get::<Authentication>();
//!     let name = authentication.and_then(|it| it.optional()?.subject_name());
//!     let greeting = format!("hello, {}", name.unwrap_or("whoever you are"));
//!     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(greeting)))
//! });
//! let service = Auth::new(hello, verifier);
//!
//! // `http1::Builder::new().serve_connection(io, service)`, or by hand:
//! let response = service.call(Request::default()).await?;
//! assert!(response.status().is_client_error());
//! # Ok(())
//! # }
//! ```
//!
//! # How a request flows
//!
//! ```text
//! request -> Auth --- Authentication in the extensions ---> inner service
//!              |
//!              +--- refused: the body is dropped unread ---> the core's answer
//! ```
//!
//! Settings are those of [`Authenticator`], which [`Auth::new`] takes in place
//! of a verifier. Whoever has tower uses `portcullis-tower`.
//!
//! What only the connection knows, whoever accepts it puts into the extensions
//! of its requests: [`Peer`](portcullis::head::Peer) and
//! [`ClientCertificate`](portcullis::head::ClientCertificate).
//!
//! The token endpoints (login, refresh, logout) are a service too:
//! [`WithEndpoints`] puts them in front of another one, [`EndpointService`] is
//! for those who dispatch by themselves.
//!
//! [`Require`] demands more for some of the services behind an [`Auth`], without
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
mod endpoints;
mod require;

pub use auth::{Auth, ResponseFuture};
pub use endpoints::{EndpointService, WithEndpoints};
#[doc(no_inline)]
pub use portcullis::{
    ConfigError, challenge, claims, config, cookies, credentials, csrf, endpoint, guard, head,
    issue, jose, metrics, policy, secret, session, subject, time, user, verify,
};
pub use portcullis::{
    endpoint::{EndpointServiceFuture, WithEndpointsFuture},
    guard::{Authentication, Authenticator},
};
#[cfg(feature = "remote")]
pub use portcullis_remote as remote;
pub use require::Require;
