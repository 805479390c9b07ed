//! Guards: which route a request takes, by its token.
//!
//! A guard chooses among routes. A request that no route takes is not found;
//! to refuse it for what its token lacks, use
//! [`Auth::require`](crate::Auth::require) or [`Scoped`](crate::Scoped).
//!
//! They see what an [`Auth`](crate::Auth) around them left; without one they
//! hold for nobody.
//!
//! ```
//! use actix_web::{App, web};
//! use portcullis::policy::Policy;
//! use portcullis_actix::{Auth, guard};
//!
//! # async fn dashboard() -> &'static str { "" }
//! # async fn welcome() -> &'static str { "" }
//! # fn example(verifier: portcullis::verify::Verifier) {
//! let app = App::new()
//!     .wrap(Auth::new(verifier).optional())
//!     .service(
//!         web::resource("/")
//!             .route(web::get().guard(guard::policy(Policy::role("roles", "admin"))).to(dashboard))
//!             .route(web::get().to(welcome)),
//!     );
//! # }
//! ```

use actix_web::guard::{Guard, GuardContext};
use portcullis::{
    guard::Authentication,
    policy::{Policy, RequiredRoles, RequiredScopes},
};

use crate::Head;

/// Holds for requests with a verified token, whatever it may do.
pub fn authenticated() -> impl Guard {
    AuthGuard(None)
}

/// Holds for requests whose token has every scope of `S`.
pub fn scopes<S: RequiredScopes>() -> impl Guard {
    policy(Policy::scopes_of::<S>())
}

/// Holds for requests whose token has every role of `R`.
pub fn roles<R: RequiredRoles>() -> impl Guard {
    policy(Policy::roles_of::<R>())
}

/// Holds for requests that satisfy `policy` together with their token. A guard
/// does not see the connection: a rule about the client's certificate finds none. Nor
/// can it wait: what [asks](Policy::ask) somebody does not hold.
pub fn policy(policy: Policy) -> impl Guard {
    AuthGuard(Some(policy))
}

struct AuthGuard(Option<Policy>);

impl Guard for AuthGuard {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let data = context.req_data();
        let found = data.get::<Authentication>();
        found.is_some_and(|found| match &self.0 {
            Some(policy) => found.satisfies(policy, &Head::from(context)),
            None => found.optional().is_some(),
        })
    }
}
