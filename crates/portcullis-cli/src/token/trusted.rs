//! What is trusted, as arguments say it.

use std::time::Duration;

use clap::Args;
use portcullis::{
    jose::{Algorithm, KeySet},
    verify::{NoAudience, Ready, Verifier, VerifierBuilder},
};
use portcullis_remote::{Client, Issuer, IssuerError};

use crate::{
    escaped::Line,
    failure::Failure,
    input::Input,
    key::{Loaded, algorithm, secret},
    output::Output,
    runtime::runtime,
};

/// Keys, issuer and audience.
#[derive(Debug, Args)]
#[group(id = "trusted", conflicts_with = "config", multiple = true)]
pub(super) struct Trusted {
    /// A key that is trusted: PEM, a JWK or a JWK Set; may be given several times
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<Input>,
    /// A shared secret that is trusted: its bytes without the line end behind them, or a JWK
    #[arg(long, value_name = "FILE", requires = "algorithm")]
    secret_file: Option<Input>,
    /// The algorithm of the secret, or of keys that do not say theirs
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
    /// Fetches the keys from this URL
    #[arg(long, value_name = "URL", requires = "issuer", conflicts_with_all = ["keys", "secret_file"])]
    keys_url: Option<String>,
    /// Fetches keys from this machine by plain http, too, and then without a proxy
    #[arg(long)]
    allow_loopback_http: bool,
    /// The issuer (`iss`) that is trusted
    #[arg(long)]
    issuer: Option<String>,
    /// Takes tokens of any issuer that has the key
    #[arg(long, conflicts_with = "issuer")]
    any_issuer: bool,
    /// A name of the service, one of which must be in `aud`; may be given several times
    #[arg(long)]
    audience: Vec<String>,
    /// Takes tokens for anybody
    #[arg(long, conflicts_with = "audience")]
    any_audience: bool,
    /// Takes tokens without an audience only
    #[arg(long, conflicts_with_all = ["audience", "any_audience"])]
    no_audience: bool,
    /// Demands the access-token profile of RFC 9068
    #[arg(long)]
    rfc9068: bool,
    /// By how much clocks may differ; 60s unless set
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    leeway: Option<Duration>,
}

/// A verifier's builder with everything that is mandatory.
type Complete = VerifierBuilder<Ready, Ready, Ready>;

impl Trusted {
    /// The files with keys and secrets.
    pub(super) fn files(&self) -> impl Iterator<Item = &Input> {
        self.keys.iter().chain(&self.secret_file)
    }

    /// A verifier's builder; its keys are those that the issuer has now, if they shall be
    /// fetched.
    pub(super) fn builder(&self, fetch: bool, output: &mut Output) -> Result<Complete, Failure> {
        let builder = match fetch || self.keys_url.is_some() {
            true => self.fetched()?,
            false => self.of_issuer(Verifier::builder().keys(self.key_set(output)?))?,
        };
        let builder = self.for_audience(builder)?;
        let builder = match self.leeway {
            Some(leeway) => builder.leeway(leeway),
            None => builder,
        };
        Ok(match self.rfc9068 {
            true => builder.rfc9068(),
            false => builder,
        })
    }

    fn key_set(&self, output: &mut Output) -> Result<KeySet, Failure> {
        let mut keys = Vec::new();
        for input in &self.keys {
            let loaded = Loaded::read(input, self.algorithm)?;
            if let Loaded::Set(_, skipped) = &loaded {
                for key in skipped {
                    let reason = key.reason.to_string();
                    let number = key.index + 1;
                    output.note(format_args!(
                        "{input}: key {number} is left out: {}",
                        Line(&reason)
                    ));
                }
            }
            keys.extend(loaded.key_set().iter().cloned());
        }
        if let Some((input, algorithm)) = self.secret_file.as_ref().zip(self.algorithm) {
            keys.push(secret(input, algorithm)?.verifying_key());
        }
        if keys.is_empty() {
            return Err(Failure::usage("there is no key to verify with").advice(
                "name one with --key FILE or --secret-file FILE, or fetch the issuer's with --fetch",
            ));
        }
        Ok(KeySet::new(keys))
    }

    fn of_issuer(
        &self,
        builder: VerifierBuilder<Ready>,
    ) -> Result<VerifierBuilder<Ready, Ready>, Failure> {
        match (&self.issuer, self.any_issuer) {
            (Some(issuer), _) => Ok(builder.issuer(issuer.as_str())),
            (None, true) => Ok(builder.dangerous().any_issuer()),
            (None, false) => Err(Failure::usage("nothing says which issuer is trusted")
                .advice("name it with --issuer, as `iss` has it, or say --any-issuer")),
        }
    }

    fn for_audience<K, I>(
        &self,
        builder: VerifierBuilder<K, I, NoAudience>,
    ) -> Result<VerifierBuilder<K, I, Ready>, Failure> {
        match self.audience.as_slice() {
            [] if self.any_audience => Ok(builder.dangerous().any_audience()),
            [] if self.no_audience => Ok(builder.dangerous().no_audience()),
            [] => Err(
                Failure::usage("nothing says for whom tokens have to be").advice(
                    "name the service with --audience, as `aud` has it, or say --any-audience or \
                 --no-audience",
                ),
            ),
            audiences => Ok(builder.audiences(audiences.iter().map(String::as_str))),
        }
    }

    /// A verifier with the keys that the issuer has now.
    fn fetched(&self) -> Result<VerifierBuilder<Ready, Ready>, Failure> {
        let name = self.issuer.as_deref().ok_or_else(|| {
            Failure::usage("nothing says whose keys are fetched").advice("name it with --issuer")
        })?;
        let mut client = Client::builder();
        let mut builder = Issuer::builder(name);
        if let Some(url) = &self.keys_url {
            builder = builder.keys_url(url);
        }
        if let Some(algorithm) = self.algorithm {
            builder = builder.algorithms([algorithm]);
        }
        if self.allow_loopback_http {
            builder = builder.allow_loopback_http();
            client = client.no_proxy();
        }
        let client = client.build().map_err(Failure::unavailable)?;
        match runtime()?.block_on(builder.http_client(client).connect()) {
            Ok(issuer) => Ok(issuer.verifier()),
            Err(IssuerError::Config(error)) => Err(Failure::usage(error)
                .advice("for an issuer of this machine say --allow-loopback-http")),
            Err(error) => Err(Failure::unavailable(format!(
                "the keys of {name} cannot be fetched: {error}"
            ))
            .advice(
                "is it the `iss` of its tokens, to the letter? --keys-url says where keys are",
            )),
        }
    }
}
