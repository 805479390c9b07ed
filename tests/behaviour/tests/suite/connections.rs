//! Several requests on one connection: a refusal must not upset what comes
//! after it (RFC 9112 section 9.3).

use behaviour::{
    backend::Backend,
    client::{Connection, Request},
    run::{Everywhere, block_on},
};

use crate::protected::{everywhere, get, token};

/// What was not read of a refused request is no request of its own.
#[test]
fn the_body_of_a_refused_request_is_not_the_next_request() {
    let inner = get("/claims").authorization(token().bearer()).to_bytes();
    block_on(async {
        for server in everywhere().servers() {
            let mut connection = Connection::open(server.address).await.unwrap();
            let outer = Request::new("POST", "/echo")
                .bearer("garbage")
                .field("Connection", "keep-alive")
                .body("text/plain", &inner);
            connection.write(&outer.to_bytes()).await.unwrap();
            let answer = connection.answer("POST").await.unwrap();
            assert_eq!(answer.status, 401, "{}", server.name);
            // The connection is closed, or the next answer is to the next
            // request.
            let next = get("/maybe").field("Connection", "close");
            let written = connection.write(&next.to_bytes()).await;
            if written.is_ok()
                && let Ok(answer) = connection.answer("GET").await
            {
                assert_eq!(answer.status, 200, "{}: {answer:?}", server.name);
                let anonymous = r#"{"authenticated":false,"subject":null}"#;
                assert_eq!(answer.text(), anonymous, "{}", server.name);
            }
        }
    });
}

/// Answers come in the order of the requests, each to its own.
#[test]
fn requests_in_a_row() {
    let alice = token().bearer();
    block_on(async {
        for server in everywhere().servers() {
            let mut connection = Connection::open(server.address).await.unwrap();
            let keep = |request: Request| request.field("Connection", "keep-alive").to_bytes();
            let mut all = keep(get("/maybe").authorization(&alice));
            all.extend(keep(get("/maybe")));
            all.extend(keep(get("/maybe").bearer("garbage")));
            all.extend(keep(get("/maybe").authorization(&alice)));
            connection.write(&all).await.unwrap();
            let mut seen = Vec::new();
            for _ in 0..4 {
                let answer = connection.answer("GET").await.unwrap();
                seen.push((answer.status, answer.text().contains("alice")));
            }
            let expected = [(200, true), (200, false), (401, false), (200, true)];
            assert_eq!(seen, expected, "{}", server.name);
        }
    });
}

/// RFC 9110 section 10.1.1: clients that ask before they send.
#[test]
fn bodies_that_wait_for_permission() {
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    let body = br#"{"username":"alice","password":"wonder land"}"#;
    block_on(async {
        for server in everywhere.servers() {
            let mut connection = Connection::open(server.address).await.unwrap();
            let head = Request::new("POST", "/api/users/login")
                .field("Content-Type", "application/json")
                .field("Content-Length", body.len().to_string())
                .field("Expect", "100-continue");
            connection.write(&head.to_bytes()).await.unwrap();
            connection.wait_for(b" 100 ").await.unwrap();
            connection.write(body).await.unwrap();
            let answer = connection.answer("POST").await.unwrap();
            assert_eq!(answer.status, 200, "{}: {answer:?}", server.name);
        }
    });
}

/// A body that breaks off is no login.
#[test]
fn bodies_that_break_off() {
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    block_on(async {
        for server in everywhere.servers() {
            let mut connection = Connection::open(server.address).await.unwrap();
            let head = Request::new("POST", "/api/users/login")
                .field("Content-Type", "application/json")
                .field("Transfer-Encoding", "chunked");
            connection.write(&head.to_bytes()).await.unwrap();
            connection
                .write(b"2e\r\n{\"username\":\"alice\",\"password\":\"wonder land\"}\r\nzz\r\n")
                .await
                .unwrap();
            if let Ok(answer) = connection.answer("POST").await {
                assert_eq!(answer.status, 400, "{}: {answer:?}", server.name);
            }
        }
        assert_eq!(backend.people.change(|people| people.checks), 0);
    });
}
