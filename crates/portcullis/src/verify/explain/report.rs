//! What is told of a token.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::verify::{VerifyError, shown::Told};

/// What a verifier finds of a token, check by check; see
/// [`Verifier::explain`](super::super::Verifier::explain).
///
/// Its `Display` is for people: the verdict, and a line for each check. Serialized, it
/// is an object for programs, whose names stay what they are: `accepted` (true or
/// false), `error` (a text, or null), and `checks`, an array of objects with `name`,
/// `outcome`, `found`, `configured` and `advice`; the last three are texts or null.
/// The texts themselves may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    error: Option<VerifyError>,
    checks: Vec<CheckReport>,
}

impl Report {
    pub(super) fn new(error: Option<VerifyError>, checks: Vec<CheckReport>) -> Self {
        Self { error, checks }
    }

    /// Whether the token is accepted.
    pub fn is_accepted(&self) -> bool {
        self.error.is_none()
    }

    /// Why it is not: what [`verify_now`](super::super::Verifier::verify_now) answers.
    /// Its `Display` is the short form of this report, and what the log has of the
    /// refusal at DEBUG.
    pub fn error(&self) -> Option<&VerifyError> {
        self.error.as_ref()
    }

    /// The checks, in their order. Those that only some verifiers make are there where
    /// they are made.
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    pub(super) name: &'static str,
    pub(super) outcome: Outcome,
    pub(super) found: Option<String>,
    pub(super) configured: Option<String>,
    pub(super) advice: Option<String>,
}

impl CheckReport {
    /// The name of the check: `size`, `form`, `verifier`, `introspection`, `header`,
    /// `typ`, `key`, `signature`, `claims`, `iss`, `required_claims`, `aud`, `kind`,
    /// `kind_claim`, `cnf`, `tid`, `audience_claim`, `id_token`, `refused_claims`,
    /// `one_of_claims`, `claim_values`, `exp`, `nbf`, `iat`, `max_age`, `max_lifetime`,
    /// `key_issuer`, `binding`, `application` or `revocation`; `docs/explain.md` says
    /// what each looks at. Once given, a name stays; there may come to be more.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What came with the token, escaped and cut.
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// What the verifier demands.
    pub fn configured(&self) -> Option<&str> {
        self.configured.as_deref()
    }

    /// What to change, where that can be told.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// There is nothing against the token.
    Passed,
    /// The token is refused for it.
    Failed,
    /// It was not made, because of what failed before it.
    NotReached,
    /// Somebody would have to be asked, who is not asked for an explanation.
    Unknown,
}

impl Outcome {
    /// As it is serialized: `passed`, `failed`, `not_reached` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not_reached",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            None => f.write_str("accepted")?,
            Some(error) if error.kind().is_unavailable() => {
                write!(f, "cannot be judged: {}", Told(&error.to_string()))?;
            }
            Some(error) => write!(f, "refused: {}", Told(&error.to_string()))?,
        }
        for check in &self.checks {
            write!(f, "\n{check}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11}  {}", self.outcome, self.name)?;
        if let Some(found) = &self.found {
            write!(f, ": {found}")?;
        }
        if let Some(configured) = &self.configured {
            write!(f, "; configured: {configured}")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "\n             {advice}")?;
        }
        Ok(())
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 3)?;
        let error = self.error.as_ref().map(|error| error.to_string());
        let error = error.map(|error| Told(&error).to_string());
        report.serialize_field("accepted", &self.is_accepted())?;
        report.serialize_field("error", &error)?;
        report.serialize_field("checks", &self.checks)?;
        report.end()
    }
}
