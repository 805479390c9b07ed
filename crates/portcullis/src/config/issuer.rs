//! An issuer of one's own.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{
    key_text::{keys_in_files, of_file, public_keys, secret_key, without_line_end},
    named::KindClaim,
    problems::{ConfigProblems, Found},
    values::{OneOrMany, TimeSpan},
};
use crate::{
    ConfigError,
    issue::{AudienceForm, SigningKeys, TokenIssuer, TokenIssuerBuilder, TokenShape},
    jose::{Algorithm, KeySet, SigningKey},
    secret::SecretString,
    time::SharedClock,
};

/// A [`TokenIssuer`] as data.
///
/// ```
/// use portcullis::config::IssuerConfig;
///
/// # let key = portcullis::jose::SigningKey::generate(portcullis::jose::Algorithm::ES256)?;
/// # let json = serde_json::json!({ "issuer": "https://api.example", "access_ttl": "15m",
/// #     "audience": "https://api.example", "signing_key": key.to_jwk()?.expose() }).to_string();
/// // [issuer]
/// // issuer = "https://api.example"
/// // audience = "https://api.example"
/// // signing_key_file = "/run/secrets/signing-key.pem"
/// // access_ttl = "15m"
/// let config: IssuerConfig = serde_json::from_str(&json)?;
/// let issuer = config.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(description = "An issuer of access tokens of one's own.")
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct IssuerConfig {
    /// The `iss` claim. Mandatory for the shape of RFC 9068.
    pub issuer: Option<String>,
    /// The `aud` claim. Mandatory for the shape of RFC 9068.
    pub audience: OneOrMany<String>,
    /// How long access tokens live; 15 minutes unless set.
    pub access_ttl: Option<TimeSpan>,

    /// The private key that signs, as text: PEM or a JWK. Rather in a file.
    pub signing_key: Option<SecretString>,
    /// A file with the private key that signs: PEM or a JWK.
    pub signing_key_file: Option<PathBuf>,
    /// A shared secret to sign with, as the text is. Rather in a file.
    pub secret: Option<SecretString>,
    /// A file with a shared secret, as its bytes are, or with a JWK. A line end at its
    /// end is not part of it.
    pub secret_file: Option<PathBuf>,
    /// The algorithm to sign with. Mandatory for a shared secret; otherwise the key says
    /// it, and an RSA key that does not is for RS256.
    pub algorithm: Option<Algorithm>,
    /// What tokens call the key in `kid`; what its JWK says unless set.
    pub key_id: Option<String>,
    /// Files with the public keys that signed before, and still verify: PEM, a JWK or a
    /// JWK Set.
    pub older_keys_file: OneOrMany<PathBuf>,
    /// Files with the shared secrets that signed before, with the same algorithm, and still
    /// verify.
    pub older_secret_file: OneOrMany<PathBuf>,

    /// The shape of the tokens; `rfc9068` unless set.
    pub shape: ShapeName,
    /// The claim that carries the subject; that of the shape unless set.
    pub subject_claim: Option<String>,
    /// The realm to which the subjects belong; that of the shape unless set.
    pub subject_realm: Option<String>,
    /// The claim that names the kind of a token, and what it says of access and refresh
    /// tokens; that of the shape unless set.
    pub kind_claim: Option<KindClaim>,
    /// Whether `aud` is an array even where there is one audience; as the shape has it
    /// unless set.
    pub audience_array: Option<bool>,
}

/// The name of a shape of tokens; see `issue::TokenShape`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShapeName {
    /// The access-token profile of RFC 9068.
    #[default]
    Rfc9068,
    /// For a service of one's own, whose tokens no other service reads.
    Plain,
    /// A session API.
    Session,
    /// An API-key API.
    ApiKey,
    /// An OAuth password-grant API.
    PasswordGrant,
}

impl ShapeName {
    fn shape(self) -> TokenShape {
        match self {
            Self::Rfc9068 => TokenShape::rfc9068(),
            Self::Plain => TokenShape::plain(),
            Self::Session => TokenShape::session(),
            Self::ApiKey => TokenShape::api_key(),
            Self::PasswordGrant => TokenShape::password_grant(),
        }
    }
}

