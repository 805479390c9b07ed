//! Everything that is wrong with a configuration.

use std::{borrow::Cow, fmt};

use crate::ConfigError;

/// All that is wrong with a configuration that was read; never empty.
///
/// `Display` writes a line for each, with its path in front. No value of a setting
/// that may be secret is in it.
///
/// ```
/// use portcullis::config::VerifierConfig;
///
/// let config: VerifierConfig =
///     serde_json::from_str(r#"{"issuer": "https://login.example.com", "keys_file": "none.pem"}"#)?;
/// let problems = config.build().unwrap_err().within("verifier");
/// let paths: Vec<_> = problems.iter().map(|problem| problem.path()).collect();
/// assert_eq!(paths, ["verifier.audience", "verifier.keys_file"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblems(Vec<ConfigProblem>);

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    path: String,
    message: Cow<'static, str>,
}

impl ConfigProblem {
    /// Where it is, such as `verifier[1].audience`; empty for the whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong and what to do, in lower case.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

impl ConfigProblems {
    /// One problem, with the path of the setting; empty for the whole.
    pub fn new(path: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self(vec![ConfigProblem {
            path: path.into(),
            message: message.into(),
        }])
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigProblem> {
        self.0.iter()
    }

    /// The same problems with the path of the table that they are in before theirs:
    /// the configuration of a verifier does not know what the application calls it.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        for problem in &mut self.0 {
            problem.path = joined(place, &problem.path);
        }
        self
    }

    /// Both results, or the problems of both: for telling everything that is wrong
    /// with an application's configuration at once.
    ///
    /// ```
    /// use portcullis::config::{ConfigProblems, IssuerConfig, VerifierConfig};
    ///
    /// let both = ConfigProblems::both(
    ///     VerifierConfig::default().build().map_err(|problems| problems.within("verifier")),
    ///     IssuerConfig::default().build().map_err(|problems| problems.within("issuer")),
    /// );
    /// let problems = both.unwrap_err().to_string();
    /// assert!(problems.starts_with("verifier"), "{problems}");
    /// assert!(problems.lines().any(|line| line.starts_with("issuer")), "{problems}");
    /// ```
    ///
    /// # Errors
    ///
    /// If one of them is one.
    pub fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
            (Err(mut problems), Err(more)) => {
                problems.0.extend(more.0);
                Err(problems)
            }
        }
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblems {}

impl From<ConfigError> for ConfigProblems {
    fn from(error: ConfigError) -> Self {
        Self::new("", error.to_string())
    }
}

/// Problems while they are looked for.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<ConfigProblem>);

impl Found {
    /// Notes what is wrong with the setting `path`.
    pub(super) fn add(&mut self, path: &str, message: impl Into<Cow<'static, str>>) {
        self.extend(ConfigProblems::new(path, message));
    }

    pub(super) fn extend(&mut self, problems: ConfigProblems) {
        self.0.extend(problems.0);
    }

    /// What came of it; noted under `path` if nothing did.
    pub(super) fn value<T>(
        &mut self,
        path: &str,
        result: Result<T, impl fmt::Display>,
    ) -> Option<T> {
        result
            .map_err(|error| self.add(path, error.to_string()))
            .ok()
    }

    /// What came of it; noted with its own paths if nothing did.
    pub(super) fn part<T>(&mut self, result: Result<T, ConfigProblems>) -> Option<T> {
        result.map_err(|problems| self.extend(problems)).ok()
    }

    /// Notes a text or a list that is there and says nothing.
    pub(super) fn blank<'t>(&mut self, path: &str, texts: impl IntoIterator<Item = &'t String>) {
        if texts.into_iter().any(String::is_empty) {
            self.add(
                path,
                "an empty text says nothing: leave the setting out, or fill it in",
            );
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, if it is there and nothing is wrong.
    pub(super) fn result<T>(self, value: Option<T>) -> Result<T, ConfigProblems> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(ConfigProblems(self.0)),
        }
    }
}

fn joined(place: &str, path: &str) -> String {
    let separator = match (place, path) {
        ("", _) | (_, "") => "",
        (_, path) if path.starts_with('[') => "",
        _ => ".",
    };
    format!("{place}{separator}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_before_another() {
        for (place, path, expected) in [
            ("verifier", "audience", "verifier.audience"),
            ("verifier", "[1].audience", "verifier[1].audience"),
            ("[1]", "audience", "[1].audience"),
            ("verifier", "", "verifier"),
            ("", "audience", "audience"),
        ] {
            assert_eq!(joined(place, path), expected);
        }
    }
}
