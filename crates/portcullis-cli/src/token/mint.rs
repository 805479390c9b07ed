//! `portcullis token mint`.

use std::{fmt, time::Duration};

use clap::{Args, ValueEnum};
use portcullis::{
    claims::ScopeSet,
    config::IssuerConfig,
    issue::{AccessToken, IssueError, IssueErrorKind, TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    subject::Subject,
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    config::ConfigFile,
    failure::{Failure, Verdict},
    input::Input,
    key::{Loaded, algorithm, secret},
    output::Output,
    when,
};

/// Mints an access token and writes it in one line
///
/// For example: `portcullis token mint --key key.jwk --shape plain --subject alice`, or with
/// the configuration of an issuer. Whoever has the key is believed: use one that no service
/// in production trusts.
#[derive(Debug, Args)]
pub(crate) struct Mint {
    /// The private key or secret, in PEM or as a JWK; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    key: Option<Input>,
    /// A shared secret: its bytes without the line end behind them, or a JWK
    #[arg(long, value_name = "FILE", requires = "algorithm", conflicts_with_all = ["config", "key"])]
    secret_file: Option<Input>,
    #[command(flatten)]
    config: ConfigFile,
    /// The algorithm of the secret, or of a key that does not say its own
    #[arg(long, value_parser = algorithm, conflicts_with = "config")]
    algorithm: Option<Algorithm>,
    /// Which claims carry what
    #[arg(long, value_enum, default_value_t = Shape::Rfc9068, conflicts_with = "config")]
    shape: Shape,
    /// The `iss` of the token
    #[arg(long, conflicts_with = "config")]
    issuer: Option<String>,
    /// An audience (`aud`) of the token; may be given several times
    #[arg(long, conflicts_with = "config")]
    audience: Vec<String>,
    /// Whom the token speaks for
    #[arg(long)]
    subject: String,
    /// The client that gets it (`client_id`), which RFC 9068 demands
    #[arg(long)]
    client: Option<String>,
    /// The scopes that it grants, with spaces between them
    #[arg(long)]
    scope: Option<ScopeSet>,
    /// That a login with credentials gave it, in shapes that tell so
    #[arg(long)]
    fresh: bool,
    /// When the user logged in (`auth_time`)
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    auth_time: Option<Timestamp>,
    /// A further claim; a value that is JSON is taken as such, anything else as text
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    claims: Vec<(String, Value)>,
    /// How long it lives
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "15m",
        value_parser = humantime::parse_duration,
        conflicts_with = "config"
    )]
    expires_in: Duration,
    /// The time at which it is issued, in place of now: for tokens that have expired
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<Timestamp>,
}

/// The shapes of `portcullis::issue::TokenShape`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// The profile of RFC 9068, with issuer, audience and client
    Rfc9068,
    /// For a service of one's own: `sub`, `type` and `fresh`
    Plain,
    /// The session API: the subject is in `identity`
    Session,
    /// The API-key API: the subject is an API
    ApiKey,
    /// The password-grant API: the subject is in `user_id`
    PasswordGrant,
}

impl Shape {
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

impl Mint {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let issuer = match self.config.read::<IssuerConfig>()? {
            Some(config) => config
                .build_with(when::clock(self.at))
                .map_err(|problems| self.config.refused(problems))?,
            None => self.issuer()?,
        };
        let subject = Subject::new(issuer.shape().realm(), self.subject.as_str());
        let claims = self.further_claims()?;
        let token = AccessToken::new(&subject)
            .client(self.client.as_deref())
            .scope(self.scope.clone().unwrap_or_default())
            .fresh(self.fresh)
            .auth_time(self.auth_time)
            .claims(&claims);
        let issued = issuer.access(&token).map_err(|error| cannot(&error))?;
        output.show(&Minted {
            token: issued.token().expose(),
            id: issued.id(),
            issued_at: issued.issued_at().as_secs(),
            expires_at: issued.expires_at().map(Timestamp::as_secs),
        })?;
        Ok(Verdict::Good)
    }

    /// The issuer that the arguments tell of.
    fn issuer(&self) -> Result<TokenIssuer, Failure> {
        let mut builder = TokenIssuer::builder(self.signing_key()?)
            .shape(self.shape.shape())
            .access_ttl(self.expires_in)
            .clock(when::clock(self.at));
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer.as_str());
        }
        for audience in &self.audience {
            builder = builder.audience(audience.as_str());
        }
        builder.build().map_err(|error| {
            Failure::usage(error).advice(
                "--issuer, --audience, --shape and --expires-in say what the token looks like",
            )
        })
    }

    fn signing_key(&self) -> Result<SigningKey, Failure> {
        if let Some((input, algorithm)) = self.secret_file.as_ref().zip(self.algorithm) {
            return secret(input, algorithm);
        }
        let input = self.key.as_ref().ok_or_else(|| {
            Failure::usage("there is no key to sign with").advice(
                "name it with --key or --secret-file, or an issuer's configuration with --config",
            )
        })?;
        match Loaded::read(input, self.algorithm)? {
            Loaded::Signing(key) => Ok(key),
            Loaded::Verifying(_) | Loaded::Set(..) => Err(Failure::refused(format!(
                "{input} has no private key"
            ))
            .advice("a token is signed with the private key, of which this is the public half")),
        }
    }

    fn further_claims(&self) -> Result<Map<String, Value>, Failure> {
        let mut claims = Map::new();
        for (name, value) in &self.claims {
            if claims.insert(name.clone(), value.clone()).is_some() {
                return Err(Failure::usage(format!("the claim `{name}` is given twice"))
                    .advice(format!("for several values write --claim '{name}=[1,2]'")));
            }
        }
        Ok(claims)
    }
}

/// A claim of the arguments.
fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write it as NAME=VALUE, such as level=3 or team=red")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

fn cannot(error: &IssueError) -> Failure {
    match error.kind() {
        IssueErrorKind::ClientMissing => Failure::usage(error)
            .advice("name it with --client, or choose another shape: --shape plain"),
        IssueErrorKind::ReservedClaim => Failure::usage(error)
            .advice("it has an argument of its own: `portcullis token mint --help`"),
        _ => Failure::unavailable(error),
    }
}

/// To people the token alone, in one line.
#[derive(Serialize)]
struct Minted<'t> {
    token: &'t str,
    id: &'t str,
    issued_at: i64,
    expires_at: Option<i64>,
}

impl fmt::Display for Minted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token)
    }
}
