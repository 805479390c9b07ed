//! What a service publishes about itself, and the challenges that lead there.

use std::sync::OnceLock;

use behaviour::{
    backend::{Backend, People},
    case::{
        Case, Expected, insufficient_scope, invalid_request, invalid_token, missing, passes, status,
    },
    client::Request,
    run::{Everywhere, block_on},
    site::{Guard, Handler, Site},
};
use portcullis::{
    endpoint::{Discovery, Endpoints, PasswordGrantApi, ResourceMetadata},
    guard::Authenticator,
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, decode_segment},
    policy::Policy,
    session::{Sessions, refresh::RefreshKeys},
};
use portcullis_testing::keys;
use serde_json::{Value, json};

use crate::protected::{get, mint, token};

const ISSUER: &str = "https://site.test/realms/main";
const AT: &str = "https://site.test/.well-known/oauth-protected-resource/mcp";

const KEYS: &str = "/.well-known/jwks.json";
const OAUTH: &str = "/.well-known/oauth-authorization-server/realms/main";
const OPEN_ID: &str = "/realms/main/.well-known/openid-configuration";
const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";

fn resource() -> ResourceMetadata {
    ResourceMetadata::new("https://site.test/mcp")
        .and_then(|resource| resource.authorization_server(ISSUER))
        .unwrap()
        .scopes(&"read write".parse().unwrap())
        .name("Site")
}

fn endpoints() -> Endpoints {
    let backend = Backend::new();
    let issuer = TokenIssuer::builder(keys::signing(Algorithm::Ed25519).with_key_id("a"))
        .shape(TokenShape::password_grant())
        .issuer(ISSUER)
        .audience("https://site.test/mcp")
        .clock(backend.clock.shared())
        .build()
        .unwrap();
    let sessions = Sessions::builder(backend.session.revocations().clone(), issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .build()
        .unwrap();
    let discovery = Discovery::new(ISSUER).unwrap().open_id();
    Endpoints::builder(People::default())
        .password_grant_api(PasswordGrantApi::new(sessions).token_path("/realms/main/token"))
        .common_routes()
        .discovery(discovery)
        .resource(resource())
        .build()
        .unwrap()
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| {
        let guard = || {
            let verifier = mint().verifier_builder().build().unwrap();
            Authenticator::new(verifier).resource_metadata(resource().url().clone())
        };
        let with_scope = || guard().require(Policy::scope("read").unwrap());
        let site = Site::new()
            .route("/mcp", with_scope(), Handler::Claims)
            .route("/mcp/own", Guard::extractor(with_scope()), Handler::Claims)
            .route("/mcp/any", guard(), Handler::Claims)
            .route("/mcp/typed", guard(), Handler::Typed)
            .route("/mcp/scoped", guard(), Handler::Scoped)
            .route("/mcp/maybe", guard().optional(), Handler::Maybe)
            .route(
                "/mcp/fresh",
                guard().require(Policy::fresh()),
                Handler::Claims,
            )
            .endpoints(endpoints());
        Everywhere::serve(&site)
    })
}

