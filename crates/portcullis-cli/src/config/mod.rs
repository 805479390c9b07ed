//! `portcullis config`, and configurations that other commands read.

mod check;
mod file;
mod load;

use clap::Subcommand;

pub(crate) use file::ConfigFile;
pub(crate) use load::load;

use crate::{
    failure::{Failure, Verdict},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Check(check::Check),
}

impl ConfigCommand {
    pub(crate) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        match self {
            Self::Check(command) => command.run(output),
        }
    }
}
