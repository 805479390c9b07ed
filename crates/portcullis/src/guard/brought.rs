//! How a token was brought.

use crate::{
    credentials::{TokenOrigin, TokenSource},
    csrf::{CsrfError, CsrfProtection, Presented},
    head::HeadRef,
    verify::Verified,
};

/// Where a token was, and what the request showed beside it, for when it is known
/// whose the token is.
#[derive(Debug)]
pub(super) struct Brought {
    origin: TokenOrigin,
    shown: Option<Box<Shown>>,
}

#[derive(Debug)]
struct Shown {
    csrf: CsrfProtection,
    presented: Result<Presented, CsrfError>,
}

impl Brought {
    /// In the `Authorization` field, where nothing else is asked for.
    pub(super) const BY_HEADER: Self = Self {
        origin: TokenOrigin::Authorization,
        shown: None,
    };

    /// In `source`.
    pub(super) fn by(source: &TokenSource, head: HeadRef<'_>) -> Self {
        let shown = source.csrf().map(|csrf| Shown {
            presented: csrf.look(head),
            csrf: csrf.clone(),
        });
        Self {
            origin: source.origin(),
            shown: shown.map(Box::new),
        }
    }

    pub(super) fn origin(&self) -> TokenOrigin {
        self.origin
    }

    /// Whether the request may bring `token` so.
    pub(super) fn check(&self, token: &Verified) -> Result<(), CsrfError> {
        match &self.shown {
            None => Ok(()),
            Some(shown) => {
                let presented = shown.presented.as_ref().map_err(|error| *error)?;
                shown.csrf.check(presented, token)
            }
        }
    }
}
