//! B. The API-key API.

use super::fixture::{FORM, JSON, Server, claims};

const PATH: &str = "/v1/authenticate";

#[tokio::test]
async fn an_id_and_its_key_give_a_token_with_its_true_lifetime() {
    let server = Server::new().await;
    let answer = server.post(PATH, FORM, "apiid=alice&apikey=key+1").await;
    answer.is(200);
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1);
    let result = &body["result"];
    assert_eq!(result.as_object().unwrap().len(), 2);
    assert_eq!(result["expires_in_seconds"], 1799);
    let token = result["authentication_token"].as_str().unwrap();
    let says = claims(token);
    assert_eq!(says["sub"], "alice");
    assert_eq!(says["iss"], "https://api.example");
    assert_eq!(says["aud"], "ApiId");
    assert_eq!(says["api_id"], "1");
    assert_eq!(says["organization_id"], "15");
    assert_eq!(says["exp"], says["iat"].as_i64().unwrap() + 1800);
    assert_eq!(says["nbf"], says["iat"]);
    assert!(says["jti"].is_string() && says["sid"].is_string());
    assert!(server.accepts(token).await);

    server.bearer("POST", "/logout", token).await.is(204);
    assert!(!server.accepts(token).await);
}

#[tokio::test]
async fn an_api_id_is_not_the_user_of_that_name() {
    let server = Server::new().await;
    let answer = server
        .post(PATH, FORM, "apiid=alice&apikey=wonder+land")
        .await;
    answer.is_error(401, "invalid_credentials");
    assert_eq!(server.people.asked(), ["authenticate apis/alice"]);

    let (user, _) = server.login("alice").await;
    let answer = server.post(PATH, FORM, "apiid=alice&apikey=key+1").await;
    let token = answer.json()["result"]["authentication_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let list = server.bearer("GET", "/sessions", &token).await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    server.bearer("POST", "/logout/all", &token).await.is(204);
    assert!(!server.accepts(&token).await);
    assert!(server.accepts(&user).await);
}

#[tokio::test]
async fn wrong_keys_have_one_answer() {
    let server = Server::new().await;
    let mut bodies = Vec::new();
    for body in ["apiid=alice&apikey=x", "apiid=nobody&apikey=key+1"] {
        let answer = server.post(PATH, FORM, body).await;
        answer.is(401);
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="api""#)
        );
        bodies.push(answer.body().to_owned());
    }
    assert_eq!(bodies[0], r#"{"error":"invalid_credentials"}"#);
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_named() {
    let server = Server::new().await;
    for (body, field) in [
        ("apiid=alice", "apikey"),
        ("apikey=hunter2", "apiid"),
        ("", "apiid"),
        ("apiid=alice&apikey=", "apikey"),
        ("apiid=alice&apikey=hunter2&apikey=hunter2", "apikey"),
        ("apiid=alice&apikey=hunter2%ff", "apikey"),
    ] {
        let answer = server.post(PATH, FORM, body).await;
        answer.is_field(field);
        assert!(!answer.body().contains("hunter2"));
    }
    let json = r#"{"apiid":"alice","apikey":"key 1"}"#;
    server.post(PATH, JSON, json).await.is(415);
}
