//! The command line of the demos.

mod browsers;
mod url;
mod values;

pub(crate) use browsers::{Browsers, CookieChoice};
pub(crate) use url::ServerUrl;
pub(crate) use values::{EntraTenant, NewApiKey, NewClient, NewUser, StoreChoice, TrustedIssuer};

use std::{env, ffi::OsString, fmt::Display, path::PathBuf, str::FromStr, time::Duration};

use clap::{CommandFactory, FromArgMatches, Parser, builder::FalseyValueParser, error::ErrorKind};

use self::browsers::BrowserArguments;
use crate::accounts::RECOMMENDED_MEMORY_KIB;

/// What a demo is started with.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: String,
    /// Where sessions are kept.
    pub store: StoreChoice,
    /// The users.
    pub users: Vec<NewUser>,
    /// The API ids, their keys and organisations.
    pub api_keys: Vec<NewApiKey>,
    /// The OAuth clients.
    pub clients: Vec<NewClient>,
    /// Whether the users are the demo's own, whose passwords are no secret.
    pub default_users: bool,
    /// Whether the API keys are the demo's own.
    pub default_api_keys: bool,
    /// The key that signs access tokens; `None`: one of the demo's own.
    pub signing_key: Option<PathBuf>,
    /// The name of the password-grant API's issuer; `None`: its tokens name none.
    pub issuer: Option<String>,
    /// Other issuers whose tokens are taken.
    pub trusted: Vec<TrustedIssuer>,
    /// The file that says whose tokens are taken besides.
    pub config: Option<PathBuf>,
    /// The URL by which clients know this server as a protected resource.
    pub resource: Option<String>,
    /// The tenant whose people may sign on.
    pub entra: Option<EntraTenant>,
    /// How long tokens and sessions live.
    pub lifetimes: Lifetimes,
    /// How long access tokens are accepted while the store cannot be read.
    pub max_silence: Duration,
    /// How much memory it takes to hash a password, in KiB.
    pub argon2_memory: u32,
    /// What there is for browsers.
    pub browsers: Browsers,
    /// Whether `/me` takes an access token in its query.
    pub query_token: bool,
    /// Whether each request is told to stderr.
    pub access_log: bool,
}

/// How long tokens and sessions live; `None`: each API's own lifetime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// Access tokens of the session API and the password-grant API.
    pub access: Option<Duration>,
    /// Refresh tokens.
    pub refresh: Option<Duration>,
    /// Access tokens of the API-key API.
    pub api_key: Option<Duration>,
    /// Sessions, however often they are refreshed.
    pub session: Option<Duration>,
    /// How long a refresh token that was just used gives the same answer again.
    pub grace: Duration,
}

impl Options {
    /// Reads the command line and the environment of this process.
    ///
    /// # Errors
    ///
    /// What is wrong, or the text of `--help`; made to be
    /// [printed](clap::Error::exit).
    pub(crate) fn from_process(program: &'static str) -> Result<Self, clap::Error> {
        Self::read(program, env::args_os(), |name| env::var_os(name))
            .map_err(|error| error.format(&mut command(program)))
    }

