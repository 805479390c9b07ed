//! What pages of other origins may send and read (Fetch standard, section 3.3): the
//! same for the three servers, whose frameworks have layers of their own for it.

use std::time::Duration;

use http::{
    HeaderName,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};

/// What their requests may carry.
pub const REQUEST_HEADERS: [HeaderName; 4] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("refresh-token"),
    HeaderName::from_static("x-csrf-token"),
];

/// What they may read of answers, beside what everybody may: without the challenge a
/// page does not learn why it was refused.
pub const RESPONSE_HEADERS: [HeaderName; 2] = [WWW_AUTHENTICATE, RETRY_AFTER];

/// How long a browser may remember it.
pub const MAX_AGE: Duration = Duration::from_secs(600);
