//! `portcullis issuer serve`.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anstyle::Style;
use clap::Args;
use portcullis::jose::{Algorithm, SigningKey};
use portcullis_testing::{
    issuer::{CLIENT_ID, CLIENT_SECRET, FakeIssuer},
    mint::AUDIENCE,
};
use serde::Serialize;

use crate::{
    failure::{Failure, Verdict},
    input::Input,
    key::{Loaded, algorithm},
    output::Output,
    runtime::runtime,
};

/// Serves a fake identity provider: metadata, keys, tokens and introspection
///
/// For developing and trying out: whoever reaches it gets tokens for anybody. It listens on
/// this machine only, on a port that it tells, and ends with Ctrl-C. It has one client, for
/// the grants `client_credentials` and `password`, the latter with any password.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,
    /// Listens on an address that other machines reach
    #[arg(long)]
    allow_remote: bool,
    /// Scheme, host and port under which others reach it, such as http://issuer:9000
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// The path of the issuer, such as /realms/main
    #[arg(long, value_parser = path)]
    path: Option<String>,
    /// The audience (`aud`) of its tokens
    #[arg(long, default_value = AUDIENCE)]
    audience: String,
    /// How long its tokens live
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = humantime::parse_duration)]
    expires_in: Duration,
    /// The algorithm of its key, or of `--key` where that does not say it
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
    /// Its private key, so that tokens outlive a restart; a new one unless given
    #[arg(long, value_name = "FILE")]
    key: Option<Input>,
}

impl Serve {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(Failure::usage(format!(
                "other machines reach {}, and everybody who does gets tokens for anybody",
                self.listen
            ))
            .advice("say --allow-remote if that is meant, or listen on 127.0.0.1"));
        }
        let key = self.signing_key()?;
        runtime()?.block_on(async {
            // Before anybody is told that it runs, so that no signal comes too early.
            let end = End::listen().map_err(|error| {
                Failure::unavailable(format!("signals cannot be waited for: {error}"))
            })?;
            let issuer = self.start(key)?;
            output.show(&Served::new(&issuer, &self.audience))?;
            end.comes().await;
            Ok(Verdict::Good)
        })
    }

    fn signing_key(&self) -> Result<SigningKey, Failure> {
        let key = match &self.key {
            None => {
                let algorithm = self.algorithm.unwrap_or(Algorithm::ES256);
                SigningKey::generate(algorithm)
                    .map_err(|error| Failure::unavailable(format!("no key can be made: {error}")))?
            }
            Some(input) => match Loaded::read(input, self.algorithm)? {
                Loaded::Signing(key) => key,
                Loaded::Verifying(_) | Loaded::Set(..) => {
                    return Err(Failure::refused(format!("{input} has no private key"))
                        .advice("make one with `portcullis key new ES256 --out key.jwk`"));
                }
            },
        };
        if key.algorithm().is_symmetric() {
            return Err(Failure::usage(format!(
                "an issuer publishes its keys, and {} is a shared secret",
                key.algorithm()
            ))
            .advice("take an algorithm with pairs of keys, such as ES256"));
        }
        Ok(key)
    }

    fn start(&self, key: SigningKey) -> Result<FakeIssuer, Failure> {
        let mut builder = FakeIssuer::builder()
            .listen(self.listen)
            .path(self.path.as_deref().unwrap_or_default())
            .audience(self.audience.as_str())
            .ttl(self.expires_in)
            .key(key);
        if let Some(origin) = &self.origin {
            builder = builder.origin(origin);
        }
        builder.try_start().map_err(|error| {
            Failure::unavailable(format!("{} cannot be listened at: {error}", self.listen))
                .advice("choose another port, or 0 for any that is free")
        })
    }
}

/// The signals that end the program.
struct End {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl End {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn comes(mut self) {
        std::future::poll_fn(|cx| {
            let is_over =
                self.terminate.poll_recv(cx).is_ready() || self.interrupt.poll_recv(cx).is_ready();
            if is_over {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }
}

#[cfg(not(unix))]
impl End {
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn comes(self) {
        // Where there are no signals to wait for, it is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The path of an issuer.
fn path(text: &str) -> Result<String, String> {
    match text.is_empty() || text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err("a path begins with a slash".to_owned()),
    }
}

/// Where everything is, told once it is there.
#[derive(Serialize)]
struct Served<'a> {
    issuer: String,
    metadata: String,
    keys: String,
    introspection: String,
    token: String,
    audience: &'a str,
    client_id: &'static str,
    client_secret: &'static str,
}

impl<'a> Served<'a> {
    fn new(issuer: &FakeIssuer, audience: &'a str) -> Self {
        Self {
            issuer: issuer.name(),
            metadata: issuer.metadata_url(),
            keys: issuer.keys_url(),
            introspection: issuer.introspection_url(),
            token: issuer.token_url(),
            audience,
            client_id: CLIENT_ID,
            client_secret: CLIENT_SECRET,
        }
    }
}

impl fmt::Display for Served<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAME: Style = Style::new().bold();
        for (name, value) in [
            ("issuer", self.issuer.as_str()),
            ("metadata", &self.metadata),
            ("keys", &self.keys),
            ("introspection", &self.introspection),
            ("tokens", &self.token),
            ("audience", self.audience),
            ("client id", self.client_id),
            ("client secret", self.client_secret),
        ] {
            writeln!(f, "{NAME}{name:13}{NAME:#}  {value}")?;
        }
        write!(
            f,
            "\na token for alice, with scopes:\n  curl -s -d grant_type=password -d username=alice \
             -d scope='read write' \\\n    -d client_id={} --data-urlencode client_secret='{}' {}\n\n\
             Ctrl-C ends it",
            self.client_id, self.client_secret, self.token
        )
    }
}
