//! The site with protected routes that most tables share.
//!
//! Its clock stands, so that a case can be exact to the second.

use std::{sync::OnceLock, time::Duration};

use behaviour::{
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    challenge::{Realm, RejectionBody},
    guard::Authenticator,
    policy::Policy,
    verify::{Ready, TokenCache, VerifierBuilder, VerifyError},
};
use portcullis_testing::{
    clock::FakeClock,
    mint::{Draft, Mint},
};

/// The mint that the site trusts.
pub(crate) fn mint() -> Mint {
    Mint::new().clock(FakeClock::new().shared())
}

/// A good token for the site.
pub(crate) fn token() -> Draft {
    mint().token("alice")
}

/// A good token of the shape that tells fresh tokens.
pub(crate) fn session_token(fresh: bool) -> Draft {
    token()
        .header("typ", "JWT")
        .claim("identity", "alice")
        .claim("type", "access")
        .claim("fresh", fresh)
}

/// GET without credentials.
pub(crate) fn get(path: &str) -> Request {
    Request::new("GET", path)
}

/// The site on every adapter, started once.
pub(crate) fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

/// The verifier, with a cache where there is one.
pub(crate) fn with_cache(
    builder: VerifierBuilder<Ready, Ready, Ready>,
    cache: &Option<TokenCache>,
) -> VerifierBuilder<Ready, Ready, Ready> {
    match cache {
        Some(cache) => builder.cache(cache.clone()),
        None => builder,
    }
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let guard_of = |builder: VerifierBuilder<_, _, _>| Authenticator::new(builder.build().unwrap());
    let guard = || guard_of(builder());
    let with = |policy| guard().require(policy);
    let session = || {
        let builder = builder().subject_claim("identity");
        builder.kind_claim("type", "access").fresh_claim("fresh")
    };
    let fresh = || guard_of(session()).require(Policy::fresh());
    let scope = |name| Policy::scope(name).unwrap();
    let admin = || Policy::role("realm_access.roles", "admin");
    Site::new()
        .route("/claims", guard(), Handler::Claims)
        .route("/maybe", guard().optional(), Handler::Maybe)
        .route("/typed", guard(), Handler::Typed)
        .route("/maybe/claims", guard().optional(), Handler::Claims)
        .route(
            "/maybe/read",
            with(scope("read")).optional(),
            Handler::Maybe,
        )
        .route(
            "/maybe/read/if-present",
            guard().require_if_present(scope("read")).optional(),
            Handler::Maybe,
        )
        .route("/maybe/scoped", guard().optional(), Handler::Scoped)
        .route(
            "/maybe/scoped/if-present",
            guard().optional(),
            Handler::ScopedIfPresent,
        )
        .route("/echo", guard(), Handler::Echo)
        .route("/open", Guard::Nothing, Handler::Echo)
        .route("/no-layer", Guard::Nothing, Handler::Claims)
        .route("/no-layer/maybe", Guard::Nothing, Handler::Maybe)
        .route("/no-layer/scoped", Guard::Nothing, Handler::Scoped)
        .route("/no-layer/roles", Guard::Nothing, Handler::WithRoles)
        .route("/scoped", guard(), Handler::Scoped)
        .route("/roles", guard(), Handler::WithRoles)
        .route("/maybe/roles", guard().optional(), Handler::WithRoles)
        .route(
            "/maybe/roles/if-present",
            guard().optional(),
            Handler::WithRolesIfPresent,
        )
        .route("/own/roles", Guard::extractor(guard()), Handler::WithRoles)
        .route("/own", Guard::extractor(guard()), Handler::Claims)
        .route(
            "/own/maybe",
            Guard::extractor(guard().optional()),
            Handler::Maybe,
        )
        .route(
            "/own/maybe/read",
            Guard::extractor(with(scope("read"))),
            Handler::Maybe,
        )
        .route("/own/typed", Guard::extractor(guard()), Handler::Typed)
        .route("/own/scoped", Guard::extractor(guard()), Handler::Scoped)
        .route(
            "/own/read",
            Guard::extractor(with(scope("read"))),
            Handler::Claims,
        )
        .route("/raw/bearer", Guard::Nothing, Handler::Bearer)
        .route("/raw/refresh", Guard::Nothing, Handler::Refresh)
        .route("/read", with(scope("read")), Handler::Claims)
        .route(
            "/both",
            with(Policy::all_scopes(["read", "write"]).unwrap()),
            Handler::Claims,
        )
        .route(
            "/either",
            with(Policy::any_scope(["read", "admin"]).unwrap()),
            Handler::Claims,
        )
        .route("/role", with(admin()), Handler::Claims)
        .route(
            "/role/url",
            with(Policy::role(["https://api.test/roles"], "admin")),
            Handler::Claims,
        )
        .route(
            "/combined",
            with(scope("read").and(admin()).or(scope("root"))),
            Handler::Claims,
        )
        .route(
            "/added",
            with(scope("read")).require(scope("write")),
            Handler::Claims,
        )
        .route("/request", with(about_the_request()), Handler::Claims)
        .route(
            "/request/or",
            with(about_the_request().or(scope("read"))),
            Handler::Claims,
        )
        .route(
            "/own/request",
            Guard::extractor(with(about_the_request())),
            Handler::Claims,
        )
        .route("/private", private(guard()), Handler::Claims)
        .route(
            "/private/maybe",
            private(guard()).optional(),
            Handler::Maybe,
        )
        .route("/private/typed", private(guard()), Handler::Typed)
        .route(
            "/own/private",
            Guard::extractor(private(guard())),
            Handler::Claims,
        )
        .route("/nobody", with(Policy::all([])), Handler::Claims)
        .route("/nobody/any", with(Policy::any([])), Handler::Claims)
        .route("/fresh", fresh(), Handler::Claims)
        .route(
            "/fresh/read",
            fresh().require(scope("read")),
            Handler::Claims,
        )
        .route(
            "/custom",
            guard().rejection_body(|refused| {
                let text = format!("status {}", refused.status());
                RejectionBody::new("text/plain", text)
            }),
            Handler::Claims,
        )
        .route(
            "/custom/empty",
            guard().rejection_body(|_| RejectionBody::empty()),
            Handler::Claims,
        )
        .route(
            "/custom/typed",
            guard().rejection_body(|_| {
                RejectionBody::new("application/problem+json", r#"{"title":"no"}"#)
            }),
            Handler::Typed,
        )
        .route(
            "/realm",
            guard().realm(Realm::new(r#"a "b" \ c, Basic realm="d""#).unwrap()),
            Handler::Claims,
        )
        .route(
            "/no-leeway",
            guard_of(builder().leeway(Duration::ZERO)),
            Handler::Claims,
        )
        .route(
            "/max-age",
            guard_of(builder().max_age(Duration::from_secs(600))),
            Handler::Claims,
        )
        .route(
            "/max-lifetime",
            guard_of(builder().max_lifetime(Duration::from_secs(900))),
            Handler::Claims,
        )
        .route("/rfc9068", guard_of(builder().rfc9068()), Handler::Claims)
        .route(
            "/required",
            guard_of(builder().require_claims(["tenant"])),
            Handler::Claims,
        )
        .route(
            "/mobile",
            guard_of(builder().check(|token| match token.client_id() {
                Some("mobile") => Ok(()),
                _ => Err(VerifyError::custom("not the mobile client")),
            })),
            Handler::Claims,
        )
        .route(
            "/bound",
            guard_of(
                builder().binding_checked_by(|bound| match bound.text("kid").as_deref() {
                    Some("our key") => Ok(()),
                    _ => Err(VerifyError::custom("another key")),
                }),
            ),
            Handler::Claims,
        )
        .route(
            "/bound/ignored",
            guard_of(builder().dangerous().ignore_binding()),
            Handler::Claims,
        )
        .route(
            "/large/header",
            guard_of(
                builder()
                    .max_token_size(64 * 1024)
                    .max_header_size(16 * 1024),
            ),
            Handler::Claims,
        )
        .route(
            "/large",
            guard_of(builder().max_token_size(64 * 1024)),
            Handler::Claims,
        )
}

/// A rule over everything that is seen of a request.
fn about_the_request() -> Policy {
    Policy::request(|token, head| {
        head.method() == "GET"
            && head.target().path().ends_with("/request")
            && head.target().query() == Some("a=%31")
            && head.values("x-tenant") == [&b"north"[..], b"south"]
            && head.values("X-Tenant").len() == 2
            && head.values("x-nothing").is_empty()
            && head.peer().is_some_and(|peer| peer.ip().is_loopback())
            && head.client_certificate().is_none()
            && token.subject_name() == Some("alice")
    })
}

/// With headers on every answer.
pub(crate) fn private(guard: Authenticator) -> Authenticator {
    let fields = [
        ("Cache-Control", "private"),
        ("x-guard", "a"),
        // The very same field is written once.
        ("cache-control", "private"),
    ];
    fields.into_iter().fold(guard, |guard, (name, value)| {
        guard.response_header(name, value).unwrap()
    })
}
