//! Refreshing.

use bytes::Bytes;
use http::{HeaderName, Response};

use super::{client::Client, services::Services, tokens::Tokens};
use crate::{
    claims::ScopeSet,
    credentials::CredentialsError,
    endpoint::{
        incoming::Incoming,
        refusal::{FieldProblem, Refusal},
        route::{RefreshRoute, TokenSource},
    },
    session::{RefreshRequest, RefusalReason, SessionErrorKind, Sessions, refresh::RefreshClaims},
};

/// A refresh token in a header for an access token and, where they rotate, the
/// next refresh token.
pub(super) async fn refresh(
    services: &Services,
    route: &RefreshRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let token = match &route.source {
        TokenSource::Bearer => request.bearer()?,
        TokenSource::Header(name) => header_field(request, name)?,
    };
    let client = match route.with_clients {
        true => Client::of(request, None)?,
        false => None,
    };
    let asked = Exchange {
        token,
        scope: None,
        client,
        with_clients: route.with_clients,
    };
    let tokens = exchange(services, &route.sessions, request, asked).await?;
    Ok(tokens.respond(&route.output, &route.sessions))
}

/// A refresh token, which client presents it, and for what.
pub(super) struct Exchange<'a> {
    pub(super) token: &'a [u8],
    /// The scope that is asked for, if any is.
    pub(super) scope: Option<ScopeSet>,
    pub(super) client: Option<Client>,
    /// Whether sessions belong to OAuth clients.
    pub(super) with_clients: bool,
}

/// Exchanges a refresh token.
///
/// The order of the checks is that of the rotation rules: the first failure
/// decides, and only the store, asked last, revokes.
pub(super) async fn exchange(
    services: &Services,
    sessions: &Sessions,
    request: &Incoming,
    asked: Exchange<'_>,
) -> Result<Tokens, Refusal> {
    let presented = sessions.read(asked.token)?;
    let family = &presented.family;
    // Where clients are not authenticated, there are no sessions of clients.
    let client = match asked.with_clients {
        true => {
            check_client(services, request, asked.client.as_ref(), &presented).await?;
            family.client.as_deref()
        }
        false => None,
    };
    let account = services.accounts.current(&family.subject).await?;
    let account = account.ok_or(Refusal::BadToken)?;
    let about_scope = asked.scope.is_some() || !family.scope.is_empty();
    let ask = RefreshRequest::new()
        .client(client)
        .scope(asked.scope)
        .allowed(account.allowed_scope().clone())
        .claims(account.claims())
        .device(request.device());
    match sessions.refresh(&presented, &ask).await {
        Err(error) if error.kind() == SessionErrorKind::Refused(RefusalReason::Scope) => {
            Err(Refusal::Scope)
        }
        result => Ok(Tokens::of(result?, about_scope)),
    }
}

/// Whether the client may have the session: it is the one that logged in, and
/// authenticates if it can (RFC 6749 section 6).
async fn check_client(
    services: &Services,
    request: &Incoming,
    client: Option<&Client>,
    presented: &RefreshClaims,
) -> Result<(), Refusal> {
    let own = presented.family.client.as_deref();
    match (client, own) {
        (None, None) => Ok(()),
        (None, Some(own)) => Client::unauthenticated(own).check(services, request).await,
        (Some(client), own) => {
            client.check(services, request).await?;
            if own == Some(client.id.as_str()) {
                Ok(())
            } else {
                Err(Refusal::BadToken)
            }
        }
    }
}

/// The token in a header, which counts as a field of the request.
fn header_field<'a>(request: &'a Incoming, name: &HeaderName) -> Result<&'a [u8], Refusal> {
    let problem = match request.header_token(name) {
        Ok(Some(token)) => return Ok(token),
        Err(Refusal::Credentials(CredentialsError::Repeated)) => FieldProblem::Repeated,
        Err(Refusal::Credentials(_)) => FieldProblem::Malformed,
        Err(refusal) => return Err(refusal),
        Ok(None) => FieldProblem::Missing,
    };
    Err(Refusal::Field(name.as_str().to_owned().into(), problem))
}
