//! What scripts are asked, as they read it.

use std::time::Duration;

use portcullis::{subject::Subject, time::Timestamp};
use serde::Serialize;

use crate::layout::subject_text;

/// What every script is told, and what it is asked.
#[derive(Serialize)]
pub(crate) struct Ask<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<String>,
    pub(crate) keep: &'a str,
    pub(crate) channel: &'a str,
    #[serde(flatten)]
    pub(crate) what: T,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Nothing {}

#[derive(Serialize)]
pub(crate) struct OfSubject {
    pub(crate) subject: String,
}

impl OfSubject {
    pub(crate) fn new(subject: &Subject) -> Self {
        Self {
            subject: subject_text(subject),
        }
    }
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct OfSession<'a> {
    pub(crate) id: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) why: &'a str,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct OfToken<'a> {
    pub(crate) id: &'a str,
    pub(crate) subject: &'a str,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct OfRow<'a> {
    pub(crate) id: &'a str,
}

/// Milliseconds, such that the sum with a time is one that Lua counts exactly:
/// at most some 140 000 years.
pub(crate) fn span(duration: Duration) -> String {
    duration.as_millis().min(1 << 52).to_string()
}

pub(crate) fn millis(time: Timestamp) -> String {
    time.as_millis().to_string()
}
