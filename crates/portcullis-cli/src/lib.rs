//! The command `portcullis`: makes and shows keys, mints tokens and says what is
//! in them, explains why one is refused, checks configurations, and serves an
//! identity provider for trying things out.
//!
//! ```console
//! $ cargo install portcullis-cli
//! $ portcullis key new ES256 --out key.jwk --public keys.json
//! $ portcullis token mint --key key.jwk --shape plain --subject alice | portcullis token inspect
//! ```
//!
//! Its manual is `docs/guide/cli.md`, which is made from [`command`]. As a library
//! this crate has no more than the program needs: use the crates of the family.
//!
//! | module | what it holds |
//! |---|---|
//! | `args` | the commands and what they take |
//! | `key`, `token`, `config`, `issuer` | the commands, each in a file of its name |
//! | `input`, `output`, `file` | tokens and keys in; text, JSON and files out |
//! | `failure` | why a command ended, and with which exit code |
//! | `runtime` | what runs futures |
//! | `escaped`, `when` | text of others and dates as a terminal may show them |

mod args;
mod config;
mod escaped;
mod failure;
mod file;
mod input;
mod issuer;
mod key;
mod output;
mod runtime;
mod token;
mod when;

pub use args::{command, run};