    fn read(
        program: &'static str,
        arguments: impl IntoIterator<Item = OsString>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, clap::Error> {
        let arguments =
            Arguments::from_arg_matches(&command(program).try_get_matches_from(arguments)?)?;
        // Not by clap, whose messages would repeat a password.
        let store = arguments
            .store
            .parse()
            .map_err(|reason| invalid("--store", reason))?;
        let (users, default_users) = Repeated {
            option: "user",
            given: arguments.user,
            default: DEFAULT_USERS,
        }
        .read::<NewUser>(&variable, |user| &user.name)?;
        let (api_keys, default_api_keys) = Repeated {
            option: "api-key",
            given: arguments.api_key,
            default: DEFAULT_API_KEYS,
        }
        .read::<NewApiKey>(&variable, |key| &key.id)?;
        let (clients, _) = Repeated {
            option: "client",
            given: arguments.client,
            default: DEFAULT_CLIENTS,
        }
        .read::<NewClient>(&variable, |client| &client.id)?;
        let (trusted, _) = Repeated {
            option: "trust",
            given: arguments.trust,
            default: "",
        }
        .read::<TrustedIssuer>(&variable, |trusted| &trusted.text)?;
        Ok(Self {
            listen: arguments.listen,
            store,
            users,
            api_keys,
            clients,
            default_users,
            default_api_keys,
            signing_key: arguments.signing_key,
            issuer: arguments.issuer,
            trusted,
            config: arguments.config,
            resource: arguments.resource,
            entra: arguments.entra.map(|entra| EntraTenant {
                base_url: arguments.entra_base_url,
                ..entra
            }),
            lifetimes: Lifetimes {
                access: arguments.access_ttl,
                refresh: arguments.refresh_ttl,
                api_key: arguments.api_key_ttl,
                session: arguments.session_ttl,
                grace: arguments.grace,
            },
            max_silence: arguments.max_silence,
            argon2_memory: arguments.argon2_memory,
            browsers: arguments.browsers.read(&variable)?,
            query_token: arguments.query_token,
            access_log: arguments.access_log,
        })
    }
}

const DEFAULT_USERS: &str = "alice:wonderland,robot:beep-boop:application";
const DEFAULT_API_KEYS: &str = "demo-id:demo-key:15";
const DEFAULT_CLIENTS: &str = "demo-web,demo-app:demo-secret";

/// The portcullis demo: three APIs with Bearer tokens in one server.
///
/// Each option can be given in the environment instead, under its name in
/// upper case with `PORTCULLIS_` in front; several values of a repeatable option
/// are then separated by commas.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free port
    #[arg(
        long,
        value_name = "ADDR",
        env = "PORTCULLIS_LISTEN",
        default_value = "127.0.0.1:8080",
        value_parser = values::listen
    )]
    listen: String,

    /// Where sessions are kept: `memory:`, `sqlite:PATH`,
    /// `postgres://USER:PASSWORD@HOST/DATABASE`, `redis://HOST:PORT/DATABASE`, or
    /// `redis-cluster://HOST:PORT?node=HOST:PORT` with any number of nodes of a
    /// cluster. All servers on one store form one service
    #[arg(
        long,
        value_name = "STORE",
        env = "PORTCULLIS_STORE",
        // It may carry a password.
        hide_env_values = true,
        default_value = "sqlite:portcullis-demo.db"
    )]
    store: String,

    /// A user; repeatable; replaces the default users. TYPE is `user` or
    /// `application`; any other last part belongs to the password
    /// [env: PORTCULLIS_USER] [default: alice:wonderland, robot:beep-boop:application]
    #[arg(long, value_name = "NAME:PASSWORD[:TYPE]")]
    user: Vec<String>,

    /// An API id with its key; repeatable; replaces the default one
    /// [env: PORTCULLIS_API_KEY] [default: demo-id:demo-key:15]
    #[arg(long, value_name = "ID:KEY:ORGANISATION")]
    api_key: Vec<String>,

    /// An OAuth client, public if it has no secret; repeatable; replaces the
    /// default ones
    /// [env: PORTCULLIS_CLIENT] [default: demo-web, demo-app:demo-secret]
    #[arg(long, value_name = "ID[:SECRET]")]
    client: Vec<String>,

    /// The key that signs access tokens: a private key in PEM, or a JWK, whose
    /// `alg` counts; without one, RSA keys sign with RS256
    /// [default: an HS256 key, made at first start and kept beside the file, or
    /// on the server, that holds the sessions]
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SIGNING_KEY")]
    signing_key: Option<PathBuf>,

    /// The URL under which others reach the demo, such as
    /// `http://127.0.0.1:8080`: the issuer that tokens of the password-grant API
    /// name, with a discovery document for programs that verify them. They need
    /// a signing key of which they may have the public half
    #[arg(
        long,
        value_name = "URL",
        env = "PORTCULLIS_ISSUER",
        value_parser = values::issuer
    )]
    issuer: Option<String>,

    /// Another issuer, whose access tokens for AUDIENCE open `/me`, `/maybe` and
    /// `/scoped/read`; repeatable. Its keys are fetched from where it says, when
    /// its first token comes, so that it may be down until then. ISSUER is its
    /// name to the character, an https URL; http only on this machine
    /// (`localhost`, `127.0.0.1`, `[::1]`), which is asked without a proxy
    /// [env: PORTCULLIS_TRUST]
    #[arg(long, value_name = "ISSUER=AUDIENCE")]
    trust: Vec<String>,

    /// A file in TOML that says whose access tokens open `/me`, `/maybe` and
    /// `/scoped/read` besides: a table `[verifier]`, or several `[[verifier]]`, with the
    /// settings of docs/configuration.md. It is read again on SIGHUP; if something is
    /// wrong then, what was trusted before goes on
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    config: Option<PathBuf>,

    /// The URL by which clients know this server as a protected resource (RFC
    /// 9728), such as `https://api.example.com`: the document about it names the
    /// issuers of `--trust`, and challenges of their routes name the document
    #[arg(
        long,
        value_name = "URL",
        env = "PORTCULLIS_RESOURCE",
        value_parser = values::resource
    )]
    resource: Option<String>,

    /// A tenant of Microsoft Entra ID, by its GUID, whose people may sign on at
    /// `POST /api/users/sso` with ID tokens for the application (client) AUDIENCE
    #[arg(long, value_name = "TENANT:AUDIENCE", env = "PORTCULLIS_ENTRA")]
    entra: Option<EntraTenant>,

    /// Where Entra ID is, in place of `https://login.microsoftonline.com`: a
    /// national cloud, or a stand-in; http only on this machine, as for `--trust`
    #[arg(
        long,
        value_name = "URL",
        env = "PORTCULLIS_ENTRA_BASE_URL",
        value_parser = values::issuer
    )]
    entra_base_url: Option<String>,

    /// How long access tokens live, such as `15m` [default: 15m in the session
    /// API, 1h in the password-grant API]
    #[arg(
        long,
        value_name = "DURATION",
        env = "PORTCULLIS_ACCESS_TTL",
        value_parser = values::lifetime
    )]
    access_ttl: Option<Duration>,

    /// How long refresh tokens live [default: 30d]
    #[arg(
        long,
        value_name = "DURATION",
        env = "PORTCULLIS_REFRESH_TTL",
        value_parser = values::lifetime
    )]
    refresh_ttl: Option<Duration>,

    /// How long tokens of the API-key API live [default: 30m]
    #[arg(
        long,
        value_name = "DURATION",
        env = "PORTCULLIS_API_KEY_TTL",
        value_parser = values::lifetime
    )]
    api_key_ttl: Option<Duration>,

    /// How long a session lives, however often it is refreshed [default: 90d in
    /// the password-grant API, as long as its refresh token in the session API]
    #[arg(
        long,
        value_name = "DURATION",
        env = "PORTCULLIS_SESSION_TTL",
        value_parser = values::lifetime
    )]
    session_ttl: Option<Duration>,

    /// How long a refresh token that was just used gives the same answer again;
    /// 0 makes every refresh token good for one use
    #[arg(
        long,
        value_name = "DURATION",
        env = "PORTCULLIS_GRACE",
        default_value = "10s",
        value_parser = values::duration
    )]
    grace: Duration,

    /// How long access tokens are accepted while the store cannot be read: at the
    /// latest after this, one that was revoked elsewhere is refused here, or
    /// nothing is let through
    #[arg(
        long,
        value_name = "DURATION",
        env = "PORTCULLIS_MAX_SILENCE",
        default_value = "30s",
        value_parser = values::lifetime
    )]
    max_silence: Duration,

    /// How much memory it takes to hash a password, in KiB. Less than the default,
    /// which OWASP recommends, is for load tests only
    #[arg(
        long,
        value_name = "KIB",
        env = "PORTCULLIS_ARGON2_MEMORY",
        default_value_t = RECOMMENDED_MEMORY_KIB,
        value_parser = clap::value_parser!(u32).range(8..=1_048_576)
    )]
    argon2_memory: u32,

    #[command(flatten)]
    browsers: BrowserArguments,

    /// Take an access token in the query of `/me`, too, as `access_token` (RFC 6750
    /// section 2.3): for clients that can send no header. It gets into histories
    /// and logs
    #[arg(long, env = "PORTCULLIS_QUERY_TOKEN", value_parser = FalseyValueParser::new())]
    query_token: bool,

    /// Tell each request to stderr: method, target, status and time. Tokens in a
    /// query are masked, and headers left out
    #[arg(long, env = "PORTCULLIS_ACCESS_LOG", value_parser = FalseyValueParser::new())]
    access_log: bool,
}

