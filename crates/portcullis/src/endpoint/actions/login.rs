//! Logging in.

use bytes::Bytes;
use http::Response;

use super::{client::Client, services::Services, tokens::Tokens};
use crate::{
    claims::ScopeSet,
    endpoint::{accounts::Login, incoming::Incoming, refusal::Refusal, route::LoginRoute},
    secret::SecretString,
    session::{OpenSession, SessionErrorKind, Sessions},
};

/// A name and a secret for a session and its tokens.
pub(super) async fn login(
    services: &Services,
    route: &LoginRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let wanted = [route.name.clone(), route.secret.clone()];
    let mut fields = request.fields(route.encoding, &wanted)?;
    let credentials = Credentials {
        name: fields.require(&route.name)?,
        secret: fields.require(&route.secret)?,
        scope: ScopeSet::new(),
        client: None,
        refresh_token_limit: usize::MAX,
    };
    let tokens = log_in(services, &route.sessions, request, credentials).await?;
    Ok(tokens.respond(&route.output, &route.sessions))
}

/// Who logs in, by which client, and for what.
pub(super) struct Credentials {
    pub(super) name: SecretString,
    pub(super) secret: SecretString,
    pub(super) scope: ScopeSet,
    pub(super) client: Option<Client>,
    /// How long the refresh token may be where it is going to be kept.
    pub(super) refresh_token_limit: usize,
}

/// Opens a session for good credentials.
pub(super) async fn log_in(
    services: &Services,
    sessions: &Sessions,
    request: &Incoming,
    credentials: Credentials,
) -> Result<Tokens, Refusal> {
    if let Some(client) = &credentials.client {
        client.check(services, request).await?;
    }
    // Before the credentials are checked: a log-out everywhere that comes in
    // between must win.
    let ticket = sessions.begin_login().await?;
    let realm = sessions.issuer().shape().realm();
    let login = Login {
        source: request.source(),
        ..Login::new(realm, credentials.name.expose(), &credentials.secret)
    };
    let account = services.accounts.authenticate(login).await?;
    let account = account.ok_or(Refusal::WrongCredentials)?;
    if !credentials.scope.is_subset_of(account.allowed_scope()) {
        return Err(Refusal::Scope);
    }
    let client = credentials.client.as_ref();
    let open = OpenSession::login(account.subject())
        .client(client.map(|client| client.id.as_str()))
        .scope(credentials.scope)
        .acr(account.acr_value())
        .amr(account.amr_methods())
        .data(account.session_data())
        .claims(account.claims())
        .device(request.device())
        .refresh_token_limit(credentials.refresh_token_limit);
    match sessions.open(ticket, &open).await {
        Err(error) if error.kind() == SessionErrorKind::LoggedOutMeanwhile => {
            Err(Refusal::WrongCredentials)
        }
        result => Ok(Tokens::of(result?, false)),
    }
}
