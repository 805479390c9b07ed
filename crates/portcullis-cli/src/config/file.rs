//! Files with a configuration of a verifier or an issuer, alone or among the settings of
//! an application.

use clap::{Args, ValueEnum};
use portcullis::config::ConfigProblems;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{failure::Failure, input::Input};

/// A configuration that a command goes by.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigFile {
    /// A configuration, in TOML or JSON, as `portcullis config check` takes it
    #[arg(id = "config", long = "config", value_name = "FILE")]
    file: Option<Input>,
    /// The table of the configuration, such as auth.verifier; the whole file unless given
    #[arg(long, value_name = "TABLE", requires = "config")]
    section: Option<String>,
}

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Syntax {
    /// TOML
    Toml,
    /// JSON
    Json,
}

/// Why a configuration was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// There is nothing to read.
    Failure(Failure),
    /// It says something that nobody understands.
    Problems(ConfigProblems),
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ConfigProblems> for Unread {
    fn from(problems: ConfigProblems) -> Self {
        Self::Problems(problems)
    }
}

impl ConfigFile {
    /// Reads the configuration, if one is named.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let Some(input) = &self.file else {
            return Ok(None);
        };
        read(input, self.section.as_deref(), None)
            .map(Some)
            .map_err(|unread| self.refused(unread))
    }

    /// What is to be said of a configuration with these problems.
    pub(crate) fn refused(&self, unread: impl Into<Unread>) -> Failure {
        match (unread.into(), &self.file) {
            (Unread::Failure(failure), _) => failure,
            (Unread::Problems(problems), None) => Failure::refused(problems),
            (Unread::Problems(problems), Some(input)) => {
                let problems = problems.within(self.section.as_deref().unwrap_or_default());
                Failure::refused(format!("{input}: {problems}"))
                    .advice("`portcullis config check` says of a file whether it is good")
            }
        }
    }

    pub(crate) fn is_stdin(&self) -> bool {
        self.file == Some(Input::Stdin)
    }
}

/// Reads a configuration. The paths of problems begin in the section.
pub(super) fn read<T: DeserializeOwned>(
    input: &Input,
    section: Option<&str>,
    syntax: Option<Syntax>,
) -> Result<T, Unread> {
    let syntax = match syntax.or_else(|| Syntax::of(input)) {
        Some(syntax) => syntax,
        None => {
            return Err(
                Failure::usage(format!("{input} does not say whether it is TOML or JSON"))
                    .advice("give it a name that ends in .toml or .json, or check it with --syntax")
                    .into(),
            );
        }
    };
    let bytes = input.read()?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| ConfigProblems::new("", "the file is not in UTF-8"))?;
    let mut value = syntax.parse(text)?;
    for name in section.into_iter().flat_map(|section| section.split('.')) {
        value = entry(value, name).ok_or_else(|| {
            Failure::usage(format!(
                "{input} has no table `{}`",
                section.unwrap_or_default()
            ))
            .advice("name it with --section, its parts with dots between them")
        })?;
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        ConfigProblems::new(path, error.into_inner().to_string()).into()
    })
}

/// The entry of a table, or of a list by its number.
fn entry(value: Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(mut table) => table.remove(name),
        Value::Array(mut list) => {
            let index = name.parse().ok().filter(|index| *index < list.len())?;
            Some(list.swap_remove(index))
        }
        _ => None,
    }
}

impl Syntax {
    fn of(input: &Input) -> Option<Self> {
        let Input::File(path) = input else {
            return None;
        };
        let extension = path.extension()?;
        if extension.eq_ignore_ascii_case("toml") {
            Some(Self::Toml)
        } else if extension.eq_ignore_ascii_case("json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// Errors name the place, and do not quote it: it may be a secret.
    fn parse(self, text: &str) -> Result<Value, ConfigProblems> {
        match self {
            Self::Toml => toml::from_str(text).map_err(|error| {
                let before = error.span().and_then(|span| text.get(..span.start));
                let line = before.map_or(0, |before| before.matches('\n').count()) + 1;
                ConfigProblems::new("", format!("not TOML in line {line}: {}", error.message()))
            }),
            Self::Json => serde_json::from_str(text)
                .map_err(|error| ConfigProblems::new("", format!("not JSON: {error}"))),
        }
    }
}
