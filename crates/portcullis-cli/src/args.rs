//! The commands, and how one is run.

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};

use crate::{
    config::ConfigCommand,
    failure::{Failure, Verdict},
    issuer::IssuerCommand,
    key::KeyCommand,
    output::Output,
    token::TokenCommand,
};

/// Keys, tokens and configurations of Portcullis: made, shown and explained.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = AFTER, max_term_width = 100)]
struct Args {
    /// Writes one JSON document in place of text; errors, too, on standard error.
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Exit codes: 0 it is good; 1 it was looked at and is not good: a token that is refused, a \
configuration with problems, a key that cannot be used; 2 it could not be looked at: a wrong \
argument, a file that is missing, an issuer that cannot be reached.

Colours are left out where NO_COLOR is set or the output is not a terminal.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes, shows and converts keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Mints tokens, shows what is in one, explains why it is refused
    #[command(subcommand)]
    Token(TokenCommand),
    /// Checks configurations of verifiers and issuers
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Serves an identity provider for trying things out
    #[command(subcommand)]
    Issuer(IssuerCommand),
}

/// Runs the program with these arguments, the first of which is its name.
///
/// It reads standard input and writes to standard output and error. The exit code is 0
/// if all is good, 1 if what was looked at is not, and 2 if it could not be looked at.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<_> = args.into_iter().collect();
    // Asked before anything is understood, so that errors of the arguments are JSON, too.
    let json = args.iter().any(|arg| arg == "--json");
    let mut output = Output::new(json);
    match Args::try_parse_from(args) {
        Ok(args) => match args.command.run(&mut output) {
            Ok(Verdict::Good) => ExitCode::SUCCESS,
            Ok(Verdict::Bad) => ExitCode::from(1),
            Err(failure) => output.fail(&failure),
        },
        Err(error) if json && is_mistake(error.kind()) => {
            output.fail(&Failure::usage(mistake(&error)))
        }
        Err(error) => {
            // Nobody reads it any more.
            let _ = error.print();
            ExitCode::from(u8::from(error.use_stderr()) * 2)
        }
    }
}

/// The program's arguments and their help, from which its manual is made.
pub fn command() -> clap::Command {
    Args::command()
}

impl Command {
    fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        match self {
            Self::Key(command) => command.run(output),
            Self::Token(command) => command.run(output),
            Self::Config(command) => command.run(output),
            Self::Issuer(command) => command.run(output),
        }
    }
}

/// Whether it is not that help or the version was asked for.
fn is_mistake(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// What clap says, without the word `error` and the usage.
fn mistake(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let text = text.split("\n\nUsage:").next().unwrap_or(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_contradict_each_other_nowhere() {
        command().debug_assert();
    }
}
