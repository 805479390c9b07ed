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
/// written, and without what looks like a token that ended up elsewhere.
fn masked(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut text = each(path, &['/'], masked_token);
    if let Some(query) = query {
        text.push('?');
        // A semicolon separates nothing here, but somebody may mean it to.
        text.push_str(&each(query, &['&', ';'], masked_parameter));
    }
    text
}

/// The parts between these separators, each of them masked.
fn each(text: &str, separators: &[char], mask: impl Fn(&str) -> Cow<'_, str>) -> String {
    let parts = text.split_inclusive(separators);
    let parts = parts.map(|whole| {
        let part = whole.trim_end_matches(separators);
        mask(part).into_owned() + &whole[part.len()..]
    });
    parts.collect()
}

/// Three parts with dots in between, of which the first is a JSON object in base64.
fn masked_token(text: &str) -> Cow<'_, str> {
    if text.starts_with("eyJ") && text.matches('.').count() >= 2 {
        return Cow::Borrowed("***");
    }
    Cow::Borrowed(text)
}

fn masked_parameter(parameter: &str) -> Cow<'_, str> {
    let Some((name, value)) = parameter.split_once('=') else {
        return masked_token(parameter);
    };
    let decoded = form_urlencoded::parse(name.as_bytes()).next();
    let decoded = decoded.map(|(name, _)| name.trim().to_ascii_lowercase());
    match decoded {
        Some(decoded) if !SECRETS.contains(&decoded.as_str()) => {
            Cow::Owned(format!("{name}={}", masked_token(value)))
        }
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
            ("/me?x;access_token=hush", "/me?x;access_token=***"),
            ("/me?a=b;", "/me?a=b;"),
            ("/a//b/?&&c", "/a//b/?&&c"),
            ("/me?eyJh.eyJh.hush", "/me?***"),
            ("/me?jwt=eyJh.eyJh.hush", "/me?jwt=***"),
            ("/me/eyJh.eyJh.hush/x", "/me/***/x"),
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
