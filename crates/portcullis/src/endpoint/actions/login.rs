//! Logging in.

use bytes::Bytes;
use http::Response;

use super::{
    Services,
    client::{CLIENT_ID, CLIENT_SECRET, Client},
    tokens::Tokens,
};
use crate::{
    claims::ScopeSet,
    endpoint::{
        Login,
        incoming::Incoming,
        input::Fields,
        refusal::Refusal,
        route::{LoginRoute, Name},
    },
    secret::SecretString,
    session::{OpenSession, SessionErrorKind},
    time::Clock,
};

const GRANT_TYPE: Name = Name::Borrowed("grant_type");
const SCOPE: Name = Name::Borrowed("scope");

/// A name and a secret for a session and its tokens.
pub(super) async fn login(
    services: &Services,
    route: &LoginRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let form = Form::read(route, request)?;
    let sessions = &route.sessions;
    if let Some(client) = &form.client {
        client.check(services, request).await?;
    }
    // Before the credentials are checked: a log-out everywhere that comes in
    // between must win.
    let ticket = sessions.begin_login().await?;
    let login = Login {
        realm: sessions.issuer().shape().realm(),
        name: form.name.expose(),
        secret: &form.secret,
        source: request.source(),
    };
    let account = services.accounts.authenticate(login).await?;
    let account = account.ok_or(Refusal::WrongCredentials)?;
    let scope = form.scope.unwrap_or_default();
    if !scope.is_subset_of(account.allowed_scope()) {
        return Err(Refusal::Scope);
    }
    let open = OpenSession::new(account.subject())
        .client(form.client.as_ref().map(|client| client.id.as_str()))
        .scope(scope)
        .claims(account.claims())
        .device(request.device());
    let pair = match sessions.open(ticket, &open).await {
        Err(error) if error.kind() == SessionErrorKind::LoggedOutMeanwhile => {
            return Err(Refusal::WrongCredentials);
        }
        result => result?,
    };
    let tokens = Tokens {
        access: &pair.access,
        refresh: pair.refresh.as_ref().map(|refresh| refresh.token()),
        scope: Some(&pair.scope).filter(|scope| !scope.is_empty()),
    };
    Ok(tokens.respond(&route.output, sessions.issuer().clock().now()))
}

/// What a login says.
struct Form {
    name: SecretString,
    secret: SecretString,
    scope: Option<ScopeSet>,
    client: Option<Client>,
}

impl Form {
    fn read(route: &LoginRoute, request: &Incoming) -> Result<Self, Refusal> {
        let Some(grant_type) = route.grant_type else {
            let wanted = [route.name.clone(), route.secret.clone()];
            let mut fields = request.fields(route.encoding, &wanted)?;
            return Ok(Self {
                name: fields.require(&route.name)?,
                secret: fields.require(&route.secret)?,
                scope: None,
                client: None,
            });
        };
        let (mut fields, scope, client) =
            oauth_fields(request, grant_type, &[&route.name, &route.secret])?;
        Ok(Self {
            name: fields.require(&route.name)?,
            secret: fields.require(&route.secret)?,
            scope,
            client,
        })
    }
}

/// The form of an OAuth token endpoint: its scope and client, and the fields
/// of its grant type.
pub(super) fn oauth_fields(
    request: &Incoming,
    grant_type: &str,
    others: &[&Name],
) -> Result<(Fields, Option<ScopeSet>, Option<Client>), Refusal> {
    let mut wanted = vec![GRANT_TYPE, SCOPE, CLIENT_ID, CLIENT_SECRET];
    wanted.extend(others.iter().copied().cloned());
    let mut fields = request.fields(crate::endpoint::input::Encoding::Form, &wanted)?;
    if fields.require(&GRANT_TYPE)?.expose() != grant_type {
        return Err(Refusal::GrantType);
    }
    let scope = match fields.take(&SCOPE) {
        Some(text) => Some(text.expose().parse().map_err(|_| Refusal::Scope)?),
        None => None,
    };
    let client = Client::of(request, Some(&mut fields))?;
    Ok((fields, scope, client))
}
