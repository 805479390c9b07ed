//! The list of sessions, page by page.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::{present::open, services::Services};
use crate::{
    endpoint::{
        answer::json_response,
        incoming::Incoming,
        name::Name,
        protected_route::Access,
        refusal::{FieldProblem, Refusal},
    },
    session::{Device, SessionCursor, SessionId, SessionRecord},
    subject::Subject,
    time::Timestamp,
    verify::Verified,
};

/// How many sessions are on a page.
const LIMIT: u32 = 100;

/// Where the list goes on: what the page before had as `next`.
const AFTER: Name = Name::Borrowed("after");

/// A page of the live sessions of whoever presents an access token that opens the list,
/// the oldest first.
pub(super) async fn sessions(
    services: &Services,
    access: &Access,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let token = open(services, access, request).await?.token;
    let subject: Subject = token.subject().ok_or(Refusal::BadToken)?;
    let after = match request.query(&[AFTER])?.take(&AFTER) {
        None => None,
        Some(text) => {
            let cursor = read_cursor(text.expose());
            Some(cursor.ok_or(Refusal::Field(AFTER, FieldProblem::Malformed))?)
        }
    };
    let sessions = services.sessions.first().ok_or(Refusal::Misconfigured)?;
    let page = sessions.list_page(&subject, after.as_ref(), LIMIT).await?;
    let list = List {
        sessions: page
            .sessions
            .iter()
            .map(|own| Item::of(own, &token))
            .collect(),
        next: page.next.as_ref().map(write_cursor),
    };
    Ok(json_response(StatusCode::OK, &list))
}

fn write_cursor(cursor: &SessionCursor) -> String {
    format!("{}.{}", cursor.created_at.as_millis(), cursor.id)
}

fn read_cursor(text: &str) -> Option<SessionCursor> {
    let (millis, id) = text.split_once('.')?;
    Some(SessionCursor {
        created_at: Timestamp::from_millis(millis.parse().ok()?),
        id: SessionId::parse(id)?,
    })
}

#[derive(Serialize)]
struct List<'a> {
    sessions: Vec<Item<'a>>,
    /// What to ask for the next page with, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
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
