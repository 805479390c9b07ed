//! No request makes the endpoints panic, and every answer keeps to the rules.

use http::Request;
use proptest::prelude::*;
use tokio::runtime;

use super::fixture::Server;

/// Stands for a real token; the second number is the byte to change, if there
/// is one there.
fn tokens() -> impl Strategy<Value = Vec<u8>> {
    ("(Bearer |)", 0_usize..5, 0_usize..2000)
        .prop_map(|(scheme, token, byte)| format!("{scheme}#{token}#{byte}").into_bytes())
}

fn values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        tokens(),
        proptest::collection::vec(any::<u8>(), 0..64),
        "(Bearer|Basic|bearer|) ?[A-Za-z0-9+/=._-]{0,40}".prop_map(String::into_bytes),
        "application/(json|x-www-form-urlencoded)(; charset=utf-8)?".prop_map(String::into_bytes),
    ]
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..256),
        r#"\{("(username|password|x)":("[a-z]{0,4}"|[0-9]|null|\[\]|\{\}),?){0,4}\}?"#
            .prop_map(String::into_bytes),
        "((grant_type|username|password|scope|client_id|client_secret|refresh_token|apiid|apikey)\
         =(password|refresh_token|[a-z%+]{0,5})&?){0,6}"
            .prop_map(String::into_bytes),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name = prop::sample::select(vec![
        "authorization",
        "content-type",
        "refresh-token",
        "user-agent",
        "cookie",
    ]);
    proptest::collection::vec((name, values()), 0..5)
}

async fn server() -> (Server, [String; 5]) {
    let server = Server::new().await;
    let (access, refresh) = server.login("robot").await;
    let path = "/api/users/application-token";
    let application = server.bearer("POST", path, &refresh).await.text("token");
    let grant = server.grant("&scope=read").await;
    let grant = [grant.text("access_token"), grant.text("refresh_token")];
    let [third, fourth] = grant;
    (server, [access, refresh, application, third, fourth])
}

fn with_token(value: Vec<u8>, tokens: &[String]) -> Vec<u8> {
    let parts: Vec<_> = value.split(|byte| *byte == b'#').collect();
    let [scheme, token, byte] = parts[..] else {
        return value;
    };
    let number = |text: &[u8]| std::str::from_utf8(text).unwrap_or("").parse::<usize>();
    let (Ok(token), Ok(byte)) = (number(token), number(byte)) else {
        return value;
    };
    let Some(token) = tokens.get(token) else {
        return value;
    };
    let mut token = token.clone().into_bytes();
    if let Some(byte) = token.get_mut(byte) {
        *byte ^= 1;
    }
    [scheme, &token].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_request_has_an_answer(
        path in 0_usize..12,
        method in prop::sample::select(vec!["GET", "POST", "POST", "POST", "HEAD", "PUT"]),
        headers in headers(),
        body in bodies(),
    ) {
        thread_local! {
            static SERVER: (runtime::Runtime, Server, [String; 5]) = {
                let runtime = runtime::Builder::new_current_thread().build().unwrap();
                let (server, tokens) = runtime.block_on(server());
                (runtime, server, tokens)
            };
        }
        SERVER.with(|(runtime, server, tokens)| {
            let path = server.endpoints.paths().nth(path).unwrap_or("/nowhere");
            let mut request = Request::builder().method(method).uri(path);
            for (name, value) in headers {
                if let Ok(value) = http::HeaderValue::from_bytes(&with_token(value, tokens)) {
                    request = request.header(name, value);
                }
            }
            // `send` looks at what every answer keeps to.
            let answer = runtime.block_on(server.send(request, body));
            assert!(!answer.status().is_server_error(), "{answer:?}");
        });
    }
}
