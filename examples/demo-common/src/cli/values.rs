//! The values of the options, and what is wrong with those that are not one.
//!
//! No message repeats a value that may carry a secret, as most do.

use std::{collections::HashSet, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use portcullis::{
    ConfigError,
    endpoint::{Discovery, EntraIdTokens, ResourceMetadata},
    secret::SecretString,
};

use super::url::ServerUrl;

/// `NAME:PASSWORD[:TYPE]`.
///
/// The last part is the type only if it is `application` or `user`; otherwise
/// it belongs to the password, which may contain colons.
#[derive(Clone, Debug)]
pub(crate) struct NewUser {
    /// The user name: everything before the first colon.
    pub name: String,
    /// The password.
    pub password: SecretString,
    /// Whether the type is `application`.
    pub application: bool,
}

impl FromStr for NewUser {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text
            .split_once(':')
            .ok_or("a user is NAME:PASSWORD or NAME:PASSWORD:TYPE")?;
        let (password, application) = match rest.rsplit_once(':') {
            Some((password, "application")) => (password, true),
            Some((password, "user")) => (password, false),
            _ => (rest, false),
        };
        if password.is_empty() {
            return Err("the password of a user must not be empty");
        }
        Ok(Self {
            name: name_of(name)?,
            password: SecretString::from(password.to_owned()),
            application,
        })
    }
}

/// `ID:KEY:ORGANISATION`. The key may contain colons.
#[derive(Clone, Debug)]
pub(crate) struct NewApiKey {
    /// The API id: everything before the first colon.
    pub id: String,
    /// The key.
    pub key: SecretString,
    /// The organisation: everything after the last colon.
    pub organization: String,
}

impl FromStr for NewApiKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, key, organization) = text
            .split_once(':')
            .and_then(|(id, rest)| rest.rsplit_once(':').map(|(key, org)| (id, key, org)))
            .ok_or("an API key is ID:KEY:ORGANISATION")?;
        if key.is_empty() {
            return Err("the key of an API id must not be empty");
        }
        Ok(Self {
            id: name_of(id)?,
            key: SecretString::from(key.to_owned()),
            organization: name_of(organization)?,
        })
    }
}

/// `ID[:SECRET]`. The secret may contain colons; without one the client is
/// public.
#[derive(Clone, Debug)]
pub(crate) struct NewClient {
    /// The client id: everything before the first colon.
    pub id: String,
    /// The secret of a confidential client.
    pub secret: Option<SecretString>,
}

impl FromStr for NewClient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, secret) = match text.split_once(':') {
            Some((_, "")) => {
                return Err("the secret of a client must not be empty: leave the colon out");
            }
            Some((id, secret)) => (id, Some(SecretString::from(secret.to_owned()))),
            None => (text, None),
        };
        Ok(Self {
            id: name_of(id)?,
            secret,
        })
    }
}

/// A URL that an issuer can have as its name.
pub(super) fn issuer(text: &str) -> Result<String, ConfigError> {
    Discovery::new(text).map(|discovery| discovery.issuer().to_owned())
}

/// `TENANT:AUDIENCE`.
#[derive(Clone, Debug)]
pub(crate) struct EntraTenant {
    /// The id of the tenant, a GUID.
    pub tenant: String,
    /// The id of the application.
    pub client_id: String,
    /// Where Entra ID is; `None`: where it always is.
    pub base_url: Option<String>,
}

impl EntraTenant {
    /// Whether it is a stand-in on this machine, where https is not needed.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        let base_url = self.base_url.as_deref();
        base_url.is_some_and(|url| url.starts_with("http://"))
    }
}

impl FromStr for EntraTenant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tenant, client_id) = text
            .split_once(':')
            .ok_or("a tenant with its application is TENANT:AUDIENCE")?;
        EntraIdTokens::new(tenant, client_id).map_err(|error| error.to_string())?;
        Ok(Self {
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            base_url: None,
        })
    }
}

