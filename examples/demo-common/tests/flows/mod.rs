//! What every demo must do: each demo's own test runs all of it against its
//! own program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apis;
mod http;
mod process;
mod routes;
mod server;

pub(crate) fn every_api_works(program: &str) {
    apis::session_api(program);
    apis::api_key_api(program);
    apis::password_grant_api(program);
}

pub(crate) use process::{
    mistakes_end_with_one_clear_line, nothing_secret_is_logged, the_printed_lines_work,
    tokens_survive_a_restart,
};
pub(crate) use routes::own_routes_answer_alike;
