//! Ending one of one's sessions.

use bytes::Bytes;
use http::Response;

use super::{cookies::without_cookies, present::open, services::Services};
use crate::{
    endpoint::{
        answer::no_content,
        incoming::Incoming,
        input::Encoding,
        name::Name,
        protected_route::Access,
        refusal::{FieldProblem, Refusal},
    },
    session::SessionId,
};

const ID: Name = Name::Borrowed("id");

/// Ends the session that the body names if it is of the token's subject; whether
/// there is one, nobody is told.
pub(super) async fn end_session(
    services: &Services,
    access: &Access,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let opened = open(services, access, request).await?;
    let mut fields = request.fields(Encoding::Json, &[ID])?;
    let id = SessionId::parse(fields.require(&ID)?.expose());
    let id = id.ok_or(Refusal::Field(ID, FieldProblem::Malformed))?;
    let token = opened.token;
    let subject = token.subject().ok_or(Refusal::BadToken)?;
    let sessions = services.sessions.first().ok_or(Refusal::Misconfigured)?;
    sessions.end_listed(&subject, &id).await?;
    Ok(match opened.cookies {
        // That was a log-out.
        Some(cookies) if token.session_id() == Some(id.as_str()) => without_cookies(cookies),
        _ => no_content(),
    })
}
