//! A token that is yet to be signed.

use super::AccessToken;
use crate::time::Timestamp;

/// A token before it is written and signed.
pub(crate) struct Draft<'a> {
    pub(super) token: &'a AccessToken<'a>,
    pub(super) id: String,
    pub(super) now: Timestamp,
    pub(super) end: Option<Timestamp>,
}
