//! Settings that belong together.

use serde::Deserialize;

/// What is remembered of tokens that were verified; see `verify::TokenCache`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CacheConfig {
    /// About how much may be remembered, in bytes; 16 MiB unless set.
    pub max_bytes: Option<usize>,
    /// Whether tokens of shared secrets are remembered too.
    pub shared_secrets: bool,
}

/// The claim that names the kind of a token.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KindClaim {
    /// The name of the claim.
    pub name: String,
    /// What it says of access tokens.
    pub access: String,
    /// What it says of refresh tokens: for an issuer, and not for a verifier.
    #[serde(default)]
    pub refresh: Option<String>,
}

/// Choices that weaken a verifier; see `verify::Dangerous`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DangerousConfig {
    /// Accepts tokens of whatever issuer: whoever holds one of the keys can speak as
    /// anybody.
    pub any_issuer: bool,
    /// Accepts tokens for whatever audience: one that was given to another service can
    /// be replayed here.
    pub any_audience: bool,
    /// Accepts tokens that name no audience, and refuses those that do.
    pub no_audience: bool,
    /// Accepts sender-constrained tokens (`cnf`, RFC 7800) from whoever sends them.
    pub ignore_binding: bool,
}