/// A URL that a protected resource can have as its name.
pub(super) fn resource(text: &str) -> Result<String, ConfigError> {
    ResourceMetadata::new(text).map(|_| text.to_owned())
}

/// `ISSUER=AUDIENCE`: everything before the first `=` is the issuer, whose URL
/// has no query.
#[derive(Clone, Debug)]
pub(crate) struct TrustedIssuer {
    /// What was given.
    pub text: String,
    /// Its name.
    pub issuer: String,
    /// What its tokens must be for.
    pub audience: String,
}

impl TrustedIssuer {
    /// Whether it is on this machine, where https is not needed.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        self.issuer.starts_with("http://")
    }
}

impl FromStr for TrustedIssuer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, audience) = text
            .split_once('=')
            .ok_or("a trusted issuer is ISSUER=AUDIENCE")?;
        Ok(Self {
            text: text.to_owned(),
            issuer: issuer(name).map_err(|error| error.to_string())?,
            audience: name_of(audience)?,
        })
    }
}

fn name_of(name: &str) -> Result<String, &'static str> {
    if name.is_empty() {
        return Err("a name must not be empty");
    }
    if name.chars().any(char::is_control) {
        return Err("a name must not contain control characters");
    }
    Ok(name.to_owned())
}

/// The first name that occurs twice.
pub(super) fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreChoice {
    /// `memory:`: gone with the process.
    Memory,
    /// `sqlite:PATH`: a file, made at first start.
    Sqlite(PathBuf),
    /// `postgres://…`: a PostgreSQL database, for any number of nodes.
    Postgres(ServerUrl),
    /// `redis://…`: a Redis server, for any number of nodes.
    Redis(ServerUrl),
    /// `redis-cluster://…`: some nodes of a Redis cluster, for any number of nodes.
    RedisCluster(ServerUrl),
}

impl FromStr for StoreChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => {
                return Ok(Self::Postgres(ServerUrl::new(text)));
            }
            Some(("redis" | "rediss", _)) => return Ok(Self::Redis(ServerUrl::new(text))),
            Some(("redis-cluster", _)) => return Ok(Self::RedisCluster(ServerUrl::new(text))),
            _ => {}
        }
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", "" | ":memory:")) => {
                Err("sqlite: needs the path of a file; for memory alone there is memory:")
            }
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            _ => {
                Err("a store is memory:, sqlite:PATH, postgres://…, redis://… or redis-cluster://…")
            }
        }
    }
}

/// An address or a host name, with a port: looked up when the server starts.
pub(super) fn listen(text: &str) -> Result<String, &'static str> {
    let host_and_port = || {
        let (host, port) = text.rsplit_once(':')?;
        (!host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok()).then_some(())
    };
    if text.parse::<SocketAddr>().is_ok() || host_and_port().is_some() {
        Ok(text.to_owned())
    } else {
        Err("an address to listen on is ADDRESS:PORT, such as 127.0.0.1:8080")
    }
}

/// A lifetime: at least a second, as tokens count in seconds.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = duration(text)?;
    if lifetime < Duration::from_secs(1) {
        return Err("a lifetime is at least one second".to_owned());
    }
    Ok(lifetime)
}

/// A span of time, such as `10s`; `0` switches off what it limits.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration > LONGEST {
        return Err("no more than 10 years make sense".to_owned());
    }
    Ok(duration)
}

