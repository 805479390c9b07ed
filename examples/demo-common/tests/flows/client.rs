//! The two APIs that give refresh tokens, as a client calls them.

use super::{
    http::{Answer, Request},
    server::Server,
};

const LOGIN: &str = "grant_type=password&username=alice&password=wonderland";

/// What the password-grant API gives.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Pair {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        Self {
            access: answer.text("/access_token"),
            refresh: answer.text("/refresh_token"),
        }
    }
}

pub(crate) fn login_request(server: &Server) -> Request {
    server.post("/auth/jwt/login").form(LOGIN)
}

pub(crate) fn log_in(server: &Server) -> Pair {
    Pair::of(&login_request(server).send())
}

pub(crate) fn refresh_request(server: &Server, token: &str) -> Request {
    server
        .post("/auth/jwt/refresh")
        .header("refresh-token", token)
}

pub(crate) fn refresh(server: &Server, token: &str) -> Pair {
    Pair::of(&refresh_request(server, token).send())
}

/// Whether an access token is let through.
pub(crate) fn accepts(server: &Server, access: &str) -> bool {
    let answer = server.get("/me").bearer(access).send();
    assert!(matches!(answer.status, 200 | 401), "{answer:?}");
    answer.status == 200
}
