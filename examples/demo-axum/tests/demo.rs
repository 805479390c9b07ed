//! The program as a whole, over its socket.

#[path = "../../demo-common/tests/flows/mod.rs"]
mod flows;

const PROGRAM: &str = env!("CARGO_BIN_EXE_demo-axum");

#[test]
fn every_api_works() {
    flows::every_api_works(PROGRAM);
}

#[test]
fn own_routes_answer_alike() {
    flows::own_routes_answer_alike(PROGRAM);
}

#[test]
fn the_console_is_the_same_everywhere() {
    flows::the_console_is_the_same_everywhere(PROGRAM);
}

#[test]
fn events_reach_their_owner_alone() {
    flows::events_reach_their_owner_alone(PROGRAM);
}

#[test]
fn browsers_have_cookies() {
    flows::browsers_have_cookies(PROGRAM);
}

#[test]
fn pages_elsewhere_may_call() {
    flows::pages_elsewhere_may_call(PROGRAM);
}

#[test]
fn requests_are_told_without_secrets() {
    flows::requests_are_told_without_secrets(PROGRAM);
}

#[test]
fn tokens_of_trusted_issuers_are_taken() {
    flows::tokens_of_trusted_issuers_are_taken(PROGRAM);
}

#[cfg(unix)]
#[test]
fn a_file_of_trusted_issuers_is_read_again() {
    flows::a_file_of_trusted_issuers_is_read_again(PROGRAM);
}

#[test]
fn people_of_a_tenant_sign_on() {
    flows::people_of_a_tenant_sign_on(PROGRAM);
}

#[test]
fn tokens_survive_a_restart() {
    flows::tokens_survive_a_restart(PROGRAM);
}

#[test]
fn the_printed_lines_work() {
    flows::the_printed_lines_work(PROGRAM);
}

#[test]
fn mistakes_end_with_one_clear_line() {
    flows::mistakes_end_with_one_clear_line(PROGRAM);
}

#[test]
fn nothing_secret_is_logged() {
    flows::nothing_secret_is_logged(PROGRAM);
}

#[test]
fn servers_on_one_store_are_one_service() {
    flows::servers_on_one_store_are_one_service(PROGRAM);
}

#[test]
fn a_crash_loses_nothing_that_was_answered() {
    flows::a_crash_loses_nothing_that_was_answered(PROGRAM);
}

#[test]
fn a_store_that_was_rolled_back_keeps_the_honest_holder() {
    flows::a_store_that_was_rolled_back_keeps_the_honest_holder(PROGRAM);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_nobody_a_session() {
    flows::a_full_disk_costs_nobody_a_session(PROGRAM);
}