impl IssuerConfig {
    /// Builds the issuer; reads the files of keys that are named.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn build(&self) -> Result<TokenIssuer, ConfigProblems> {
        self.build_with(SharedClock::default())
    }

    /// As [`build`](Self::build), with another clock than the system's.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_with(&self, clock: SharedClock) -> Result<TokenIssuer, ConfigProblems> {
        let mut found = Found::default();
        let key = self.key(&mut found);
        let older = self.older_keys(&mut found);
        self.finish(key.map(SigningKeys::from), older, clock, found)
    }

    /// Builds an issuer whose keys are no part of this: those of a
    /// [ring](super::KeyRingConfig), say.
    ///
    /// # Errors
    ///
    /// Everything that is wrong; a key that is named here is.
    pub fn build_signing_with(
        &self,
        keys: impl Into<SigningKeys>,
        clock: SharedClock,
    ) -> Result<TokenIssuer, ConfigProblems> {
        let mut found = Found::default();
        let others = [
            ("algorithm", self.algorithm.is_some()),
            ("key_id", self.key_id.is_some()),
            ("older_keys_file", !self.older_keys_file.is_empty()),
            ("older_secret_file", !self.older_secret_file.is_empty()),
        ];
        let others = others.into_iter().filter(|(_, is_set)| *is_set);
        let others = others.map(|(name, _)| name);
        for name in self.key_settings().into_iter().chain(others) {
            let message = "the application brings the keys to sign with: leave this out";
            found.add(name, message);
        }
        self.finish(Some(keys.into()), KeySet::default(), clock, found)
    }

    fn finish(
        &self,
        keys: Option<SigningKeys>,
        older: KeySet,
        clock: SharedClock,
        mut found: Found,
    ) -> Result<TokenIssuer, ConfigProblems> {
        let shape = self.shape(&mut found);
        self.check_names(&mut found);
        let builder = keys.map(|keys| {
            let builder = TokenIssuer::builder(keys).shape(shape).clock(clock);
            self.settings(builder, older)
        });
        Ok(found.result(builder)?.build()?)
    }

    fn settings(&self, mut builder: TokenIssuerBuilder, older: KeySet) -> TokenIssuerBuilder {
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer.as_str());
        }
        for audience in &*self.audience {
            builder = builder.audience(audience.as_str());
        }
        if let Some(ttl) = self.access_ttl {
            builder = builder.access_ttl(ttl.into());
        }
        if !older.is_empty() {
            builder = builder.older_keys(older);
        }
        builder
    }

    fn check_names(&self, found: &mut Found) {
        found.blank("issuer", &self.issuer);
        found.blank("audience", &*self.audience);
        found.blank("subject_claim", &self.subject_claim);
        found.blank("subject_realm", &self.subject_realm);
        found.blank("key_id", &self.key_id);
        if self.shape == ShapeName::Rfc9068 {
            for (name, is_missing) in [
                ("issuer", self.issuer.is_none()),
                ("audience", self.audience.is_empty()),
            ] {
                if is_missing {
                    found.add(
                        name,
                        "tokens of RFC 9068 have an issuer and an audience: set it, or choose \
                         another `shape`",
                    );
                }
            }
        }
        let ttl = self.access_ttl.map(Duration::from);
        if ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
            found.add(
                "access_ttl",
                "access tokens must live for at least one second",
            );
        }
    }

    fn shape(&self, found: &mut Found) -> TokenShape {
        let mut shape = self.shape.shape();
        if let Some(name) = &self.subject_claim {
            shape = shape.subject_claim(name.as_str());
        }
        if let Some(realm) = &self.subject_realm {
            shape = shape.subject_realm(realm.as_str());
        }
        if let Some(kind) = &self.kind_claim {
            match &kind.refresh {
                Some(refresh) => {
                    found.blank("kind_claim", [&kind.name, &kind.access, refresh]);
                    let (name, access) = (kind.name.as_str(), kind.access.as_str());
                    shape = shape.kind_claim(name, access, refresh.as_str());
                }
                None => found.add(
                    "kind_claim.refresh",
                    "it is not said how refresh tokens are told apart: set it",
                ),
            }
        }
        match self.audience_array {
            Some(true) => shape.audience_form(AudienceForm::Array),
            Some(false) => shape.audience_form(AudienceForm::Text),
            None => shape,
        }
    }

    /// The settings that say what to sign with.
    fn key_settings(&self) -> Vec<&'static str> {
        let settings = [
            ("signing_key_file", self.signing_key_file.is_some()),
            ("signing_key", self.signing_key.is_some()),
            ("secret_file", self.secret_file.is_some()),
            ("secret", self.secret.is_some()),
        ];
        let set = settings.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(name, _)| name).collect()
    }

    fn key(&self, found: &mut Found) -> Option<SigningKey> {
        match self.key_settings().as_slice() {
            [] => {
                found.add(
                    "",
                    "there is no key to sign with: set one of `signing_key_file`, `signing_key`, \
                     `secret_file` and `secret`",
                );
                return None;
            }
            [_] => {}
            [first, others @ ..] => {
                for other in others {
                    found.add(
                        other,
                        format!("`{first}` says already what to sign with: keep one"),
                    );
                }
                return None;
            }
        }
        let private = |text: &[u8]| {
            let key = SigningKey::from_pem_or_jwk(text, self.algorithm);
            key.map_err(|error| ConfigError::new(error.to_string()))
        };
        let secret = |text: &[u8]| secret_key(text, self.algorithm);
        let key = if let Some(path) = &self.signing_key_file {
            found.value("signing_key_file", of_file(path, private))
        } else if let Some(text) = &self.signing_key {
            found.value("signing_key", private(text.expose().as_bytes()))
        } else if let Some(path) = &self.secret_file {
            let secret = |text: &[u8]| secret(without_line_end(text));
            found.value("secret_file", of_file(path, secret))
        } else {
            let text = self.secret.as_ref()?;
            found.value("secret", secret(text.expose().as_bytes()))
        }?;
        Some(match &self.key_id {
            Some(key_id) => key.with_key_id(key_id),
            None => key,
        })
    }

    fn older_keys(&self, found: &mut Found) -> KeySet {
        let secret = |text: &[u8]| {
            let key = secret_key(without_line_end(text), self.algorithm)?;
            Ok(vec![key.verifying_key()])
        };
        let public = keys_in_files("older_keys_file", &self.older_keys_file, found, |text| {
            public_keys(text, &[])
        });
        let secrets = keys_in_files("older_secret_file", &self.older_secret_file, found, secret);
        KeySet::new(public.into_iter().chain(secrets).flatten())
    }
}
