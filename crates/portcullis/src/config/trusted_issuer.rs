//! What is said of one issuer.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::{
    introspection::IntrospectionConfig,
    named::{CacheConfig, DangerousConfig, KindClaim},
    provider::ProviderConfig,
    values::{OneOrMany, TimeSpan},
};
use crate::{jose::Algorithm, secret::SecretString};

/// One issuer, and what is asked of its tokens: a
/// [`VerifierBuilder`](crate::verify::VerifierBuilder) as data.
///
/// Where a list is expected, one text does as well. Spans of time have a unit: `30s`,
/// `5m`, `1h 30m`. Paths are looked for from the working directory of the process.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(description = "One issuer, and what is asked of its tokens.")
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrustedIssuer {
    /// The `iss` that every token must have, to the letter (RFC 7519 section 4.1.1);
    /// several, if it is one issuer that writes its name in several ways. Mandatory,
    /// unless a provider is named.
    pub issuer: OneOrMany<String>,
    /// The tenants of an issuer that has a name for each of them, by their GUIDs:
    /// `{tenantid}` stands in `issuer` in their place.
    pub tenants: OneOrMany<String>,
    /// An identity provider by its name, in place of the issuer: where its keys are,
    /// its algorithms and how its tokens look are known.
    pub provider: Option<ProviderConfig>,
    /// Another origin than the provider's own, `https://host`: a national cloud, a
    /// domain of one's own.
    pub provider_origin: Option<String>,
    /// The names of this service, one of which every token must have in its `aud` (RFC
    /// 7519 section 4.1.3). Mandatory.
    pub audience: OneOrMany<String>,

    /// Public keys as text: PEM, a JWK or a JWK Set.
    // As if it were secret, for a private key may be put there by mistake.
    pub keys: Option<SecretString>,
    /// Files with public keys, which are read once: PEM, a JWK or a JWK Set.
    pub keys_file: OneOrMany<PathBuf>,
    /// A shared secret, as the text is. Rather in a file.
    pub secret: Option<SecretString>,
    /// A file with a shared secret, as its bytes are, or with a JWK; several while one takes
    /// the place of another. A line end at the end of a file is not part of the secret.
    pub secret_file: OneOrMany<PathBuf>,
    /// Whether the keys are fetched from where the issuer's metadata says (OpenID
    /// Connect Discovery, RFC 8414).
    pub discover: bool,
    /// Where the metadata is, if not where the issuer's name says.
    pub metadata_url: Option<String>,
    /// Where the key set is, for issuers without metadata.
    pub jwks_uri: Option<String>,
    /// A file with public keys, or a directory of such files, that is looked at again
    /// every few seconds.
    pub watch_keys: Option<PathBuf>,
    /// The issuer is asked about each token (RFC 7662), in place of keys.
    pub introspection: Option<IntrospectionConfig>,
    /// The algorithms that tokens may have. Mandatory for a shared secret; otherwise
    /// each key says it, and an RSA key that does not is for RS256.
    pub algorithms: OneOrMany<Algorithm>,

    /// Keys that are fetched: how long they are good without being seen again; an hour
    /// unless set.
    pub stale_limit: Option<TimeSpan>,
    /// Keys that are fetched: for how long they count as fresh at most; as long as the
    /// issuer says unless set.
    pub interval: Option<TimeSpan>,
    /// Keys that are fetched: a file or directory with those to begin with.
    pub seed_file: Option<PathBuf>,
    /// A file with a Bearer token that is sent with requests for metadata and keys.
    pub bearer_file: Option<PathBuf>,
    /// A file with the certificates (PEM) that are trusted for these requests, in place
    /// of the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Whether `http://` URLs of this machine may be fetched; they are without a proxy.
    pub allow_loopback_http: bool,

    /// Whether the access-token profile of RFC 9068 section 4 is demanded.
    pub rfc9068: bool,
    /// Whether ID tokens are accepted instead of access tokens (OpenID Connect Core
    /// section 3.1.3.7).
    pub id_tokens: bool,
    /// Further clients that may have asked for an ID token (`azp`); makes ID tokens of
    /// what is accepted.
    pub authorized_parties: OneOrMany<String>,
    /// The claim that carries the subject; `sub` unless set.
    pub subject_claim: Option<String>,
    /// The realm to which the subjects belong; the issuer unless set.
    pub subject_realm: Option<String>,
    /// The claim that carries the scopes; `scope` and `scp` together unless set.
    pub scope_claim: Option<String>,
    /// The claim that names the client; `client_id` unless set.
    pub client_claim: Option<String>,
    /// The claim that stands for `aud`, where an issuer writes none.
    pub audience_claim: Option<String>,
    /// The claim that tells whether a login with credentials gave the token.
    pub fresh_claim: Option<String>,
    /// The claim that names the kind of a token, and what it says of access tokens.
    pub kind_claim: Option<KindClaim>,
    /// By how much clocks may differ; 60 seconds unless set.
    pub leeway: Option<TimeSpan>,
    /// How long ago a token may have been issued; makes `iat` required.
    pub max_age: Option<TimeSpan>,
    /// How long a token may live in all, from `iat` to `exp`; makes both required.
    pub max_lifetime: Option<TimeSpan>,
    /// Claims that every token must have, whatever their value.
    pub require_claims: OneOrMany<String>,
    /// Claims of which every token must have one that says something.
    pub require_any_claim: OneOrMany<String>,
    /// Claims by name, with the text that each must be, or the texts of which it must be
    /// one.
    pub require_claim_values: BTreeMap<String, OneOrMany<String>>,
    /// Claims that no token may have, whatever their value.
    pub refuse_claims: OneOrMany<String>,
    /// The largest token that is looked at, in bytes; 8192 unless set.
    pub max_token_size: Option<usize>,
    /// The longest header that is looked at, in bytes of the token.
    pub max_header_size: Option<usize>,
    /// Remembers verified tokens; nothing is remembered unless this is there.
    pub cache: Option<CacheConfig>,
    /// Choices that weaken the verifier.
    pub dangerous: DangerousConfig,
}

/// Where an issuer's keys come from, as a [`TrustedIssuer`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// They are in the configuration, or in files that are read once.
    Here,
    /// They are fetched, or looked at again and again.
    Fetched,
    /// There are none: the issuer is asked about each token.
    Introspection,
}
