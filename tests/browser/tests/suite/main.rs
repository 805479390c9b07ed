//! The demos in a real browser.

// A test suite fails by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod attacks;
mod console;
mod cookie_mode;
mod header_mode;
mod interceptors;
mod other_origins;
mod page;
mod sockets;

use browser::demo::Program;

const AXUM: Program = Program(env!("CARGO_BIN_EXE_browser-demo-axum"));
const ACTIX: Program = Program(env!("CARGO_BIN_EXE_browser-demo-actix"));

/// A test for each demo.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod axum {
            $(#[test] fn $name() { super::$name(crate::AXUM); })+
        }
        mod actix {
            $(#[test] fn $name() { super::$name(crate::ACTIX); })+
        }
    };
}
pub(crate) use on_both;

/// A test of the interceptors for each demo and each way of the tokens.
macro_rules! in_both_modes {
    ($($name:ident),+ $(,)?) => {
        mod axum {
            mod header {
                $(#[test] fn $name() {
                    crate::interceptors::$name(crate::AXUM, crate::page::Mode::Header);
                })+
            }
            mod cookie {
                $(#[test] fn $name() {
                    crate::interceptors::$name(crate::AXUM, crate::page::Mode::Cookie);
                })+
            }
        }
        mod actix {
            mod header {
                $(#[test] fn $name() {
                    crate::interceptors::$name(crate::ACTIX, crate::page::Mode::Header);
                })+
            }
            mod cookie {
                $(#[test] fn $name() {
                    crate::interceptors::$name(crate::ACTIX, crate::page::Mode::Cookie);
                })+
            }
        }
    };
}

in_both_modes!(
    eight_calls_with_fetch,
    eight_calls_with_axios,
    a_late_401_does_not_refresh_again,
    two_tabs_refresh_once,
    a_fault_is_no_log_out,
    a_stolen_token_that_is_replayed_ends_the_session,
    log_out_is_for_all_tabs,
);
