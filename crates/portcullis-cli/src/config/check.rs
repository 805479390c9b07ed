//! `portcullis config check`.

use std::fmt;

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use portcullis::config::{ConfigProblem, IssuerConfig, VerifierConfig};
use portcullis_remote::VerifierLoader;
use serde::Serialize;

use super::{
    file::{self, Syntax, Unread},
    load::load,
};
use crate::{
    escaped::{Line, escaped},
    failure::{Failure, Verdict},
    input::Input,
    output::Output,
};

/// Says everything that is wrong with the configuration of a verifier or an issuer
///
/// The file holds a `VerifierConfig` or `IssuerConfig`, alone or as a table of the
/// application's settings: `portcullis config check service.toml --section auth.verifier`.
/// Files that it names are read, as the service would read them, from the working directory;
/// those of `watch_keys`, which may come later, only with `--fetch`. The exit code is 1 if
/// there is a problem.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration, in TOML or JSON; standard input if it is left out or `-`
    #[arg(value_name = "FILE")]
    input: Option<Input>,
    /// The table of the configuration, such as auth.verifier; the whole file unless given
    #[arg(long, value_name = "TABLE")]
    section: Option<String>,
    /// What is configured
    #[arg(long, value_enum, default_value_t = Kind::Verifier)]
    kind: Kind,
    /// How the file is written, if its name does not end in .toml or .json
    #[arg(long, value_enum)]
    syntax: Option<Syntax>,
    /// Fetches the keys, too, of the issuers that have them, and reads `watch_keys`
    #[arg(long)]
    fetch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// What tokens a service trusts
    Verifier,
    /// The tokens that a service issues
    Issuer,
}

impl Check {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let input = Input::or_stdin(self.input.clone(), "configuration")?;
        let problems = match self.problems(&input) {
            Ok(()) => Vec::new(),
            Err(Unread::Failure(failure)) => return Err(failure),
            Err(Unread::Problems(problems)) => {
                let section = self.section.as_deref().unwrap_or_default();
                problems.within(section).iter().map(Problem::from).collect()
            }
        };
        let checked = Checked {
            kind: self.kind,
            good: problems.is_empty(),
            problems,
        };
        output.show(&checked)?;
        if checked.good {
            return Ok(Verdict::Good);
        }
        if self.kind == Kind::Verifier && self.is_of_issuer(&input) {
            output.note("for the configuration of an issuer say --kind issuer");
        } else if self.section.is_none() {
            output.note("for a table of a larger file say --section TABLE");
        }
        Ok(Verdict::Bad)
    }

    /// Whether it can be read as what an issuer goes by, whatever that is worth.
    fn is_of_issuer(&self, input: &Input) -> bool {
        // Standard input has been read to its end.
        matches!(input, Input::File(_))
            && file::read::<IssuerConfig>(input, self.section.as_deref(), self.syntax).is_ok()
    }

    fn problems(&self, input: &Input) -> Result<(), Unread> {
        let section = self.section.as_deref();
        match self.kind {
            Kind::Verifier => {
                let config: VerifierConfig = file::read(input, section, self.syntax)?;
                load(VerifierLoader::new(&config), self.fetch).map(drop)
            }
            Kind::Issuer => {
                let config: IssuerConfig = file::read(input, section, self.syntax)?;
                config.build().map(drop).map_err(Unread::Problems)
            }
        }
    }
}

#[derive(Serialize)]
struct Checked {
    kind: Kind,
    good: bool,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    /// The setting, such as `verifier[1].audience`; empty for the whole.
    path: String,
    message: String,
}

impl From<&ConfigProblem> for Problem {
    fn from(problem: &ConfigProblem) -> Self {
        Self {
            path: problem.path().to_owned(),
            message: problem.message().to_owned(),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const GOOD: Style = AnsiColor::Green.on_default().bold();
        const BAD: Style = AnsiColor::Red.on_default().bold();
        match self.problems.len() {
            0 => write!(f, "{GOOD}good{GOOD:#}")?,
            1 => write!(f, "{BAD}1 problem{BAD:#}")?,
            count => write!(f, "{BAD}{count} problems{BAD:#}")?,
        }
        for Problem { path, message } in &self.problems {
            let separator = if path.is_empty() { "" } else { ": " };
            write!(f, "\n  {}{separator}{}", Line(path), escaped(message))?;
        }
        Ok(())
    }
}
