//! `portcullis issuer`.

mod serve;

use clap::Subcommand;

use crate::{
    failure::{Failure, Verdict},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum IssuerCommand {
    Serve(Box<serve::Serve>),
}

impl IssuerCommand {
    pub(crate) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        match self {
            Self::Serve(command) => command.run(output),
        }
    }
}
