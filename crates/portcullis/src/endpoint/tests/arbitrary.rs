//! No request makes the endpoints panic, and every answer keeps to the rules.

use http::Request;
use proptest::prelude::*;
use tokio::runtime;

use super::fixture::Server;

fn values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_request_has_an_answer(
        path in 0_usize..12,
        method in prop::sample::select(vec!["GET", "POST", "POST", "POST", "HEAD", "PUT"]),
        headers in headers(),
        body in bodies(),
    ) {
        thread_local! {
            static SERVER: (runtime::Runtime, Server) = {
                let runtime = runtime::Builder::new_current_thread().build().unwrap();
                let server = runtime.block_on(Server::new());
                (runtime, server)
            };
        }
        SERVER.with(|(runtime, server)| {
            let path = server.endpoints.paths().nth(path).unwrap_or("/nowhere");
            let mut request = Request::builder().method(method).uri(path);
            for (name, value) in headers {
                if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                    request = request.header(name, value);
                }
            }
            // `send` looks at what every answer keeps to.
            let answer = runtime.block_on(server.send(request, body));
            assert!(!answer.status().is_server_error(), "{answer:?}");
        });
    }
}
