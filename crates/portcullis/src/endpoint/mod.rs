//! Login, refresh, application tokens, logout, sessions, the key set and other
//! documents, as plain `Request<Bytes>` -> `Response<Bytes>`.
//!
//! [`Endpoints`] is a router that no framework is needed for: an adapter says
//! where a request comes from ([`ClientAddress`]), hands it over, and passes the
//! answer on. Bodies are read by [`Endpoints::serve`]; an adapter that has to
//! read them itself asks [`Endpoints::accept`] first. Who is who says the
//! application ([`Accounts`]); what the requests and answers look like say the
//! APIs: [`SessionApi`], [`ApiKeyApi`], [`PasswordGrantApi`], and for pages in a
//! browser [`CookieApi`].
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, header::CONTENT_TYPE};
//! use portcullis::endpoint::{Accounts, Endpoints, SessionApi};
//! use portcullis::session::Sessions;
//!
//! # async fn example(accounts: impl Accounts, sessions: Sessions) -> Result<(), Box<dyn std::error::Error>> {
//! let endpoints = Endpoints::builder(accounts)
//!     .session_api(SessionApi::new(sessions))
//!     .common_routes()
//!     .build()?;
//!
//! let login = r#"{"username":"alice","password":"correct horse"}"#;
//! let request = Request::post("/api/users/login")
//!     .header(CONTENT_TYPE, "application/json")
//!     .body(Bytes::from(login))?;
//! let response = endpoints.call(request).await;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # What every answer keeps to
//!
//! * No answer may be stored: `Cache-Control: no-store` and `Pragma: no-cache`
//!   (RFC 6749 section 5.1). Documents may, by everybody and for a while: the key
//!   set, [`Discovery`], [`ResourceMetadata`]. They have an entity tag, by which a
//!   client that has one learns that it is the same still: 304.
//! * A 401 has a challenge, a 5xx has none; a 503 says when to come back, soon
//!   enough for the grace window.
//! * An error names the field that was wrong, never what was sent in it:
//!   `{"error","field","error_description"}`, the last two where there is
//!   something to say. Errors of [`PasswordGrantApi`] are those of RFC 6749
//!   section 5.2. All others can look otherwise
//!   ([`EndpointsBuilder::refusal_format`]).
//! * Wrong credentials have one answer, whichever part was wrong; so has a
//!   refresh token that is not good, whatever the reason.
//!
//! | status | when |
//! |---|---|
//! | 400 | the body or the credentials cannot be read, a field is missing or repeated |
//! | 401 | no, wrong or bad credentials |
//! | 403 | an application token for an account of another type, or where none is taken; a policy that is not satisfied; a cookie that somebody else's page may have sent along |
//! | 404, 405 | another path or method |
//! | 409 | more application tokens than an account may have |
//! | 413, 415 | more than [`BODY_LIMIT`] bytes, or of another type |
//! | 429 | [`AccountsError::too_many_requests`] |
//! | 503 | the store, or what the application asks, is down |

mod accepted_request;
mod accounts;
mod actions;
mod answer;
mod api;
mod builder;
mod common_route;
mod dialect;
mod documents;
mod erased;
mod future;
mod incoming;
mod input;
mod matched_endpoint;
mod name;
mod no_accounts;
mod paths;
mod protected_route;
mod refusal;
mod request_body;
mod response_body;
mod route;
mod router;
mod single_sign_on;

pub use accepted_request::AcceptedRequest;
pub use accounts::{
    Account, Accounts, AccountsError, AccountsErrorKind, ClientAuthentication, ClientCheck, Login,
};
pub use api::{ApiKeyApi, CookieApi, PasswordGrantApi, SessionApi};
pub use builder::EndpointsBuilder;
pub use documents::{Discovery, ResourceMetadata};
pub use future::{EndpointFuture, EndpointServiceFuture, WithEndpointsFuture};
pub use incoming::ClientAddress;
pub use matched_endpoint::MatchedEndpoint;
pub use protected_route::ProtectedRoute;
pub use request_body::{BODY_LIMIT, BodyError};
pub use response_body::EndpointBody;
pub use router::Endpoints;
pub use single_sign_on::{EntraIdTokens, EntraIdentity, LinkedAccounts, SingleSignOn};

pub use crate::challenge::RefusalKind;

#[cfg(test)]
mod tests;
