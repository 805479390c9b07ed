//! OAuth token endpoints (RFC 6749 section 3.2).

use bytes::Bytes;
use http::Response;

use super::{
    client::{CLIENT_ID, CLIENT_SECRET, Client},
    login::{Credentials, log_in},
    refresh::{Exchange, exchange},
    services::Services,
};
use crate::endpoint::{
    incoming::Incoming,
    input::Encoding,
    name::Name,
    refusal::Refusal,
    route::{Grant, TokenRoute},
};

const GRANT_TYPE: Name = Name::Borrowed("grant_type");
const SCOPE: Name = Name::Borrowed("scope");

/// One of the endpoint's grants for tokens: `grant_type` says which.
pub(super) async fn token(
    services: &Services,
    route: &TokenRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let mut fields = request.fields(Encoding::Form, &wanted(&route.grants))?;
    let grant_type = fields.require(&GRANT_TYPE)?;
    let mut grants = route.grants.iter();
    let grant = grants.find(|grant| grant.grant_type() == grant_type.expose());
    let grant = grant.ok_or(Refusal::GrantType)?;
    let scope = match fields.take(&SCOPE) {
        Some(text) => Some(text.expose().parse().map_err(|_| Refusal::Scope)?),
        None => None,
    };
    let client = Client::of(request, Some(&mut fields))?;
    let sessions = &route.sessions;
    let tokens = match grant {
        Grant::Password => {
            let credentials = Credentials {
                name: fields.require(&Grant::USERNAME)?,
                secret: fields.require(&Grant::PASSWORD)?,
                scope: scope.unwrap_or_default(),
                client,
                refresh_token_limit: usize::MAX,
            };
            log_in(services, sessions, request, credentials).await?
        }
        Grant::RefreshToken => {
            let token = fields.require(&Grant::REFRESH_TOKEN)?;
            let asked = Exchange {
                token: token.expose().as_bytes(),
                scope,
                client,
                with_clients: true,
            };
            exchange(services, sessions, request, asked).await?
        }
    };
    Ok(tokens.respond(&route.output, sessions))
}

/// The fields of every request for a token, and those of the grants.
fn wanted(grants: &[Grant]) -> Vec<Name> {
    let mut wanted = vec![GRANT_TYPE, SCOPE, CLIENT_ID, CLIENT_SECRET];
    wanted.extend(grants.iter().flat_map(|grant| grant.fields()).cloned());
    wanted
}
