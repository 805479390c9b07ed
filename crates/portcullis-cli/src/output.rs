//! What the program writes: text for people, or JSON for programs.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    process::ExitCode,
};

use serde::Serialize;
use serde_json::json;

use crate::{escaped::escaped, failure::Failure};

/// Standard output and error. Colours are kept where a terminal shows them and
/// `NO_COLOR` is not set.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows an answer: its `Display` to people, its JSON to programs.
    pub(crate) fn show<T: fmt::Display + Serialize>(&mut self, answer: &T) -> Result<(), Failure> {
        if !self.json {
            return self.line(answer);
        }
        let json = serde_json::to_string_pretty(answer)
            .map_err(|error| Failure::unavailable(format!("no JSON can be written: {error}")))?;
        self.line(escaped(&json))
    }

    /// Writes a line to standard output, whatever is wanted.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        match written {
            // Whoever reads has read enough: `| head -1`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| {
                Failure::file(format!("standard output cannot be written: {error}"))
            }),
        }
    }

    /// Tells people something beside the answer.
    pub(crate) fn note(&mut self, note: impl fmt::Display) {
        if !self.json {
            self.error(format_args!("note: {note}"));
        }
    }

    /// Tells why there is no answer.
    pub(crate) fn fail(&mut self, failure: &Failure) -> ExitCode {
        if self.json {
            let json = json!({ "error": failure }).to_string();
            self.error(escaped(&json));
        } else {
            let mut text = String::new();
            // A string takes everything.
            let _ = write!(text, "{failure}");
            self.error(text);
        }
        ExitCode::from(failure.exit_code())
    }

    fn error(&mut self, line: impl fmt::Display) {
        // There is nowhere else to say it.
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    }
}
