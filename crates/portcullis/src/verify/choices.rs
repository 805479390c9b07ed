//! The mandatory choices of a [`VerifierBuilder`](super::VerifierBuilder), as types.

/// No keys were chosen yet.
#[derive(Debug)]
pub enum NoKeys {}

/// No issuer was chosen yet.
#[derive(Debug)]
pub enum NoIssuer {}

/// No audience was chosen yet.
#[derive(Debug)]
pub enum NoAudience {}

/// A mandatory choice that was made.
#[derive(Debug)]
pub enum Ready {}

/// It is known by what a signature is checked. Implemented for [`Ready`] alone.
#[diagnostic::on_unimplemented(
    message = "this verifier has no keys: it could not tell a token from a forgery",
    label = "keys have to be chosen before this",
    note = "call `.keys(…)` with the issuer's keys; `.keys_from(…)` if they change; \
            `.introspected_by(…)` if the issuer is asked about each token"
)]
pub trait HasKeys: sealed::Chosen {}

/// It is known whose tokens are accepted. Implemented for [`Ready`] alone.
#[diagnostic::on_unimplemented(
    message = "this verifier has no issuer: it does not know whose tokens it accepts",
    label = "an issuer has to be chosen before this",
    note = "call `.issuer(\"https://…\")` with the `iss` of its tokens, or `.dangerous().any_issuer()`"
)]
pub trait HasIssuer: sealed::Chosen {}

/// It is known for whom tokens must be meant. Implemented for [`Ready`] alone.
#[diagnostic::on_unimplemented(
    message = "this verifier has no audience: it would take tokens that are meant for other services",
    label = "an audience has to be chosen before this",
    note = "call `.audience(\"https://…\")` with this service's name in the `aud` of its tokens, or \
            `.dangerous().no_audience()` if they have none"
)]
pub trait HasAudience: sealed::Chosen {}

impl HasKeys for Ready {}
impl HasIssuer for Ready {}
impl HasAudience for Ready {}

mod sealed {
    pub trait Chosen {}

    impl Chosen for super::Ready {}
}
