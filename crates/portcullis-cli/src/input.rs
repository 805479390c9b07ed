//! What the program reads. Tokens, keys and secrets come from files or standard
//! input, never from arguments, which every process of a machine can read.

use std::{
    convert::Infallible,
    fmt,
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::PathBuf,
    str::FromStr,
};

use zeroize::Zeroizing;

use crate::{failure::Failure, output::Output};

/// Longer than any token, key set or configuration.
const MAX_INPUT: u64 = 1024 * 1024;

/// A file, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl FromStr for Input {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// The input that is named, or standard input where something is piped in.
    pub(crate) fn or_stdin(named: Option<Self>, what: &str) -> Result<Self, Failure> {
        match named {
            Some(input) => Ok(input),
            None if io::stdin().is_terminal() => Err(Failure::usage(format!("no {what} is given"))
                .advice("name its file, or pipe it in; `-` reads what is typed, up to Ctrl-D")),
            None => Ok(Self::Stdin),
        }
    }

    /// All of it, in memory that is overwritten afterwards.
    pub(crate) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let unreadable =
            |error: io::Error| Failure::file(format!("{self} cannot be read: {error}"));
        match self {
            Self::Stdin => bytes_of(io::stdin().lock()),
            Self::File(path) => File::open(path).and_then(bytes_of),
        }
        .map_err(unreadable)
    }

    /// The token in it: without white space around it, and without the `Bearer` that
    /// stands before it in a header field.
    pub(crate) fn read_token(&self, output: &mut Output) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = self.read()?;
        let mut token = bytes.trim_ascii();
        let scheme = token.split(u8::is_ascii_whitespace).next();
        if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer")) {
            output.note("`Bearer` before the token is left out");
            token = token
                .get(b"bearer".len()..)
                .unwrap_or_default()
                .trim_ascii_start();
        }
        if token.is_empty() {
            return Err(Failure::usage(format!(
                "{self} is empty: there is no token"
            )));
        }
        if token.starts_with(b"{") {
            return Err(Failure::refused(format!("{self} is no token: it is JSON"))
                .advice("of what a token endpoint answers give the text at `access_token` alone"));
        }
        if let Some(at) = token.iter().position(u8::is_ascii_whitespace) {
            return Err(Failure::refused(format!(
                "{self} is no token: there is white space behind its first {at} bytes"
            ))
            .advice("give one token, in one line; what a program has wrapped must be joined"));
        }
        Ok(Zeroizing::new(token.to_vec()))
    }
}

/// The bytes of a stream that ends soon. One allocation that never grows leaves no
/// copies behind.
fn bytes_of(stream: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_INPUT as usize + 1));
    stream.take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}
