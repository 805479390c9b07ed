//! Refusals that a handler may never see.

use actix_web::{HttpMessage, HttpRequest, dev::ServiceResponse};
use portcullis::challenge::Rejection;

use crate::AuthRejection;

/// The refusal of an extractor, in the extensions of its request.
///
/// actix's `Option<E>`, `Result<E, _>` and `Either` take an error away from the
/// answer. [`Auth`](crate::Auth) finds it here, and lets no other answer out.
struct Refused(Rejection);

/// Refuses a request in an extractor.
pub(crate) fn refuse(request: &HttpRequest, rejection: Rejection) -> AuthRejection {
    let refused = Refused(rejection.clone());
    request.extensions_mut().insert(refused);
    AuthRejection(rejection)
}

/// The refusal in whose place something else was answered. An answer of its status,
/// such as a page of the application's own, tells it.
pub(crate) fn swallowed<B>(response: &ServiceResponse<B>) -> Option<Rejection> {
    let request = response.request();
    // Nearly always there is none.
    if !request.extensions().contains::<Refused>() {
        return None;
    }
    let Refused(rejection) = request.extensions_mut().remove()?;
    let field = |name: &str| response.headers().get(name).map(|value| value.as_bytes());
    let is_told = rejection.is_told_by(response.status().as_u16(), field);
    (!is_told).then_some(rejection)
}
