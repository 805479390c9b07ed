//! Bearer-token authentication for tower services.
//!
//! A [`Layer`](tower_layer::Layer) for whatever speaks `http` 1.x and tower:
//! axum, hyper with hyper-util, tonic, a `ServiceBuilder`.
//!
//! ```
//! # use bytes::Bytes;
//! # use std::convert::Infallible;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use portcullis::{guard::Authentication, jose::{Algorithm, VerifyingKey}, verify::Verifier};
//! use portcullis_tower::AuthLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! let verifier = Verifier::builder()
//!     .keys(VerifyingKey::from_secret(Algorithm::HS256, &[7; 32])?)
//!     .issuer("https://issuer.example")
//!     .audience("https://api.example")
//!     .build()?;
//!
//! let service = ServiceBuilder::new()
//!     .layer(AuthLayer::new(verifier))
//!     .service(service_fn(async |request: Request<Full<Bytes>>| {
//!         let authentication = request.extensions().get::<Authentication>();
//!         let name = authentication.and_then(|it| it.optional()?.subject_name());
//!         let greeting = format!("hello, {}", name.unwrap_or("whoever you are"));
//!         Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(greeting)))
//!     }));
//!
//! let response = service.oneshot(Request::new(Full::default())).await?;
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
//! [`Auth`] shows the request's head to the core's [`Authenticator`], marks
//! credentials as sensitive, and either calls the inner service or answers with
//! the core's [`Rejection`](portcullis::challenge::Rejection). Errors of the inner
//! service pass through untouched; there are none of its own.
//!
//! What only the connection knows, whoever accepts it puts into the extensions
//! of its requests: [`Peer`](portcullis::head::Peer) and
//! [`ClientCertificate`](portcullis::head::ClientCertificate).
//!
//! [`RequireLayer`] demands more for some of the services behind it, without verifying
//! anything again.
//!
//! # Bodies, and gRPC
//!
//! A refusal is written into the inner service's own type of body, which therefore needs
//! `From<Bytes>`: axum's has it, and `Full` of http-body-util. tonic's has not.
//! [`AuthLayer::grpc`] is for services of gRPC: it tells calls as such, and takes any body.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `aws-lc` (default), `rust-crypto`, `ml-dsa` | the core's features of those names: which library does the cryptography |
//! | `axum` | `RoutedHead`: the target and the peer of requests that axum has routed. `portcullis-axum` switches it on. Without it, a policy within axum's `nest` sees what is left of the path |
//! | `remote` | `remote`: identity providers whose keys are discovered and followed (`remote::Issuer`), all of `portcullis-remote` |
//!
//! # Token endpoints
//!
//! The token endpoints (login, refresh, logout) are a service too:
//! [`EndpointLayer`] puts them in front of another one, [`EndpointService`] is
//! for routers.

mod auth;
mod endpoints;
mod ready;
mod require;
#[cfg(feature = "axum")]
mod routed_head;

pub use auth::{AnswerBody, AnyBody, Auth, AuthLayer, ResponseBody, ResponseFuture, SameBody};
pub use endpoints::{EndpointLayer, EndpointService, WithEndpoints};
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
pub use require::{Require, RequireLayer};
#[cfg(feature = "axum")]
pub use routed_head::RoutedHead;
