//! What the page may know of how the demo was started: nothing secret, but for
//! what stands in the documentation.

use bytes::Bytes;
use serde::Serialize;

use crate::{
    cli::Options,
    cookies::{self, Kind},
};

/// The cookies, if they are on.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cookies {
    /// Where browsers log in, refresh and log out.
    path: &'static str,
    /// Whether they need https.
    secure: bool,
}

impl Cookies {
    /// Cookies of this kind.
    pub(crate) fn of(kind: Kind) -> Self {
        Self {
            path: cookies::PATH,
            secure: kind == Kind::Secure,
        }
    }
}

/// The settings as JSON.
pub(super) fn of(program: &str, options: &Options, cookies: Option<Cookies>) -> Bytes {
    let settings = Settings {
        framework: program.strip_prefix("demo-").unwrap_or(program),
        grace_ms: u64::try_from(options.lifetimes.grace.as_millis()).unwrap_or(u64::MAX),
        cookies,
        query_token: options.query_token,
        accounts: accounts(options),
    };
    serde_json::to_vec(&settings).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

#[derive(Serialize)]
struct Settings<'a> {
    framework: &'a str,
    grace_ms: u64,
    cookies: Option<Cookies>,
    query_token: bool,
    accounts: Vec<Account<'a>>,
}

#[derive(Serialize)]
struct Account<'a> {
    name: &'a str,
    secret: &'a str,
    kind: &'static str,
}

/// The demo's own accounts, whose passwords everybody knows; none that somebody
/// chose.
fn accounts(options: &Options) -> Vec<Account<'_>> {
    let users = options.users.iter().filter(|_| options.default_users);
    let users = users.map(|user| Account {
        name: &user.name,
        secret: user.password.expose(),
        kind: if user.application {
            "application"
        } else {
            "user"
        },
    });
    let keys = options.api_keys.iter().filter(|_| options.default_api_keys);
    let keys = keys.map(|api| Account {
        name: &api.id,
        secret: api.key.expose(),
        kind: "api_key",
    });
    users.chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn text(words: &[&str]) -> String {
        let settings = of("demo-axum", &cli::from_words(words), None);
        String::from_utf8(settings.to_vec()).unwrap()
    }

    #[test]
    fn the_known_accounts_are_offered() {
        let text = text(&["--grace", "2s"]);
        for part in [
            "alice",
            "wonderland",
            "robot",
            "demo-key",
            "\"axum\"",
            "2000",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn chosen_accounts_are_nobodys_business() {
        let text = text(&["--user", "bob:hunter2", "--api-key", "a:hunter3:1"]);
        assert!(!text.contains("hunter") && !text.contains("bob"), "{text}");
        assert!(text.contains("\"accounts\":[]"), "{text}");
    }
}
