//! `portcullis token inspect`.

use std::{collections::BTreeMap, fmt};

use anstyle::{AnsiColor, Style};
use clap::Args;
use portcullis::time::{Clock as _, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    members::Members,
    parts::{self, Parts, Payload},
};
use crate::{
    escaped::Line,
    failure::{Failure, Verdict},
    input::Input,
    output::Output,
    when,
};

/// Shows header and claims of a token, which it does NOT verify
///
/// Anybody can write such a token: believe nothing of it. `portcullis token explain` says
/// whether it is good. The exit code is 1 if the token is opaque.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The token; standard input if it is left out or `-`
    #[arg(value_name = "FILE")]
    input: Option<Input>,
    /// The time by which dates are told as past or future, such as 2026-11-27T18:00:00Z
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<Timestamp>,
}

impl Inspect {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let input = Input::or_stdin(self.input, "token")?;
        let token = input.read_token(output)?;
        let parts = Parts::of(&token);
        let is_opaque = parts == Parts::Opaque;
        output.show(&Inspected {
            parts,
            now: when::clock(self.at).now(),
        })?;
        Ok(Verdict::good_if(!is_opaque))
    }
}

struct Inspected {
    parts: Parts,
    now: Timestamp,
}

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parts {
            Parts::Opaque => {
                return f.write_str(
                    "an opaque token: it is no JWT, and means something to its issuer only, which \
                     tells by introspection (RFC 7662)",
                );
            }
            Parts::Encrypted { header } => {
                write!(
                    f,
                    "{WARNING}NOT VERIFIED{WARNING:#}, and encrypted (JWE, RFC 7516): only the \
                     holder of its key reads what is in it"
                )?;
                self.members(f, "header", header)?;
            }
            Parts::Signed {
                header,
                payload,
                signature,
            } => {
                write!(
                    f,
                    "{WARNING}NOT VERIFIED{WARNING:#}: anybody can have written this"
                )?;
                self.members(f, "header", header)?;
                match payload {
                    Payload::Claims(claims) => self.members(f, "claims", claims)?,
                    Payload::Other(bytes) => {
                        let text = String::from_utf8_lossy(bytes);
                        write!(f, "\n{TITLE}payload{TITLE:#}\n  {}", Line(&text))?;
                    }
                }
                write!(
                    f,
                    "\n{TITLE}signature{TITLE:#}\n  {signature} bytes, not looked at"
                )?;
            }
        }
        for problem in self.parts.problems() {
            write!(f, "\n{WARNING}problem:{WARNING:#} {}", Line(&problem))?;
        }
        Ok(())
    }
}

impl Inspected {
    fn members(&self, f: &mut fmt::Formatter<'_>, title: &str, members: &Members) -> fmt::Result {
        write!(f, "\n{TITLE}{title}{TITLE:#}")?;
        let width = members.iter().map(|(name, _)| name.chars().count()).max();
        let width = width.unwrap_or(0).min(24);
        for (name, value) in members.iter() {
            let (name_shown, value_shown) = (Line(name).to_string(), value.to_string());
            write!(f, "\n  {name_shown:width$}  {}", Line(&value_shown))?;
            if let Some(time) = parts::date(name, value) {
                let (date, relative) = (when::date(time), when::relative(time, self.now));
                write!(f, "  {FAINT}{date}, {relative}{FAINT:#}")?;
            }
        }
        Ok(())
    }
}

/// For programs.
#[derive(Serialize)]
struct Json {
    /// Always: nothing was checked.
    verified: bool,
    /// `signed`, `encrypted` or `opaque`.
    form: &'static str,
    header: Option<Map<String, Value>>,
    claims: Option<Map<String, Value>>,
    /// The claims that are dates.
    dates: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Serialize for Inspected {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let claims = self.parts.claims();
        let dates = claims.into_iter().flat_map(Members::iter);
        let dates = dates.filter_map(|(name, value)| {
            let time = parts::date(name, value)?;
            Some((name.to_owned(), when::date(time)))
        });
        Json {
            verified: false,
            form: match self.parts {
                Parts::Signed { .. } => "signed",
                Parts::Encrypted { .. } => "encrypted",
                Parts::Opaque => "opaque",
            },
            header: self.parts.header().map(Members::object),
            claims: claims.map(Members::object),
            dates: dates.collect(),
            problems: self.parts.problems(),
        }
        .serialize(serializer)
    }
}
