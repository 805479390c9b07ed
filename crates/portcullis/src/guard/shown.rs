//! What a request shows beside a token that came in a cookie.

use crate::{
    csrf::{CsrfError, CsrfProtection, Presented},
    head::HeadRef,
    verify::Verified,
};

/// What is kept of a request that waits, until it is known whose its token is.
pub(super) struct Shown {
    csrf: CsrfProtection,
    presented: Result<Presented, CsrfError>,
}

impl Shown {
    pub(super) fn by(head: HeadRef<'_>, csrf: &CsrfProtection) -> Self {
        Self {
            presented: csrf.look(head),
            csrf: csrf.clone(),
        }
    }

    /// Whether the request may have been sent by the page that has `token`.
    pub(super) fn check(&self, token: &Verified) -> Result<(), CsrfError> {
        let presented = self.presented.as_ref().map_err(|error| *error)?;
        self.csrf.check(presented, token)
    }
}
