//! The three reference APIs in one server.

use std::{collections::BTreeSet, time::Duration};

use portcullis::{
    ConfigError,
    claims::ScopeSet,
    cookies::SessionCookies,
    credentials::TokenSource,
    endpoint::{
        ApiKeyApi, CookieApi, Discovery, Endpoints, PasswordGrantApi, ResourceMetadata, SessionApi,
    },
    guard::Authenticator,
    issue::{TokenIssuer, TokenShape},
    policy::{Policy, RequiredScopes},
    session::{
        Maintenance, Revocations, RotationMode, RotationRules, Sessions, refresh::RefreshKeys,
    },
    time::SharedClock,
    verify::Verifier,
};

use crate::{
    accounts::DemoAccounts,
    cli::{Lifetimes, Options},
    cookies, entra,
    keys::DemoKeys,
    replies::DemoRead,
    trust,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long it is kept from where somebody refreshes, and with what.
const DEVICES: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long each API's tokens and sessions live.
#[derive(Clone, Copy, Debug)]
struct Ttls {
    session_access: Duration,
    password_grant_access: Duration,
    api_key_access: Duration,
    refresh: Duration,
    session_session: Duration,
    password_grant_session: Duration,
}

impl Ttls {
    fn of(lifetimes: &Lifetimes) -> Self {
        let refresh = lifetimes.refresh.unwrap_or(30 * DAY);
        Self {
            session_access: lifetimes.access.unwrap_or(15 * MINUTE),
            password_grant_access: lifetimes.access.unwrap_or(HOUR),
            api_key_access: lifetimes.api_key.unwrap_or(30 * MINUTE),
            refresh,
            // Its refresh token stays the same, and so does its end.
            session_session: lifetimes.session.unwrap_or(refresh),
            password_grant_session: lifetimes.session.unwrap_or(90 * DAY),
        }
    }
}

/// How long a revocation matters: as long as the longest-lived access token,
/// and what verifiers forgive.
pub(crate) fn revocations_matter_for(lifetimes: &Lifetimes) -> Duration {
    let ttls = Ttls::of(lifetimes);
    ttls.session_access
        .max(ttls.password_grant_access)
        .max(ttls.api_key_access)
        .saturating_add(5 * MINUTE)
}

/// Who may pass where.
#[derive(Clone, Debug)]
pub struct Guards {
    /// Any access token of any of the APIs, or of an issuer that is trusted; in the
    /// cookie of a page, too, if there are cookies.
    pub any: Authenticator,
    /// The same, or in the query, if that is switched on.
    pub me: Authenticator,
    /// The same, or no credentials at all.
    pub optional: Authenticator,
    /// Access tokens of the session API.
    pub session: Authenticator,
    /// Those that a login gave.
    pub fresh: Authenticator,
    /// Access tokens of the API-key API.
    pub api_key: Authenticator,
}

/// The endpoints and the guards of the three APIs, and what keeps their store small.
pub(crate) fn build(
    options: &Options,
    keys: &DemoKeys,
    accounts: DemoAccounts,
    cookies: Option<SessionCookies>,
    revocations: &Revocations,
    trusted_by_file: Option<Verifier>,
    clock: &SharedClock,
) -> Result<(Endpoints, Guards, Maintenance), ConfigError> {
    let lifetimes = &options.lifetimes;
    let ttls = Ttls::of(lifetimes);
    let rules = RotationRules::with_grace(lifetimes.grace);
    let issuer = |shape, access_ttl| {
        TokenIssuer::builder(keys.signing.clone())
            .shape(shape)
            .access_ttl(access_ttl)
            .clock(clock.clone())
    };
    let with_refresh = |issuer: TokenIssuer, session_ttl| {
        Sessions::builder(revocations.clone(), issuer)
            .refresh_keys(RefreshKeys::clone(&keys.refresh))
            .refresh_ttl(ttls.refresh)
            .session_ttl(session_ttl)
            .rules(rules)
            .device_retention(DEVICES)
    };

    let session_issuer = issuer(TokenShape::session(), ttls.session_access).build()?;
    let session = with_refresh(session_issuer, ttls.session_session)
        .mode(RotationMode::Keep)
        .build()?;
    let api_key_issuer = issuer(TokenShape::api_key(), ttls.api_key_access)
        .issuer("https://demo.portcullis.example")
        .audience("ApiId")
        .build()?;
    let api_key = Sessions::builder(revocations.clone(), api_key_issuer)
        .session_ttl(ttls.api_key_access)
        .build()?;
    let password_grant_issuer = issuer(TokenShape::password_grant(), ttls.password_grant_access)
        .audience("fastapi-users:auth");
    let password_grant_issuer = match &options.issuer {
        Some(name) => password_grant_issuer.issuer(name.as_str()),
        None => password_grant_issuer,
    }
    .build()?;
    let password_grant =
        with_refresh(password_grant_issuer, ttls.password_grant_session).build()?;

    let maintenance = password_grant.maintenance();
    let mut trusted = trust::verifiers(&options.trusted, clock)?;
    trusted.extend(trusted_by_file);
    let mut guards = guards(&session, &api_key, &password_grant, trusted)?;
    let mut sources = vec![TokenSource::bearer()];
    if let Some(cookies) = &cookies {
        sources.push(cookies.token_source());
    }
    guards.any = guards.any.token_sources(sources.clone());
    guards.optional = guards.optional.token_sources(sources.clone());
    if options.query_token {
        sources.push(TokenSource::query("access_token")?);
    }
    guards.me = guards.me.token_sources(sources);
    let session_api = SessionApi::new(session);
    let session_api = match &options.entra {
        Some(tenant) => session_api.single_sign_on(entra::single_sign_on(tenant, clock)?),
        None => session_api,
    };
    let cookie_api =
        cookies.map(|cookies| CookieApi::new(password_grant.clone(), cookies).path(cookies::PATH));
    let endpoints = Endpoints::builder(accounts)
        .session_api(session_api)
        .api_key_api(ApiKeyApi::new(api_key))
        .password_grant_api(PasswordGrantApi::new(password_grant))
        .common_routes();
    let endpoints = match cookie_api {
        Some(api) => endpoints.cookie_api(api),
        None => endpoints,
    };
    let endpoints = match &options.issuer {
        Some(name) => endpoints.discovery(Discovery::new(name)?.open_id()),
        None => endpoints,
    };
    let endpoints = match resource(options)? {
        Some(resource) => {
            guards.any = guards.any.resource_metadata(resource.url().clone());
            guards.me = guards.me.resource_metadata(resource.url().clone());
            guards.optional = guards.optional.resource_metadata(resource.url().clone());
            endpoints.resource(resource)
        }
        None => endpoints,
    };
    Ok((endpoints.build()?, guards, maintenance))
}

/// What clients are told who want a token of one of the trusted issuers.
fn resource(options: &Options) -> Result<Option<ResourceMetadata>, ConfigError> {
    let Some(name) = &options.resource else {
        return Ok(None);
    };
    let scopes = ScopeSet::from_tokens(DemoRead::SCOPES.iter().copied())
        .map_err(|error| ConfigError::new(error.to_string()))?;
    let mut resource = ResourceMetadata::new(name)?.scopes(&scopes);
    let issuers: BTreeSet<_> = options.trusted.iter().map(|one| &one.issuer).collect();
    for issuer in issuers {
        resource = resource.authorization_server(issuer)?;
    }
    Ok(Some(resource))
}

fn guards(
    session: &Sessions,
    api_key: &Sessions,
    password_grant: &Sessions,
    trusted: Vec<Verifier>,
) -> Result<Guards, ConfigError> {
    let session = session.verifier().build()?;
    let api_key = api_key.verifier().build()?;
    let password_grant = password_grant.verifier().build()?;
    let own = [session.clone(), api_key.clone(), password_grant];
    let any = Verifier::combine(own.into_iter().chain(trusted))?;
    Ok(Guards {
        any: Authenticator::new(any.clone()),
        me: Authenticator::new(any.clone()),
        optional: Authenticator::new(any).optional(),
        fresh: Authenticator::new(session.clone()).require(Policy::fresh()),
        session: Authenticator::new(session),
        api_key: Authenticator::new(api_key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn each_api_has_its_own_lifetimes() {
        let ttls = Ttls::of(&cli::defaults().lifetimes);
        assert_eq!(ttls.session_access, 15 * MINUTE);
        assert_eq!(ttls.password_grant_access, HOUR);
        assert_eq!(ttls.api_key_access, 30 * MINUTE);
        assert_eq!(ttls.refresh, 30 * DAY);
        assert_eq!(ttls.session_session, 30 * DAY);
        assert_eq!(ttls.password_grant_session, 90 * DAY);
    }

    #[test]
    fn given_lifetimes_go_first() {
        let words = [
            "--access-ttl=2h",
            "--refresh-ttl=3d",
            "--api-key-ttl=4h",
            "--session-ttl=5d",
        ];
        let lifetimes = cli::from_words(&words).lifetimes;
        let ttls = Ttls::of(&lifetimes);
        assert_eq!(
            (ttls.session_access, ttls.password_grant_access),
            (2 * HOUR, 2 * HOUR)
        );
        assert_eq!(ttls.api_key_access, 4 * HOUR);
        assert_eq!(ttls.refresh, 3 * DAY);
        assert_eq!(
            (ttls.session_session, ttls.password_grant_session),
            (5 * DAY, 5 * DAY)
        );
        assert!(revocations_matter_for(&lifetimes) > 4 * HOUR);
    }
}
