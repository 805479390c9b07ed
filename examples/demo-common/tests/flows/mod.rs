//! What every demo must do: each demo's own test runs all of it against its
//! own program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apis;
mod browsers;
mod client;
mod console;
mod crash;
mod feed;
#[cfg(target_os = "linux")]
mod full;
mod http;
mod issuers;
mod process;
mod routes;
mod server;
mod service;
mod stores;
#[cfg(unix)]
mod trust_file;

pub(crate) fn every_api_works(program: &str) {
    apis::session_api(program);
    apis::api_key_api(program);
    apis::password_grant_api(program);
    apis::reuse_ends_the_session(program);
}

pub(crate) use browsers::{
    browsers_have_cookies, pages_elsewhere_may_call, requests_are_told_without_secrets,
};
pub(crate) use console::the_console_is_the_same_everywhere;
pub(crate) use crash::{
    a_crash_loses_nothing_that_was_answered, a_store_that_was_rolled_back_keeps_the_honest_holder,
};
pub(crate) use feed::events_reach_their_owner_alone;
#[cfg(target_os = "linux")]
pub(crate) use full::a_full_disk_costs_nobody_a_session;
pub(crate) use issuers::{people_of_a_tenant_sign_on, tokens_of_trusted_issuers_are_taken};
pub(crate) use process::{
    mistakes_end_with_one_clear_line, nothing_secret_is_logged, the_printed_lines_work,
    tokens_survive_a_restart,
};
pub(crate) use routes::own_routes_answer_alike;
pub(crate) use service::servers_on_one_store_are_one_service;
#[cfg(unix)]
pub(crate) use trust_file::a_file_of_trusted_issuers_is_read_again;
