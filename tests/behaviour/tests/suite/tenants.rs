//! The tenant of a path is the token's.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, insufficient_role, missing, passes},
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{guard::Authenticator, policy::Policy, verify::TokenCache};
use serde::Deserialize;

use crate::protected::{get, mint, token, with_cache};

#[derive(Clone, Deserialize)]
struct Member {
    tenant: String,
}

/// `/tenants/{tenant}/…`
fn own_tenant() -> Policy {
    Policy::request(|token, head| {
        let tenant = head.target().segment(1);
        let member = token.claims::<Member>();
        member.is_ok_and(|member| tenant.is_some_and(|tenant| tenant == member.tenant))
    })
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let guard = || Authenticator::new(builder().build().unwrap());
    Site::new()
        .route(
            "/tenants/north/layer",
            guard().require(own_tenant()),
            Handler::Claims,
        )
        .route(
            "/tenants/north/extractor",
            Guard::extractor(guard().require(own_tenant())),
            Handler::Claims,
        )
        .route(
            "/tenants/north/inner",
            Guard::inner(guard(), own_tenant()),
            Handler::Claims,
        )
}

#[test]
fn nobody_sees_the_tenant_next_door() {
    let of = |path: &str, tenant: &str| -> Request {
        get(path).authorization(token().claim("tenant", tenant).bearer())
    };
    let refused = || insufficient_role().reason("RequestRefused");
    let mut cases = Vec::new();
    for end in ["layer", "extractor", "inner"] {
        let path = format!("/tenants/north/{end}");
        let case =
            |name: &str, request, expected| Case::new(format!("{name}, {end}"), request, expected);
        let none = get(&path).authorization(token().bearer());
        let number = get(&path).authorization(token().claim("tenant", 1).bearer());
        let query = of(&format!("{path}?tenant=south"), "south");
        cases.extend([
            case("one's own", of(&path, "north"), passes()),
            case("another's", of(&path, "south"), refused()),
            case("in upper case", of(&path, "North"), refused()),
            case("another's, in the query", query, refused()),
            case("no tenant", none, refused()),
            case("a number", number, refused()),
            case("nobody", get(&path), missing()),
        ]);
    }
    everywhere().run(&cases);
}
