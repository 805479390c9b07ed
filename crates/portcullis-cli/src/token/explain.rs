//! `portcullis token explain`.

use std::fmt;

use anstyle::{AnsiColor, Style};
use clap::Args;
use portcullis::verify::{Outcome, Report};
use serde::{Serialize, Serializer};

use super::verifier::VerifierArgs;
use crate::{
    escaped::Line,
    failure::{Failure, Verdict},
    input::Input,
    output::Output,
};

/// Says why a token is accepted or refused, check by check
///
/// For example: `portcullis token explain --key keys.json --issuer https://login.example.com
/// --audience https://api.example < token`. The exit code is 1 if it is refused. With
/// `--json` it is the report of `portcullis::verify::Report`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The token; standard input if it is left out or `-`
    #[arg(value_name = "FILE")]
    input: Option<Input>,
    #[command(flatten)]
    verifier: VerifierArgs,
}

impl Explain {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let input = Input::or_stdin(self.input, "token")?;
        if input == Input::Stdin && self.verifier.reads_stdin() {
            return Err(Failure::usage(
                "both the token and the key are to be read from standard input",
            )
            .advice("name a file for one of them"));
        }
        let token = input.read_token(output)?;
        let verifier = self.verifier.verifier(output)?;
        let report = verifier.explain(&token);
        output.show(&Explained(&report))?;
        Ok(Verdict::good_if(report.is_accepted()))
    }
}

struct Explained<'r>(&'r Report);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const GOOD: Style = AnsiColor::Green.on_default().bold();
        const BAD: Style = AnsiColor::Red.on_default().bold();
        match self.0.error() {
            None => write!(f, "{GOOD}accepted{GOOD:#}")?,
            Some(error) => write!(f, "{BAD}refused:{BAD:#} {}", Line(&error.to_string()))?,
        }
        for check in self.0.checks() {
            let style = style(check.outcome());
            write!(f, "\n{style}{check}{style:#}")?;
        }
        Ok(())
    }
}

fn style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Failed => AnsiColor::Red.on_default(),
        Outcome::Unknown => AnsiColor::Yellow.on_default(),
        Outcome::NotReached => Style::new().dimmed(),
        _ => Style::new(),
    }
}

impl Serialize for Explained<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
