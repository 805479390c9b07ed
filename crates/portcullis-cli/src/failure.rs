//! Why a command ended without an answer.

use std::fmt;

use anstyle::{AnsiColor, Style};
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::escaped::escaped;

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well: exit code 0.
    Good,
    /// What was looked at is not good: exit code 1.
    Bad,
}

impl Verdict {
    pub(crate) fn good_if(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Bad }
    }
}

/// Why there is no answer, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: FailureKind,
    message: String,
    advice: Option<String>,
}

/// Whose matter it is. Its name stands in the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum FailureKind {
    /// The key, token or configuration is not good: exit code 1.
    Refused,
    /// The arguments do not say what is needed: exit code 2.
    Usage,
    /// A file cannot be read or written: exit code 2.
    File,
    /// Something of this machine or of the network failed: exit code 2.
    Unavailable,
}

impl Failure {
    /// What was looked at is not good.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Refused, message)
    }

    /// The arguments do not say what is needed.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    /// A file cannot be read or written.
    pub(crate) fn file(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::File, message)
    }

    /// Something of this machine or of the network failed.
    pub(crate) fn unavailable(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Unavailable, message)
    }

    fn new(kind: FailureKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            advice: None,
        }
    }

    /// What to do.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The program's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            FailureKind::Refused => 1,
            FailureKind::Usage | FailureKind::File | FailureKind::Unavailable => 2,
        }
    }
}

/// For people.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ERROR: Style = AnsiColor::Red.on_default().bold();
        write!(f, "{ERROR}error:{ERROR:#} {}", escaped(&self.message))?;
        match &self.advice {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

/// For programs: `kind`, `message` and `advice`, which may be null.
impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Failure", 3)?;
        object.serialize_field("kind", &self.kind)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("advice", &self.advice)?;
        object.end()
    }
}