/// RFC 9728 section 5.1, to the byte.
#[test]
fn challenges_name_the_metadata_of_their_resource() {
    let bearer = |text: &str| format!(r#"Bearer realm="api"{text}, resource_metadata="{AT}""#);
    let exactly = |expected: Expected, text: &str| {
        expected
            .param("resource_metadata", AT)
            .field("www-authenticate", &bearer(text))
    };
    let good = token().claim("scope", "read").bearer();
    let other = token().claim("scope", "write").bearer();
    let mut cases = Vec::new();
    for path in ["/mcp", "/mcp/own"] {
        let on = |value: &str| get(path).authorization(value);
        cases.extend([
            Case::new("good", on(&good), passes()),
            Case::new(
                "missing",
                get(path),
                exactly(missing().param("scope", "read"), r#", scope="read""#),
            ),
            Case::new(
                "garbage",
                on("Bearer garbage"),
                exactly(
                    invalid_token().param("scope", "read"),
                    r#", error="invalid_token", scope="read""#,
                ),
            ),
            Case::new(
                "not enough",
                on(&other),
                exactly(
                    insufficient_scope("read"),
                    r#", error="insufficient_scope", scope="read""#,
                ),
            ),
            // What a client did wrong there it cannot get a better token for.
            Case::new("malformed", on("Bearer"), invalid_request()),
        ]);
    }
    let good = |path: &str| get(path).authorization(&good);
    cases.extend([
        Case::new("missing", get("/mcp/any"), exactly(missing(), "")),
        Case::new("absent", get("/mcp/maybe"), passes()),
        Case::new(
            "bad, where none would do",
            get("/mcp/maybe").bearer("garbage"),
            exactly(invalid_token(), r#", error="invalid_token""#),
        ),
        Case::new(
            "not the claims",
            good("/mcp/typed"),
            exactly(invalid_token(), r#", error="invalid_token""#),
        ),
        Case::new(
            "a policy of the handler's own",
            good("/mcp/scoped"),
            exactly(
                insufficient_scope("read write"),
                r#", error="insufficient_scope", scope="read write""#,
            ),
        ),
        Case::new(
            "a login that is too old",
            good("/mcp/fresh"),
            behaviour::case::not_fresh().param("resource_metadata", AT),
        ),
    ]);
    everywhere().run(&cases);
}

#[test]
fn documents_say_what_is_there() {
    let mut issuer = json!({
        "issuer": ISSUER,
        "jwks_uri": "https://site.test/.well-known/jwks.json",
        "token_endpoint": "https://site.test/realms/main/token",
        "grant_types_supported": ["password", "refresh_token"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "response_types_supported": [],
    });
    let found = |json: Value| {
        status(200)
            .field("cache-control", "public, max-age=300")
            .field("access-control-allow-origin", "*")
            .no_field("pragma")
            .json(json)
    };
    let mut cases = vec![
        Case::new("RFC 8414", get(OAUTH), found(issuer.clone())),
        Case::new(
            "RFC 9728",
            get(RESOURCE),
            found(json!({
                "resource": "https://site.test/mcp",
                "authorization_servers": [ISSUER],
                "bearer_methods_supported": ["header"],
                "resource_name": "Site",
                "scopes_supported": ["read", "write"],
            })),
        ),
    ];
    issuer["subject_types_supported"] = json!(["public"]);
    issuer["id_token_signing_alg_values_supported"] = json!(["EdDSA"]);
    cases.push(Case::new("OpenID", get(OPEN_ID), found(issuer)));
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/realms/main",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp/",
        "/mcp/.well-known/oauth-protected-resource",
    ] {
        cases.push(Case::new("another place", get(path), status(404)));
    }
    for path in [OAUTH, OPEN_ID, RESOURCE, KEYS] {
        let post = Request::new("POST", path);
        let refused = status(405).field("allow", "GET, HEAD");
        cases.push(Case::new("POST", post, refused));
        // Nobody needs to say who they are, and nobody is refused for it.
        let known = get(path).bearer("garbage");
        cases.push(Case::new("with a token", known, status(200)));
    }
    everywhere().run(&cases);
}

/// RFC 9110 sections 13.1.2 and 15.4.5.
#[test]
fn documents_that_are_there_already_are_not_sent_again() {
    let mut cases = Vec::new();
    for path in [KEYS, OAUTH, OPEN_ID, RESOURCE] {
        let whole = block_on(everywhere().same(&get(path)));
        let tag = whole.field("etag").unwrap();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 40);
        let length = whole.body.len().to_string();
        let is_same = || {
            status(304)
                .field("etag", &tag)
                .field("cache-control", "public, max-age=300")
                .no_field("content-type")
                .no_field("transfer-encoding")
                .body("")
        };
        let is_sent = || {
            status(200)
                .field("etag", &tag)
                .field("content-type", &whole.field("content-type").unwrap())
        };
        let asking =
            |method: &str, value: &str| Request::new(method, path).field("If-None-Match", value);
        let weak = format!("\"x\", W/{tag}");
        for value in [tag.as_str(), weak.as_str(), "*"] {
            let get = is_same().no_field("content-length");
            cases.push(Case::new("the same", asking("GET", value), get));
            // RFC 9110 section 8.6.
            let head = is_same().field("content-length", &length);
            cases.push(Case::new("the same", asking("HEAD", value), head));
        }
        for value in ["\"x\"", "", tag.trim_matches('"'), "W/", "\""] {
            let sent = is_sent().body(&whole.body);
            cases.push(Case::new("another", asking("GET", value), sent));
            let head = is_sent().field("content-length", &length).without_body();
            cases.push(Case::new("another", asking("HEAD", value), head));
        }
        let split = asking("GET", "\"x\"").field("If-None-Match", &tag);
        cases.push(Case::new("in a field of its own", split, is_same()));
    }
    everywhere().run(&cases);
}

/// The name of Ed25519 that every verifier knows (RFC 8037).
#[test]
fn the_key_set_names_what_the_tokens_name() {
    let key = block_on(everywhere().same(&get(KEYS))).json()["keys"][0].clone();
    assert_eq!((&key["alg"], &key["kid"]), (&json!("EdDSA"), &json!("a")));
    let form = "grant_type=password&username=alice&password=wonder+land";
    let login = Request::new("POST", "/realms/main/token").form(form);
    for server in everywhere().servers() {
        let answer = block_on(behaviour::run::exchange(server, &login));
        assert_eq!(answer.status, 200, "{answer:?}");
        let token = answer.text_at("/access_token");
        let header = token.split('.').next().unwrap();
        let mut json = Vec::new();
        decode_segment(header.as_bytes(), &mut json).unwrap();
        let header: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&key["alg"], &key["kid"]));
    }
}
