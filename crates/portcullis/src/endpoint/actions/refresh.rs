//! Refreshing.

use bytes::Bytes;
use http::{HeaderName, Response};

use super::{Services, client::Client, login::oauth_fields, tokens::Tokens};
use crate::{
    claims::ScopeSet,
    credentials::CredentialsError,
    endpoint::{
        incoming::Incoming,
        input::FieldProblem,
        refusal::Refusal,
        route::{Name, RefreshRoute, TokenSource},
    },
    secret::SecretString,
    session::{RefreshRequest, RefusalReason, SessionErrorKind, refresh::RefreshClaims},
    time::Clock,
};

const REFRESH_TOKEN: Name = Name::Borrowed("refresh_token");

/// A refresh token for an access token and, where they rotate, the next
/// refresh token.
///
/// The order of the checks is that of the rotation rules: the first failure
/// decides, and only the store, asked last, revokes.
pub(super) async fn refresh(
    services: &Services,
    route: &RefreshRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let form = Form::read(route, request)?;
    let sessions = &route.sessions;
    let presented = sessions.read(form.token.bytes())?;
    let family = &presented.family;
    // Where clients are not authenticated, there are no sessions of clients.
    let client = match route.with_clients {
        true => {
            check_client(services, request, form.client.as_ref(), &presented).await?;
            family.client.as_deref()
        }
        false => None,
    };
    let account = services.accounts.current(&family.subject).await?;
    let account = account.ok_or(Refusal::BadToken)?;
    let ask = RefreshRequest::new()
        .client(client)
        .scope(form.scope.clone())
        .allowed(account.allowed_scope().clone())
        .claims(account.claims())
        .device(request.device());
    let pair = match sessions.refresh(&presented, &ask).await {
        Err(error) if error.kind() == SessionErrorKind::Refused(RefusalReason::Scope) => {
            return Err(Refusal::Scope);
        }
        result => result?,
    };
    let about_scope = form.scope.is_some() || !family.scope.is_empty();
    let tokens = Tokens {
        access: &pair.access,
        refresh: pair.refresh.as_ref().map(|refresh| refresh.token()),
        scope: Some(&pair.scope).filter(|_| about_scope),
    };
    Ok(tokens.respond(&route.output, sessions.issuer().clock().now()))
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

/// What a refresh says.
struct Form<'a> {
    token: Token<'a>,
    scope: Option<ScopeSet>,
    client: Option<Client>,
}

enum Token<'a> {
    Header(&'a [u8]),
    Field(SecretString),
}

impl Token<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Header(bytes) => bytes,
            Self::Field(text) => text.expose().as_bytes(),
        }
    }
}

impl<'a> Form<'a> {
    fn read(route: &RefreshRoute, request: &'a Incoming) -> Result<Self, Refusal> {
        let token = match &route.source {
            TokenSource::Bearer => request.bearer()?,
            TokenSource::Header(name) => header_field(request, name)?,
            TokenSource::Form => {
                let (mut fields, scope, client) =
                    oauth_fields(request, "refresh_token", &[&REFRESH_TOKEN])?;
                return Ok(Self {
                    token: Token::Field(fields.require(&REFRESH_TOKEN)?),
                    scope,
                    client,
                });
            }
        };
        let client = match route.with_clients {
            true => Client::of(request, None)?,
            false => None,
        };
        Ok(Self {
            token: Token::Header(token),
            scope: None,
            client,
        })
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
