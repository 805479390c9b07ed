//! The program as a whole, over its socket.

#[path = "../../demo-common/tests/flows/mod.rs"]
mod flows;

const PROGRAM: &str = env!("CARGO_BIN_EXE_demo-actix");

#[test]
fn every_api_works() {
    flows::every_api_works(PROGRAM);
}

#[test]
fn own_routes_answer_alike() {
    flows::own_routes_answer_alike(PROGRAM);
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
