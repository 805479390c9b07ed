//! `portcullis token`.

mod inspect;
mod members;
mod mint;
mod parts;

use clap::Subcommand;

use crate::{
    failure::{Failure, Verdict},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Mint(Box<mint::Mint>),
    Inspect(inspect::Inspect),
}

impl TokenCommand {
    pub(crate) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        match self {
            Self::Mint(command) => command.run(output),
            Self::Inspect(command) => command.run(output),
        }
    }
}
