//! `portcullis token`.

mod explain;
mod inspect;
mod members;
mod mint;
mod parts;
mod trusted;
mod verifier;

use clap::Subcommand;

use crate::{
    failure::{Failure, Verdict},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Mint(Box<mint::Mint>),
    Inspect(inspect::Inspect),
    Explain(Box<explain::Explain>),
}

impl TokenCommand {
    pub(crate) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        match self {
            Self::Mint(command) => command.run(output),
            Self::Inspect(command) => command.run(output),
            Self::Explain(command) => command.run(output),
        }
    }
}
