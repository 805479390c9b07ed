//! Lines to paste into a shell, one to try each thing.

use std::fmt::{self, Write};

use crate::cli::{NewUser, Options};

/// The lines for a demo that listens at `base`, such as
/// `http://127.0.0.1:8080`. Each stands alone.
///
/// The demo's own passwords are in them; one that somebody chose is not, only
/// the place where it belongs.
pub(crate) fn lines(options: &Options, base: &str) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, options, base);
    text
}

fn write(text: &mut String, options: &Options, base: &str) -> fmt::Result {
    let person = options.users.first();
    let robot = options.users.iter().find(|user| user.application);
    if let Some(user) = person {
        let log_in = session_login(options, user, base);
        let access = token(&log_in, "accessToken");
        let refresh = token(&log_in, "refreshToken");
        writeln!(text, "\n# Session API: log in, read, refresh")?;
        writeln!(text, "{log_in}")?;
        writeln!(text, "{access}; curl -s {BEARER} {base}/api/stations")?;
        writeln!(
            text,
            "{refresh}; curl -s -X POST {BEARER} {base}/api/users/refresh"
        )?;
    }
    if let Some(user) = robot {
        let refresh = token(&session_login(options, user, base), "refreshToken");
        writeln!(
            text,
            "\n# A token that never expires, for a user of type application"
        )?;
        writeln!(
            text,
            "{refresh}; curl -s -X POST {BEARER} {base}/api/users/application-token"
        )?;
    }
    if let Some(api) = options.api_keys.first() {
        let key = if options.default_api_keys {
            api.key.expose()
        } else {
            "API-KEY"
        };
        let id = field("apiid", &api.id);
        let log_in = format!(
            "curl -s {id} {} {base}/v1/authenticate",
            field("apikey", key)
        );
        let access = token(&log_in, "authentication_token");
        writeln!(text, "\n# API-key API: authenticate, read")?;
        writeln!(text, "{log_in}")?;
        writeln!(
            text,
            "{access}; curl -s -H \"Authorization: bearer $TOKEN\" {base}/v1/sites"
        )?;
    }
    if let Some(user) = person {
        let log_in = password_login(options, user, base);
        let access = token(&log_in, "access_token");
        let refresh = token(&log_in, "refresh_token");
        writeln!(
            text,
            "\n# OAuth password-grant API: log in, read, refresh, log out"
        )?;
        writeln!(text, "{log_in}")?;
        for path in ["/scoped/read", "/me", "/sessions"] {
            writeln!(text, "{access}; curl -s {BEARER} {base}{path}")?;
        }
        let header = "-H \"refresh-token: $TOKEN\"";
        writeln!(
            text,
            "{refresh}; curl -s -X POST {header} {base}/auth/jwt/refresh"
        )?;
        let form = "-d grant_type=refresh_token -d \"refresh_token=$TOKEN\"";
        writeln!(
            text,
            "{refresh}; curl -s {form} {base}/auth/jwt/postman-refresh"
        )?;
        writeln!(text, "{access}; curl -s -i -X POST {BEARER} {base}/logout")?;
    }
    if let Some(entra) = &options.entra {
        writeln!(
            text,
            "\n# Single sign-on with an ID token of the tenant {} for {}",
            entra.tenant, entra.client_id
        )?;
        writeln!(
            text,
            "TOKEN=ID-TOKEN; curl -s -X POST {BEARER} {base}/api/users/sso"
        )?;
    }
    for trusted in &options.trusted {
        writeln!(
            text,
            "\n# With an access token of {} for {}",
            trusted.issuer, trusted.audience
        )?;
        writeln!(text, "TOKEN=ACCESS-TOKEN; curl -s {BEARER} {base}/me")?;
    }
    writeln!(text, "\n# For everybody")?;
    for path in ["/maybe", "/healthz"] {
        writeln!(text, "curl -s {base}{path}")?;
    }
    if let Some(issuer) = &options.issuer {
        let document = well_known("oauth-authorization-server", issuer);
        writeln!(text, "curl -s {base}{document}")?;
    }
    if let Some(resource) = &options.resource {
        let document = well_known("oauth-protected-resource", resource);
        writeln!(text, "curl -s {base}{document}")?;
    }
    writeln!(text, "curl -s {base}/.well-known/jwks.json")
}

/// The path of a document about `url`, whose own path stands behind.
fn well_known(name: &str, url: &str) -> String {
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let document = format!("/.well-known/{name}/{path}");
    document.trim_end_matches('/').to_owned()
}

