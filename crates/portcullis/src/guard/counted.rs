//! Decisions, as they are counted.

use super::Authentication;
use crate::{challenge::Rejection, metrics};

/// What a guard behind another one has decided, which has counted the request.
#[inline]
pub(super) fn decided_behind(result: &Result<Authentication, Rejection>) {
    if let Err(refused) = result {
        metrics::HANDLER_REFUSALS.count([refused.reason().as_str()]);
    }
}

/// What a guard has decided about a request.
#[inline]
pub(super) fn decided(result: &Result<Authentication, Rejection>) {
    match result {
        Ok(passed) if passed.optional().is_some() => metrics::accepted(),
        Ok(_) => metrics::anonymous(),
        Err(refused) => {
            let outcome = refused.kind().outcome();
            metrics::REQUESTS.count([outcome, refused.reason().as_str()]);
        }
    }
}
