//! GitHub Actions.

use super::{Provider, names::base_url};
use crate::ConfigError;

const ISSUER: &str = "https://token.actions.githubusercontent.com";

impl Provider {
    /// Workflows of GitHub Actions in these repositories (`octo-org/weather`), or of
    /// these owners (`octo-org`): ID tokens, with the audience that the workflow asks
    /// for.
    ///
    /// Every workflow of everybody can ask for every audience, so the audience alone
    /// keeps nobody out: `repository` or `repository_owner` must be one of those given.
    /// Names can be given up and taken by others, ids cannot: see
    /// [`require_claim_value`](crate::verify::VerifierBuilder::require_claim_value) for
    /// `repository_id`. The subject names the branch, tag or environment.
    ///
    /// # Errors
    ///
    /// No repository, or something that is neither `owner/name` nor `owner`.
    pub fn github_actions<T>(repositories: T) -> Result<Self, ConfigError>
    where
        T: IntoIterator,
        T::Item: AsRef<str>,
    {
        Self::github_actions_at(ISSUER, repositories)
    }

    /// As [`github_actions`](Self::github_actions), with an issuer of one's own: an
    /// enterprise's (`https://token.actions.githubusercontent.com/octo-enterprise`), or
    /// that of a GitHub Enterprise Server (`https://HOST/_services/token`).
    ///
    /// # Errors
    ///
    /// Also if `issuer` is not a URL.
    pub fn github_actions_at<T>(issuer: &str, repositories: T) -> Result<Self, ConfigError>
    where
        T: IntoIterator,
        T::Item: AsRef<str>,
    {
        let repositories = repositories.into_iter().map(|name| value(name.as_ref()));
        let values = repositories.collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() {
            return Err(ConfigError::new(
                "every workflow of everybody can ask for a token for this service: name the \
                 repositories that may come in, or their owners",
            ));
        }
        let mut provider = Self::new("GitHub Actions", base_url(issuer)?);
        provider.id.values = values;
        provider.speaks_id_tokens = true;
        Ok(provider)
    }
}

fn value(name: &str) -> Result<(&'static str, Box<str>), ConfigError> {
    let is_name = |name: &str| {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        !name.is_empty() && name.bytes().all(is_fine)
    };
    let (claim, is_fine) = match name.split_once('/') {
        Some((owner, name)) => ("repository", is_name(owner) && is_name(name)),
        None => ("repository_owner", is_name(name)),
    };
    if !is_fine {
        return Err(ConfigError::new(format!(
            "{name:?} is neither a repository (`owner/name`) nor an owner, and patterns are not \
             understood"
        )));
    }
    Ok((claim, name.into()))
}
