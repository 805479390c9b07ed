//! The list of sessions.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::{present::open, services::Services};
use crate::{
    endpoint::{
        answer::json_response, incoming::Incoming, protected_route::Access, refusal::Refusal,
    },
    session::{Device, SessionRecord},
    subject::Subject,
    verify::Verified,
};

/// How many sessions are listed: whoever has more logs in by program, and an
/// answer must not grow without bound.
const LIMIT: usize = 100;

/// The live sessions of whoever presents an access token that opens the list,
/// the oldest first of those that are listed.
pub(super) async fn sessions(
    services: &Services,
    access: &Access,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let token = open(services, access, request).await?.token;
    let subject: Subject = token.subject().ok_or(Refusal::BadToken)?;
    let sessions = services.sessions.first().ok_or(Refusal::Misconfigured)?;
    let records = sessions.list(&subject).await?;
    let list = List {
        sessions: newest(&records)
            .iter()
            .map(|own| Item::of(own, &token))
            .collect(),
    };
    Ok(json_response(StatusCode::OK, &list))
}

fn newest(oldest_first: &[SessionRecord]) -> &[SessionRecord] {
    &oldest_first[oldest_first.len().saturating_sub(LIMIT)..]
}

#[derive(Serialize)]
struct List<'a> {
    sessions: Vec<Item<'a>>,
}

/// A session as its owner sees it; times are seconds since the epoch.
#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    client_id: Option<&'a str>,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    device: &'a Device,
    current: bool,
}

impl<'a> Item<'a> {
    fn of(record: &'a SessionRecord, token: &Verified) -> Self {
        Self {
            id: record.id.as_str(),
            client_id: record.client.as_deref(),
            created_at: record.created_at.as_secs(),
            last_used_at: record.rotated_at.as_secs(),
            expires_at: record.idle_deadline.min(record.absolute_deadline).as_secs(),
            device: &record.device,
            current: token.session_id() == Some(record.id.as_str()),
        }
    }
}
