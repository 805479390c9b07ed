//! Google.

use super::{Provider, settings::Settings};
use crate::verify::issuer_rule::IssuerRule;

const ISSUER: &str = "https://accounts.google.com";

impl Provider {
    /// Google accounts: ID tokens, for its access tokens are opaque. The audience is a
    /// client id of the service.
    ///
    /// `iss` is written with and without `https://`. Anybody may have an account: who may
    /// come in, and people of which organization (`hd`), is to be asked besides.
    pub fn google() -> Self {
        Self {
            issuer: IssuerRule::Spelled([ISSUER, "accounts.google.com"].map(From::from).into()),
            speaks_id_tokens: true,
            ..Self::new("Google", ISSUER.to_owned())
        }
    }

    /// ID tokens that service accounts of Google Cloud get for calling each other. The
    /// audience is the URL of the service, or another name that it chose.
    ///
    /// `azp` is the account itself. Any service account of anybody can get a token for
    /// any audience: which ones may come in (`sub`, or `email` where `email_verified` is
    /// true) is to be asked besides.
    pub fn google_service_accounts() -> Self {
        let mut provider = Self::google();
        provider.id = Settings {
            asked_by_subject: true,
            ..provider.id
        };
        provider
    }
}
