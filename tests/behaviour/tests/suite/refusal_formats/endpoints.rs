//! Of endpoints.

use std::time::Duration;

use behaviour::{
    backend::Backend,
    case::{Case, Expected, status},
    client::Request,
    invariants::difference,
    run::{Everywhere, block_on},
    site::Site,
};
use portcullis::{
    challenge::{RefusalCode, RefusalFormat},
    endpoint::{AccountsError, ApiKeyApi, Endpoints, PasswordGrantApi, SessionApi},
};
use serde_json::{Value, json};

use super::{TYPES, own, problems};
use crate::protected::get;

/// The APIs with refusals in this format.
fn apis(format: RefusalFormat) -> (Backend, Everywhere) {
    let backend = Backend::new();
    let endpoints = Endpoints::builder(backend.people.clone())
        .session_api(SessionApi::new(backend.session.clone()))
        .api_key_api(ApiKeyApi::new(backend.api_key.clone()))
        .password_grant_api(PasswordGrantApi::new(backend.grant.clone()))
        .common_routes()
        .refusal_format(format)
        .build()
        .unwrap();
    let everywhere = Everywhere::serve(&Site::new().endpoints(endpoints));
    (backend, everywhere)
}

fn post(path: &str) -> Request {
    Request::new("POST", path)
}

const LOGIN: &str = "/api/users/login";

