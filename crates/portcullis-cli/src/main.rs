//! The command `portcullis`; see the library of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis_cli::run(std::env::args_os())
}