/// A repeatable option. Its values are read here and not by clap, whose
/// messages would repeat them, and which would split them at commas everywhere.
struct Repeated {
    option: &'static str,
    given: Vec<String>,
    default: &'static str,
}

impl Repeated {
    /// The values, and whether they are the default ones.
    fn read<T>(
        self,
        variable: impl Fn(&str) -> Option<OsString>,
        name: impl Fn(&T) -> &String,
    ) -> Result<(Vec<T>, bool), clap::Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        let variable_name = format!(
            "PORTCULLIS_{}",
            self.option.replace('-', "_").to_ascii_uppercase()
        );
        let mut is_default = false;
        let mut source = format!("--{}", self.option);
        let texts = if self.given.is_empty() {
            let list = match variable(&variable_name).filter(|list| !list.is_empty()) {
                Some(list) => {
                    source = variable_name;
                    list.into_string()
                        .map_err(|_| invalid(&source, "the value is not UTF-8"))?
                }
                None => {
                    is_default = true;
                    self.default.to_owned()
                }
            };
            let texts = list.split(',').filter(|_| !list.is_empty());
            texts.map(str::to_owned).collect()
        } else {
            self.given
        };
        let values = texts
            .iter()
            .map(|text| text.parse::<T>().map_err(|error| invalid(&source, error)))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(name) = values::repeated(values.iter().map(|value| name(value).as_str())) {
            return Err(invalid(&source, format_args!("`{name}` is given twice")));
        }
        Ok((values, is_default))
    }
}

fn command(program: &'static str) -> clap::Command {
    Arguments::command().name(program).bin_name(program)
}

fn invalid(source: &str, reason: impl Display) -> clap::Error {
    clap::Error::raw(
        ErrorKind::ValueValidation,
        format_args!("invalid value for '{source}': {reason}"),
    )
}

/// What a demo is started with if nobody says anything.
#[cfg(test)]
pub(crate) fn defaults() -> Options {
    from_words(&[])
}

/// What a demo is started with by these arguments.
#[cfg(test)]
pub(crate) fn from_words(words: &[&str]) -> Options {
    let words = std::iter::once("demo").chain(words.iter().copied());
    Options::read("demo", words.map(OsString::from), |_| None).unwrap()
}

#[cfg(test)]
mod tests;
