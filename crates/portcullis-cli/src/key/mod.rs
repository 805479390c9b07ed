//! `portcullis key`.

mod convert;
mod facts;
mod loaded;
mod new;
mod pem;
mod secret;
mod show;
mod thumbprint;
mod written;

use clap::Subcommand;

pub(crate) use loaded::{Loaded, algorithm};
pub(crate) use secret::secret;

use crate::{
    failure::{Failure, Verdict},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    New(new::New),
    Show(show::Show),
    Convert(convert::Convert),
    Thumbprint(thumbprint::Thumbprint),
}

impl KeyCommand {
    pub(crate) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        match self {
            Self::New(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Convert(command) => command.run(output),
            Self::Thumbprint(command) => command.run(output),
        }
    }
}