const BEARER: &str = "-H \"Authorization: Bearer $TOKEN\"";

fn session_login(options: &Options, user: &NewUser, base: &str) -> String {
    let body = serde_json::json!({
        "username": user.name,
        "password": password(options, user),
    });
    format!(
        "curl -s -H 'Content-Type: application/json' -d {} {base}/api/users/login",
        quoted(&body.to_string())
    )
}

fn password_login(options: &Options, user: &NewUser, base: &str) -> String {
    let name = field("username", &user.name);
    let password = field("password", password(options, user));
    format!(
        "curl -s -d grant_type=password {name} {password} -d scope=demo:read {base}/auth/jwt/login"
    )
}

fn password<'a>(options: &Options, user: &'a NewUser) -> &'a str {
    if options.default_users {
        user.password.expose()
    } else {
        "PASSWORD"
    }
}

/// Takes the token out of what `command` prints.
fn token(command: &str, member: &str) -> String {
    format!("TOKEN=$({command} | sed -n 's/.*\"{member}\":\"\\([^\"]*\\)\".*/\\1/p')")
}

/// A form field.
fn field(name: &str, value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    if value.bytes().all(plain) {
        format!("-d {name}={value}")
    } else {
        format!("--data-urlencode {}", quoted(&format!("{name}={value}")))
    }
}

/// One word for the shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    const BASE: &str = "http://127.0.0.1:4711";

    #[test]
    fn every_api_can_be_tried() {
        let text = lines(&cli::defaults(), BASE);
        for part in [
            "-d '{\"password\":\"wonderland\",\"username\":\"alice\"}'",
            "/api/users/login\n",
            "/api/users/refresh\n",
            "/api/users/application-token\n",
            "-d apiid=demo-id -d apikey=demo-key http://127.0.0.1:4711/v1/authenticate\n",
            "Authorization: bearer $TOKEN",
            "/auth/jwt/login\n",
            "/auth/jwt/refresh\n",
            "/auth/jwt/postman-refresh\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        for line in text.lines() {
            let starts = ["# ", "curl ", "TOKEN=$(curl "];
            let known = starts.iter().any(|start| line.starts_with(start));
            assert!(line.is_empty() || known, "{line}");
        }
    }

    #[test]
    fn an_issuer_has_its_document() {
        assert!(!lines(&cli::defaults(), BASE).contains("authorization-server"));
        for (issuer, path) in [("", ""), ("/", ""), ("/demo", "/demo"), ("/demo/", "/demo")] {
            let options = cli::from_words(&["--issuer", &format!("{BASE}{issuer}")]);
            let line = format!("curl -s {BASE}/.well-known/oauth-authorization-server{path}\n");
            assert!(lines(&options, BASE).contains(&line), "{line}");
        }
    }

    #[test]
    fn trusted_issuers_can_be_tried() {
        let options = cli::from_words(&[
            "--trust=https://login.example=api",
            "--resource=https://api.example/mcp",
            "--entra=9188040d-6c67-4c5b-b112-36a304b66dad:app",
        ]);
        let text = lines(&options, BASE);
        for line in [
            "# With an access token of https://login.example for api",
            "TOKEN=ACCESS-TOKEN; curl -s -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:4711/me",
            "# Single sign-on with an ID token of the tenant 9188040d-6c67-4c5b-b112-36a304b66dad for app",
            "TOKEN=ID-TOKEN; curl -s -X POST -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:4711/api/users/sso",
            "curl -s http://127.0.0.1:4711/.well-known/oauth-protected-resource/mcp",
        ] {
            assert!(
                text.lines().any(|own| own == line),
                "{line} is not in {text}"
            );
        }
    }

    #[test]
    fn chosen_secrets_are_not_printed() {
        let options = cli::from_words(&[
            "--user",
            "bob:hunter2:application",
            "--api-key",
            "a:hunter3:1",
        ]);
        let text = lines(&options, BASE);
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.contains("bob") && text.contains("PASSWORD") && text.contains("API-KEY"));
    }

    #[test]
    fn names_are_quoted() {
        let options = cli::from_words(&["--user", "o'neil \"x\"&:pw"]);
        let text = lines(&options, BASE);
        assert!(
            text.contains(r#"-d '{"password":"PASSWORD","username":"o'\''neil \"x\"&"}'"#),
            "{text}"
        );
        assert!(
            text.contains(r#"--data-urlencode 'username=o'\''neil "x"&'"#),
            "{text}"
        );
    }
}
