//! What is published: the key set, discovery, the metadata of resources.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::fixture::{People, Server};
use crate::{
    challenge::MetadataUrl,
    endpoint::{
        ApiKeyApi, Discovery, Endpoints, EndpointsBuilder, PasswordGrantApi, ResourceMetadata,
    },
    issue::{SigningKeys, TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{DynSessionStore, MemoryStore, Revocations, Sessions, refresh::RefreshKeys},
    time::SharedClock,
    verify::Verifier,
};

const ISSUER: &str = "https://login.example";

/// Sessions of an issuer of this name.
pub(super) async fn sessions(issuer: &str, key: impl Into<SigningKeys>) -> Sessions {
    let server = Server::new().await;
    let issuer = TokenIssuer::builder(key)
        .shape(TokenShape::password_grant())
        .issuer(issuer)
        .audience("https://api.example")
        .build()
        .unwrap();
    Sessions::builder(server.session.revocations().clone(), issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .build()
        .unwrap()
}

/// A token endpoint of this issuer and the common routes.
async fn builder(issuer: &str) -> EndpointsBuilder {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let sessions = sessions(issuer, key).await;
    Endpoints::builder(People::default())
        .password_grant_api(PasswordGrantApi::new(sessions).token_path("/oauth/token"))
        .common_routes()
}

async fn get(endpoints: &Endpoints, path: &str) -> Response<Bytes> {
    let request = Request::get(path).body(Bytes::new()).unwrap();
    endpoints.call(request).await
}

async fn document(endpoints: &Endpoints, path: &str) -> Value {
    let answer = get(endpoints, path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_slice(answer.body()).unwrap()
}

fn paths(endpoints: &Endpoints) -> Vec<&str> {
    let well_known = |path: &&str| path.contains("/.well-known/o");
    endpoints.paths().filter(well_known).collect()
}

#[tokio::test]
async fn an_issuer_says_where_its_endpoints_are() {
    let discovery = Discovery::new(ISSUER).unwrap().open_id();
    let endpoints = builder(ISSUER).await.discovery(discovery).build().unwrap();
    let found = document(&endpoints, "/.well-known/oauth-authorization-server").await;
    let mut expected = json!({
        "issuer": ISSUER,
        "jwks_uri": "https://login.example/.well-known/jwks.json",
        "token_endpoint": "https://login.example/oauth/token",
        "grant_types_supported": ["password", "refresh_token"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "response_types_supported": [],
    });
    assert_eq!(found, expected);
    let found = document(&endpoints, "/.well-known/openid-configuration").await;
    expected["subject_types_supported"] = json!(["public"]);
    expected["id_token_signing_alg_values_supported"] = json!(["EdDSA"]);
    assert_eq!(found, expected);
}

/// The header of a token, the key set and the discovery document agree on the
/// name of the algorithm.
#[tokio::test]
async fn an_algorithm_has_one_name_everywhere() {
    for (is_older, name) in [(true, "EdDSA"), (false, "Ed25519")] {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let key = key.use_eddsa_name(is_older);
        let header: Value = serde_json::from_str(&key.header_json(None)).unwrap();
        assert_eq!(header["alg"], name);
        let endpoints = Endpoints::builder(People::default())
            .password_grant_api(PasswordGrantApi::new(sessions(ISSUER, key).await))
            .common_routes()
            .discovery(Discovery::new(ISSUER).unwrap().open_id())
            .build()
            .unwrap();
        let keys = get(&endpoints, "/.well-known/jwks.json").await;
        let keys: Value = serde_json::from_slice(keys.body()).unwrap();
        assert_eq!(keys["keys"][0]["alg"], name);
        let found = document(&endpoints, "/.well-known/openid-configuration").await;
        assert_eq!(
            found["id_token_signing_alg_values_supported"],
            json!([name])
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_told_of() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let sessions = sessions(ISSUER, key).await;
    let discovery = || Discovery::new(ISSUER).unwrap();
    let without =
        || Endpoints::builder(People::default()).api_key_api(ApiKeyApi::new(sessions.clone()));
    let endpoints = without().discovery(discovery()).build().unwrap();
    assert_eq!(
        document(&endpoints, "/.well-known/oauth-authorization-server").await,
        json!({"issuer": ISSUER, "grant_types_supported": [], "response_types_supported": []})
    );
    assert_eq!(
        paths(&endpoints),
        ["/.well-known/oauth-authorization-server"]
    );
    let error = without().discovery(discovery().open_id()).build();
    assert!(error.unwrap_err().to_string().contains("key set"));
    let elsewhere = discovery()
        .open_id()
        .member("jwks_uri", "https://cdn.example/keys")
        .unwrap();
    let endpoints = without().discovery(elsewhere).build().unwrap();
    let found = document(&endpoints, "/.well-known/openid-configuration").await;
    assert_eq!(found["jwks_uri"], "https://cdn.example/keys");

    // By default each form has a path of its own: the first is that of logins.
    let endpoints = Endpoints::builder(People::default())
        .password_grant_api(PasswordGrantApi::new(sessions))
        .discovery(discovery())
        .build()
        .unwrap();
    let found = document(&endpoints, "/.well-known/oauth-authorization-server").await;
    assert_eq!(
        found["token_endpoint"],
        "https://login.example/auth/jwt/login"
    );
    assert_eq!(found["grant_types_supported"], json!(["password"]));
}

#[tokio::test]
async fn an_application_adds_what_it_has_itself() {
    let discovery = Discovery::new(ISSUER)
        .unwrap()
        .scopes(&"read write".parse().unwrap())
        .member("authorization_endpoint", "https://login.example/authorize")
        .unwrap()
        .member("response_types_supported", json!(["code"]))
        .unwrap();
    assert_eq!(discovery.issuer(), ISSUER);
    assert!(
        discovery
            .clone()
            .member("issuer", "https://evil.example")
            .is_err()
    );
    let endpoints = builder(ISSUER).await.discovery(discovery).build().unwrap();
    let found = document(&endpoints, "/.well-known/oauth-authorization-server").await;
    assert_eq!(
        found["authorization_endpoint"],
        "https://login.example/authorize"
    );
    assert_eq!(found["response_types_supported"], json!(["code"]));
    assert_eq!(found["scopes_supported"], json!(["read", "write"]));
    assert_eq!(found["issuer"], ISSUER);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_documents_where_others_look() {
    for slash in ["", "/"] {
        let issuer = format!("https://login.example/realms/main{slash}");
        let discovery = Discovery::new(&issuer).unwrap().open_id();
        let endpoints = builder(&issuer).await.discovery(discovery).build().unwrap();
        let places = [
            "/.well-known/oauth-authorization-server/realms/main",
            "/realms/main/.well-known/openid-configuration",
        ];
        assert_eq!(paths(&endpoints), places);
        for path in places {
            let found = document(&endpoints, path).await;
            // To the character: a slash belongs to the name.
            assert_eq!(found["issuer"], issuer);
            assert_eq!(found["token_endpoint"], "https://login.example/oauth/token");
        }
        assert_eq!(paths(&endpoints.outside_mount()), [""; 0]);
    }
}

#[tokio::test]
async fn mounted_endpoints_know_their_places_from_outside() {
    let issuer = "https://login.example/auth";
    for mount in ["/auth", "/auth/"] {
        let endpoints = builder(issuer)
            .await
            .discovery(Discovery::new(issuer).unwrap().open_id())
            .resource(ResourceMetadata::new("https://login.example/auth/api").unwrap())
            .mounted_at(mount)
            .build()
            .unwrap();
        let found = document(&endpoints, "/.well-known/openid-configuration").await;
        assert_eq!(
            found["jwks_uri"],
            "https://login.example/auth/.well-known/jwks.json"
        );
        assert_eq!(
            found["token_endpoint"],
            "https://login.example/auth/oauth/token"
        );
        let outside = endpoints.outside_mount();
        let places = [
            "/.well-known/oauth-authorization-server/auth",
            "/.well-known/oauth-protected-resource/auth/api",
        ];
        assert_eq!(outside.paths().collect::<Vec<_>>(), places);
        for path in places {
            document(&outside, path).await;
            assert!(endpoints.matches(path));
        }
        assert_eq!(get(&outside, "/oauth/token").await.status(), 404);
    }
    // A path that only begins alike is another one.
    let issuer = "https://login.example/authority";
    let endpoints = builder(issuer)
        .await
        .discovery(Discovery::new(issuer).unwrap().open_id())
        .mounted_at("/auth")
        .build()
        .unwrap();
    assert!(endpoints.matches("/authority/.well-known/openid-configuration"));
    for bad in ["auth", "/a b", "/{auth}"] {
        let error = builder(ISSUER).await.mounted_at(bad).build().unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }
}

#[tokio::test]
async fn a_document_is_of_an_issuer_that_is_there() {
    for other in [
        "https://login.example/",
        "https://other.example",
        "https://login.example:443",
    ] {
        let discovery = Discovery::new(other).unwrap();
        let error = builder(ISSUER).await.discovery(discovery).build();
        let error = error.unwrap_err().to_string();
        assert!(error.contains(other), "{error}");
    }
    for bad in [
        "http://login.example",
        "https://login.example?a",
        "https://login.example/#a",
        "login.example",
    ] {
        let error = Discovery::new(bad).unwrap_err().to_string();
        assert!(error.starts_with("the issuer `"), "{error}");
    }
    assert!(Discovery::new("http://127.0.0.1:8080").is_ok());
    let twice = builder(ISSUER)
        .await
        .discovery(Discovery::new(ISSUER).unwrap())
        .discovery(Discovery::new(ISSUER).unwrap());
    assert!(twice.build().is_err());
}

#[tokio::test]
async fn a_resource_says_who_issues_tokens_for_it() {
    let resource = ResourceMetadata::new("https://api.example/mcp")
        .unwrap()
        .authorization_server("https://login.example")
        .unwrap()
        .authorization_server("https://other.example/realms/main/")
        .unwrap()
        .scopes(&"read write".parse().unwrap())
        .name("The \"API\"")
        .documentation("https://api.example/docs?all#mcp")
        .jwks_uri("https://api.example/own-keys")
        .unwrap()
        .member("resource_name#it", "L'API")
        .unwrap();
    assert!(
        resource
            .clone()
            .member("resource", "https://evil.example")
            .is_err()
    );
    let url = MetadataUrl::of_resource("https://api.example/mcp").unwrap();
    assert_eq!(*resource.url(), url);
    let endpoints = Endpoints::without_accounts()
        .resource(resource)
        .resource(ResourceMetadata::new("https://api.example").unwrap())
        .build()
        .unwrap();
    assert_eq!(
        document(&endpoints, "/.well-known/oauth-protected-resource/mcp").await,
        json!({
            "resource": "https://api.example/mcp",
            "authorization_servers":
                ["https://login.example", "https://other.example/realms/main/"],
            "bearer_methods_supported": ["header"],
            "jwks_uri": "https://api.example/own-keys",
            "resource_documentation": "https://api.example/docs?all#mcp",
            "resource_name": "The \"API\"",
            "resource_name#it": "L'API",
            "scopes_supported": ["read", "write"],
        })
    );
    assert_eq!(
        document(&endpoints, "/.well-known/oauth-protected-resource").await,
        json!({"resource": "https://api.example", "bearer_methods_supported": ["header"]})
    );
    for bad in ["http://api.example", "https://api.example/?q", "/mcp"] {
        let error = ResourceMetadata::new(bad).unwrap_err().to_string();
        assert!(error.starts_with("the resource `"), "{error}");
        let good = ResourceMetadata::new("https://api.example").unwrap();
        let error = good.authorization_server(bad).unwrap_err().to_string();
        assert!(error.starts_with("the authorization server `"), "{error}");
    }
}

/// RFC 9728 section 3.1 keeps a slash at the end, and there are clients that do
/// not.
#[tokio::test]
async fn a_slash_at_the_end_of_a_resource_is_no_obstacle() {
    let resource = ResourceMetadata::new("https://api.example/mcp/").unwrap();
    assert!(resource.url().as_str().ends_with("/mcp/"));
    let endpoints = Endpoints::without_accounts().resource(resource).build();
    let endpoints = endpoints.unwrap();
    for path in ["", "/"] {
        let path = format!("/.well-known/oauth-protected-resource/mcp{path}");
        let found = document(&endpoints, &path).await;
        assert_eq!(found["resource"], "https://api.example/mcp/");
    }
    let root = ResourceMetadata::new("https://api.example/").unwrap();
    let endpoints = Endpoints::without_accounts().resource(root).build();
    assert_eq!(
        endpoints.unwrap().paths().collect::<Vec<_>>(),
        ["/.well-known/oauth-protected-resource"]
    );
}

#[tokio::test]
async fn endpoints_without_accounts_have_no_others() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let api = ApiKeyApi::new(sessions(ISSUER, key).await);
    let resource = || ResourceMetadata::new("https://api.example").unwrap();
    for builder in [
        Endpoints::without_accounts(),
        Endpoints::without_accounts()
            .resource(resource())
            .api_key_api(api),
        Endpoints::without_accounts()
            .resource(resource())
            .common_routes(),
        Endpoints::without_accounts().discovery(Discovery::new(ISSUER).unwrap()),
        Endpoints::builder(People::default()),
    ] {
        assert!(builder.build().is_err());
    }
}

#[test]
fn a_provider_may_tell_of_log_outs_where_there_is_no_api() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let verifier = Verifier::builder()
        .keys(key.verifying_key())
        .issuer(ISSUER)
        .audience("client")
        .build_for_logout();
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(900));
    let endpoints = Endpoints::without_accounts()
        .backchannel_logout("/logout", verifier.unwrap(), revocations)
        .build()
        .unwrap();
    assert_eq!(endpoints.paths().collect::<Vec<_>>(), ["/logout"]);
}

#[tokio::test]
async fn documents_are_kept_for_as_long_as_is_said() {
    let endpoints = builder(ISSUER)
        .await
        .discovery(Discovery::new(ISSUER).unwrap().open_id())
        .resource(ResourceMetadata::new("https://login.example").unwrap())
        .documents_max_age(Duration::from_secs(60))
        .build()
        .unwrap();
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource",
    ] {
        let answer = get(&endpoints, path).await;
        assert_eq!(answer.headers()["cache-control"], "public, max-age=60");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let tag = answer.headers()["etag"].clone();
        for method in ["GET", "HEAD"] {
            let request = |value: &[u8]| {
                Request::builder()
                    .method(method)
                    .uri(path)
                    .header("if-none-match", "\"other\"")
                    .header("if-none-match", value)
                    .body(Bytes::new())
                    .unwrap()
            };
            let same = endpoints.call(request(tag.as_bytes())).await;
            assert_eq!(same.status(), 304, "{method} {path}");
            assert!(same.body().is_empty());
            assert_eq!(same.headers()["etag"], tag);
            assert_eq!(same.headers()["cache-control"], "public, max-age=60");
            assert!(!same.headers().contains_key("content-type"));
            // That of the whole, where servers would write one of their own.
            let length = same.headers().get("content-length");
            let length = length.map(|length| length.to_str().unwrap().to_owned());
            let whole = (method == "HEAD").then(|| answer.body().len().to_string());
            assert_eq!(length, whole, "{method} {path}");
            let whole = endpoints.call(request(b"\"another\"")).await;
            assert_eq!(whole.status(), 200);
            assert_eq!(whole.headers()["etag"], tag);
        }
    }
}