const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_user_is_one_of_two_words() {
        let cases = [
            ("bob:pw", "pw", false),
            ("bob:pw:user", "pw", false),
            ("bob:pw:application", "pw", true),
            ("bob:a:b", "a:b", false),
            ("bob:a:b:application", "a:b", true),
            ("bob:application", "application", false),
            ("bob:pw:user:user", "pw:user", false),
        ];
        for (text, password, application) in cases {
            let user: NewUser = text.parse().unwrap();
            assert_eq!(user.name, "bob", "{text}");
            assert_eq!(user.password.expose(), password, "{text}");
            assert_eq!(user.application, application, "{text}");
        }
        for bad in ["", "bob", "bob:", ":pw", "bob::application", "b\nob:pw"] {
            assert!(bad.parse::<NewUser>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_and_secrets_may_contain_colons() {
        let key: NewApiKey = "id:k:e:y:15".parse().unwrap();
        assert_eq!(
            (&*key.id, key.key.expose(), &*key.organization),
            ("id", "k:e:y", "15")
        );
        for bad in ["", "id", "id:key", "id::15", ":key:15", "id:key:"] {
            assert!(bad.parse::<NewApiKey>().is_err(), "{bad}");
        }
        let client: NewClient = "app:s:t".parse().unwrap();
        assert_eq!(client.secret.unwrap().expose(), "s:t");
        assert!("web".parse::<NewClient>().unwrap().secret.is_none());
        for bad in ["", "web:", ":secret"] {
            assert!(bad.parse::<NewClient>().is_err(), "{bad}");
        }
    }

    #[test]
    fn trusted_issuers_have_an_audience() {
        for (text, issuer, audience) in [
            ("https://a.example=api", "https://a.example", "api"),
            ("https://a.example/b/=x=y", "https://a.example/b/", "x=y"),
            ("http://[::1]:80=api", "http://[::1]:80", "api"),
        ] {
            let trusted: TrustedIssuer = text.parse().unwrap();
            assert_eq!((&*trusted.issuer, &*trusted.audience), (issuer, audience));
            assert_eq!(trusted.is_on_this_machine(), text.starts_with("http:"));
        }
        for bad in [
            "",
            "https://a.example",
            "https://a.example=",
            "=api",
            "a.example=api",
            "http://a.example=api",
            "https://me@a.example=api",
        ] {
            assert!(bad.parse::<TrustedIssuer>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_secret_is_in_debug_output() {
        let user: NewUser = "bob:hunter2".parse().unwrap();
        let key: NewApiKey = "id:hunter2:15".parse().unwrap();
        let client: NewClient = "app:hunter2".parse().unwrap();
        let debug = format!("{user:?} {key:?} {client:?}");
        assert!(!debug.contains("hunter2"), "{debug}");
    }

    #[test]
    fn stores_are_memory_a_file_or_a_server() {
        assert_eq!("memory:".parse(), Ok(StoreChoice::Memory));
        assert_eq!(
            "sqlite:/tmp/x.db".parse(),
            Ok(StoreChoice::Sqlite("/tmp/x.db".into()))
        );
        assert!(matches!(
            "postgresql://u:p@h/d".parse(),
            Ok(StoreChoice::Postgres(url)) if url.expose() == "postgresql://u:p@h/d"
        ));
        assert!(matches!(
            "redis-cluster://h:1?node=i:2".parse(),
            Ok(StoreChoice::RedisCluster(url)) if url.nodes().len() == 2
        ));
        assert!(matches!(
            "redis://h/1".parse(),
            Ok(StoreChoice::Redis(url)) if url.expose() == "redis://h/1"
        ));
        for bad in [
            "",
            "memory",
            "memory:x",
            "sqlite",
            "sqlite:",
            "sqlite::memory:",
            "redis:x",
            "postgres:x",
            "mysql://h/d",
        ] {
            assert!(bad.parse::<StoreChoice>().is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        for good in [
            "127.0.0.1:0",
            "[::1]:8080",
            "localhost:8080",
            "0.0.0.0:65535",
        ] {
            assert!(listen(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1",
            ":8080",
            "127.0.0.1:x",
            "127.0.0.1:65536",
            "::1:80",
        ] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lifetimes_are_written_for_people() {
        assert_eq!(lifetime("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(lifetime("30d"), Ok(Duration::from_secs(30 * 86400)));
        assert_eq!(lifetime("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for bad in ["", "15", "-1s", "x", "0s", "10ms", "11years"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
