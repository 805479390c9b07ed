//! One line about each request.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write as _},
    time::Instant,
};

/// Tells each request to stderr, if it shall: method, target, status and time until
/// the head of the answer. Of headers nothing is told, and what may be a secret in a
/// query is masked.
#[derive(Clone, Copy, Debug)]
pub struct AccessLog {
    is_on: bool,
}

impl AccessLog {
    pub(crate) fn new(is_on: bool) -> Self {
        Self { is_on }
    }

    /// A request has come, with this target: path and query as they were sent.
    pub fn begin(self, method: &str, target: &str) -> Entry {
        Entry(self.is_on.then(|| Line {
            text: format!("{method} {}", masked(target)),
            began: Instant::now(),
        }))
    }
}

/// A request that is being answered. Dropped without an answer, it says so.
#[derive(Debug)]
#[must_use = "told when the answer is known"]
pub struct Entry(Option<Line>);

#[derive(Debug)]
struct Line {
    text: String,
    began: Instant,
}

impl Entry {
    /// The answer has this status.
    pub fn end(mut self, status: u16) {
        self.tell(&status.to_string());
    }

    fn tell(&mut self, status: &str) {
        let Some(Line { mut text, began }) = self.0.take() else {
            return;
        };
        let elapsed = began.elapsed().as_secs_f64() * 1000.0;
        let _ = writeln!(text, " {status} {elapsed:.1}ms");
        // All at once, so that lines stay whole. A full disk stops no request.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.tell("unanswered");
    }
}

/// Parameters whose values are nobody's business.
const SECRETS: [&str; 10] = [
    "access_token",
    "refresh_token",
    "id_token",
    "logout_token",
    "csrf_token",
    "token",
    "code",
    "password",
    "client_secret",
    "apikey",
];

/// The target without the values of such parameters, however their names are
/// written.
fn masked(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else {
        return Cow::Borrowed(target);
    };
    let parts: Vec<_> = query.split('&').map(masked_parameter).collect();
    Cow::Owned(format!("{path}?{}", parts.join("&")))
}

fn masked_parameter(parameter: &str) -> Cow<'_, str> {
    let Some((name, _)) = parameter.split_once('=') else {
        return Cow::Borrowed(parameter);
    };
    let decoded = form_urlencoded::parse(name.as_bytes()).next();
    let decoded = decoded.map(|(name, _)| name.trim().to_ascii_lowercase());
    match decoded {
        Some(decoded) if !SECRETS.contains(&decoded.as_str()) => Cow::Borrowed(parameter),
        Some(_) => Cow::Owned(format!("{name}=***")),
        None => Cow::Borrowed(parameter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_are_masked() {
        for (target, told) in [
            ("/", "/"),
            ("/me?", "/me?"),
            ("/me?a=b&c", "/me?a=b&c"),
            ("/me?access_token=hush", "/me?access_token=***"),
            (
                "/me?a=b&access_token=hush&c=d",
                "/me?a=b&access_token=***&c=d",
            ),
            ("/me?access%5Ftoken=hush", "/me?access%5Ftoken=***"),
            ("/me?ACCESS_TOKEN=hush", "/me?ACCESS_TOKEN=***"),
            ("/me?+access_token=hush", "/me?+access_token=***"),
            ("/me?access_token=hush=hush?hush", "/me?access_token=***"),
            (
                "/me?access_token=hush&access_token=hush",
                "/me?access_token=***&access_token=***",
            ),
            ("/me?access_token", "/me?access_token"),
            ("/me?=x", "/me?=x"),
            (
                "/x?code=hush&state=y&password=hush",
                "/x?code=***&state=y&password=***",
            ),
        ] {
            assert_eq!(masked(target), told);
        }
    }
}
