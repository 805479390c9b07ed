//! Bodies of requests: streamed where the request passes, unread where it does
//! not.

use behaviour::{
    client::{Connection, Request},
    run::{block_on, exchange},
};

use crate::protected::{everywhere, token};

/// The handler answers the first piece before the second is sent, so nobody
/// waits for the whole.
#[test]
fn a_body_is_streamed() {
    block_on(async {
        for server in everywhere().servers() {
            let mut connection = Connection::open(server.address).await.unwrap();
            let head = Request::new("POST", "/echo")
                .authorization(token().bearer())
                .field("Transfer-Encoding", "chunked");
            connection.write(&head.to_bytes()).await.unwrap();
            connection.write(b"5\r\nfirst\r\n").await.unwrap();
            connection.wait_for(b"first").await.unwrap();
            connection.write(b"6\r\nsecond\r\n0\r\n\r\n").await.unwrap();
            let answer = connection.answer("POST").await.unwrap();
            assert_eq!(answer.status, 200, "{}", server.name);
            assert_eq!(answer.text(), "firstsecond", "{}", server.name);
        }
    });
}

#[test]
fn a_large_body_arrives_whole() {
    let body: Vec<u8> = (0..300_000_u32).map(|at| b'a' + (at % 26) as u8).collect();
    let request = Request::new("POST", "/echo")
        .authorization(token().bearer())
        .body("application/octet-stream", &body);
    block_on(async {
        for server in everywhere().servers() {
            let answer = exchange(server, &request).await;
            assert_eq!(answer.status, 200, "{}", server.name);
            assert!(answer.body == body, "{}", server.name);
        }
    });
}

/// A refused request is answered at once, however much it announces.
#[test]
fn the_body_of_a_refused_request_is_not_waited_for() {
    block_on(async {
        for server in everywhere().servers() {
            for (value, status) in [("Bearer garbage", 401), ("Bearer", 400), ("Basic x", 401)] {
                let mut connection = Connection::open(server.address).await.unwrap();
                let head = Request::new("POST", "/echo")
                    .authorization(value)
                    .field("Content-Length", "100000000");
                connection.write(&head.to_bytes()).await.unwrap();
                let answer = connection.answer("POST").await.unwrap();
                assert_eq!(answer.status, status, "{}", server.name);
            }
        }
    });
}
