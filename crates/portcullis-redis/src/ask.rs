//! What scripts are asked, as they read it.

use std::time::Duration;

use portcullis::time::Timestamp;
use serde::Serialize;

/// What every script is told, and what it is asked.
#[derive(Serialize)]
pub(crate) struct Ask<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<String>,
    pub(crate) keep: String,
    pub(crate) channel: &'a str,
    /// There may be something left of an older layout.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) moving: bool,
    #[serde(flatten)]
    pub(crate) what: T,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Nothing {}

#[derive(Serialize)]
pub(crate) struct OfSubject {
    pub(crate) subject: String,
}

/// About a row of a subject.
#[derive(Serialize)]
pub(crate) struct OfRow<'a> {
    pub(crate) subject: String,
    pub(crate) id: &'a str,
}

/// Ends a session.
#[derive(Serialize)]
pub(crate) struct OfSession<'a> {
    pub(crate) subject: String,
    pub(crate) id: &'a str,
    pub(crate) why: &'a str,
}

/// About some of the sessions of a subject.
#[derive(Serialize)]
pub(crate) struct OfSome {
    pub(crate) subject: String,
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    pub(crate) many: String,
}

/// Milliseconds, such that the sum with a time is one that Lua counts exactly:
/// at most some 140 000 years.
pub(crate) fn span(duration: Duration) -> String {
    number(duration).to_string()
}

/// The same as a number.
pub(crate) fn number(duration: Duration) -> u64 {
    const MOST: u64 = 1 << 52;
    u64::try_from(duration.as_millis()).map_or(MOST, |millis| millis.min(MOST))
}

pub(crate) fn millis(time: Timestamp) -> String {
    time.as_millis().to_string()
}