fn wrong_password() -> Request {
    post(LOGIN).json(r#"{"username":"alice","password":"hunter2hunter2"}"#)
}

fn huge() -> Request {
    post(LOGIN)
        .field("Content-Type", "application/json")
        .field("Content-Length", "20000")
}

fn wrong_grant() -> Request {
    post("/auth/jwt/login").form("grant_type=password&username=alice&password=hunter2hunter2")
}

fn oauth_error() -> Expected {
    status(400).not_stored().json(json!({
        "error": "invalid_grant",
        "error_description": "the credentials or the refresh token are not valid",
    }))
}

#[test]
fn endpoints_without_bodies() {
    let (_backend, everywhere) = apis(RefusalFormat::empty());
    let empty = |code| status(code).not_stored().body("").no_field("content-type");
    let bearer = [("realm", "api")];
    everywhere.run(&[
        Case::new(
            "credentials",
            wrong_password(),
            empty(401).challenge("Bearer", &bearer),
        ),
        Case::new("field", post(LOGIN).json("{}"), empty(400)),
        Case::new("type", post(LOGIN).body("text/plain", "x"), empty(415)),
        Case::new("size", huge(), empty(413)),
        Case::new("method", get(LOGIN), empty(405).field("allow", "POST")),
        Case::new(
            "HEAD",
            Request::new("HEAD", LOGIN),
            empty(405)
                .field("allow", "POST")
                .field("content-length", "0"),
        ),
        Case::new(
            "no token",
            get("/sessions"),
            empty(401).challenge("Bearer", &bearer),
        ),
        Case::new("OAuth", wrong_grant(), oauth_error()),
    ]);
}

#[test]
fn endpoints_with_problem_details() {
    let (_backend, everywhere) = apis(problems());
    let told = |code: &str, detail: Option<&str>, field: Option<&str>| {
        let mut known = RefusalCode::ALL.iter();
        let known = known.find(|known| known.code() == code).unwrap();
        let mut body = json!({
            "type": format!("{TYPES}{code}"),
            "title": known.title(),
            "status": known.status(),
            "error": code,
        });
        for (name, value) in [("detail", detail), ("field", field)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        status(known.status())
            .not_stored()
            .body(body_in_order(&body))
            .field("content-type", "application/problem+json")
    };
    let bearer = [("realm", "api")];
    let missing = Some("the field is missing or empty");
    everywhere.run(&[
        Case::new(
            "credentials",
            wrong_password(),
            told("invalid_credentials", None, None).challenge("Bearer", &bearer),
        ),
        Case::new(
            "field",
            post(LOGIN).json(r#"{"password":"x"}"#),
            told("invalid_request", missing, Some("username")),
        ),
        Case::new(
            "type",
            post(LOGIN).body("text/plain", "x"),
            told("unsupported_media_type", None, None),
        ),
        Case::new("size", huge(), told("content_too_large", None, None)),
        Case::new(
            "method",
            get(LOGIN),
            told("method_not_allowed", None, None).field("allow", "POST"),
        ),
        Case::new(
            "HEAD",
            Request::new("HEAD", LOGIN),
            told("method_not_allowed", None, None)
                .field("allow", "POST")
                .without_body(),
        ),
        Case::new(
            "no token",
            post("/logout"),
            told("unauthorized", None, None).challenge("Bearer", &bearer),
        ),
        Case::new("OAuth", wrong_grant(), oauth_error()),
        Case::new(
            "OAuth, another method",
            get("/auth/jwt/login"),
            status(405)
                .not_stored()
                .error("method_not_allowed")
                .field("allow", "POST"),
        ),
    ]);
}

/// The members of problem details in the order in which they are written.
fn body_in_order(body: &Value) -> String {
    let names = ["type", "title", "status", "detail", "error", "field"];
    let members = names.iter().filter_map(|name| {
        let value = body.get(name)?;
        Some(format!(r#""{name}":{value}"#))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[test]
fn endpoints_with_an_own_renderer() {
    let (backend, everywhere) = apis(own());
    let told = |text: &str| {
        let expected = status(401).not_stored();
        let expected = expected.field("content-type", "text/plain").body(text);
        expected.challenge("Bearer", &[("realm", "api")])
    };
    everywhere.run(&[
        Case::new(
            "credentials",
            wrong_password(),
            told("401|invalid_credentials|-|-"),
        ),
        // What becomes a 401 gets a challenge.
        Case::new(
            "field",
            post(LOGIN).json(r#"{"password":"x"}"#),
            told("400|invalid_request|username|the field is missing or empty"),
        ),
        Case::new("size", huge(), told("413|content_too_large|-|-")),
        Case::new(
            "method",
            get(LOGIN),
            told("405|method_not_allowed|-|-").field("allow", "POST"),
        ),
        Case::new(
            "OAuth",
            wrong_grant(),
            told("400|invalid_grant|-|the credentials or the refresh token are not valid")
                .challenge("Basic", &[("realm", "api")]),
        ),
    ]);
    // A fault stays one.
    let trouble = AccountsError::unavailable(Duration::from_secs(1));
    backend
        .people
        .change(|people| people.trouble = Some(trouble));
    everywhere.run(&[Case::new(
        "fault",
        wrong_password(),
        status(503)
            .not_stored()
            .field("retry-after", "1")
            .field("content-type", "text/plain")
            .body("503|temporarily_unavailable|-|-"),
    )]);
}

/// The constants of an API are in the JSON alone, and in all of it.
#[test]
fn endpoints_with_json_answer_as_ever() {
    let (_, with) = apis(RefusalFormat::json());
    let without = Everywhere::serve(&Backend::new().site());
    block_on(async {
        for request in [
            wrong_password(),
            post(LOGIN).json("{}"),
            post(LOGIN).body("text/plain", "x"),
            huge(),
            get(LOGIN),
            post("/logout"),
            wrong_grant(),
        ] {
            let [with, without] = [with.same(&request).await, without.same(&request).await];
            let wrong = difference(&with, &without);
            assert!(wrong.is_empty(), "{request:?}: {wrong}");
        }
        let answer = with.same(&wrong_password()).await;
        assert_eq!(
            answer.text(),
            r#"{"login":false,"error":"invalid_credentials"}"#
        );
        let answer = with.same(&get(LOGIN)).await;
        assert_eq!(answer.text(), r#"{"error":"method_not_allowed"}"#);
    });
}
