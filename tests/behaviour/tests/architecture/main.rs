//! The seams of the family, read from its sources: the core knows no
//! framework, adapters contain no protocol.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod docs;
mod imports;
mod layers;
mod sources;
mod tracing;

use std::fs;

use sources::{Source, all_sources, crates, sources};

fn adapters() -> Vec<Source> {
    let found: Vec<_> = ["tower", "axum", "hyper", "actix"]
        .iter()
        .map(|name| crates().join(format!("portcullis-{name}/src")))
        .filter(|folder| folder.exists())
        .flat_map(|folder| sources(&folder))
        .filter(|source| !source.is_test())
        .collect();
    assert!(!found.is_empty());
    found
}

fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Whether `line` has `word` where no letter, digit or underscore touches it.
fn has_word(line: &str, word: &str) -> bool {
    let touches = |char: Option<char>| char.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !touches(line[..at].chars().next_back()) && !touches(line[at + word.len()..].chars().next())
    })
}

/// The texts in quotes.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

#[test]
fn adapters_contain_no_protocol() {
    const IN_QUOTES: [&str; 14] = [
        "bearer",
        "basic",
        "dpop",
        "www-authenticate",
        "authorization",
        "realm",
        "retry-after",
        "no-store",
        "no-cache",
        "refresh-token",
        "access_token",
        "application/json",
        "error=",
        "\"error",
    ];
    const CODES: [&str; 10] = [
        "invalid_token",
        "invalid_request",
        "invalid_grant",
        "invalid_client",
        "invalid_scope",
        "insufficient_scope",
        "insufficient_user_authentication",
        "unsupported_grant_type",
        "temporarily_unavailable",
        "server_error",
    ];
    const NAMES: [&str; 3] = ["WWW_AUTHENTICATE", "RETRY_AFTER", "CACHE_CONTROL"];
    let mut complaints = Vec::new();
    for source in adapters() {
        for (number, line) in source.code() {
            let mut complain = |what: &str| {
                complaints.push(format!(
                    "{}:{number}: {what}: {line}",
                    source.path.display()
                ));
            };
            for text in quoted(line) {
                let text = text.to_ascii_lowercase();
                if let Some(word) = IN_QUOTES.iter().find(|word| text.contains(**word)) {
                    complain(word);
                }
            }
            if let Some(word) = CODES.iter().find(|word| line.contains(**word)) {
                complain(word);
            }
            if let Some(word) = NAMES.iter().find(|word| has_word(line, word)) {
                complain(word);
            }
            if let Some(what) = status(line) {
                complain(&what);
            }
        }
    }
    report(&complaints);
}

/// A status as a number or a constant. `from_u16` turns the core's number into
/// a framework's type, which is translation.
fn status(line: &str) -> Option<String> {
    const CONSTANTS: [&str; 13] = [
        "OK",
        "NO_CONTENT",
        "BAD_REQUEST",
        "UNAUTHORIZED",
        "FORBIDDEN",
        "NOT_FOUND",
        "METHOD_NOT_ALLOWED",
        "PAYLOAD_TOO_LARGE",
        "UNSUPPORTED_MEDIA_TYPE",
        "TOO_MANY_REQUESTS",
        "SERVICE_UNAVAILABLE",
        "BAD_GATEWAY",
        "GATEWAY_TIMEOUT",
    ];
    let constant = CONSTANTS.iter().map(|name| format!("StatusCode::{name}"));
    let mut numbers = (200..600).map(|number: u16| number.to_string());
    constant
        .into_iter()
        .find(|name| line.contains(name.as_str()))
        .or_else(|| numbers.find(|number| has_word(line, number)))
}

/// One dependency is enough: what the core has is found under each adapter's name.
#[test]
fn adapters_pass_on_every_module_of_the_core() {
    let read = |name: &str| fs::read_to_string(crates().join(name).join("src/lib.rs")).unwrap();
    let core = read("portcullis");
    let modules: Vec<_> = core
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(modules.contains(&"user"), "{modules:?}");
    let mut complaints = Vec::new();
    for name in ["tower", "axum", "hyper", "actix"] {
        let adapter = read(&format!("portcullis-{name}"));
        let lists = adapter.split("pub use portcullis::").skip(1);
        let passed_on: String = lists.filter_map(|list| list.split(';').next()).collect();
        for module in &modules {
            // Guards are something of actix's own.
            let is_own = adapter.contains(&format!("\npub mod {module};"));
            if !is_own && !has_word(&passed_on, module) {
                complaints.push(format!("portcullis-{name} lacks `{module}`"));
            }
        }
    }
    report(&complaints);
}

#[test]
fn the_core_knows_no_framework_and_no_runtime() {
    let manifest = fs::read_to_string(crates().join("portcullis/Cargo.toml")).unwrap();
    let own = manifest.split("[dev-dependencies]").next().unwrap();
    for name in [
        "axum",
        "actix",
        "hyper",
        "tower",
        "tokio",
        "sqlx",
        "reqwest",
        "async-std",
    ] {
        assert!(!own.contains(name), "the core depends on {name}");
    }
}

/// `http` 0.2 is seen by the actix adapter alone, and where it is asked for by the crate for
/// tests.
#[test]
fn only_the_actix_adapter_sees_actix() {
    for member in fs::read_dir(crates()).unwrap() {
        let path = member.unwrap().path();
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let own = manifest.split("[dev-dependencies]").next().unwrap();
        let on_demand = "actix-web = { workspace = true, optional = true }";
        let allowed = path.ends_with("portcullis-actix")
            || path.ends_with("portcullis-testing") && own.contains(on_demand);
        assert!(allowed || !own.contains("actix"), "{}", path.display());
    }
}

#[test]
fn nothing_is_unsafe() {
    let mut complaints = Vec::new();
    for source in all_sources() {
        for (number, line) in source.code() {
            if has_word(line, "unsafe") {
                complaints.push(format!("{}:{number}: {line}", source.path.display()));
            }
        }
    }
    report(&complaints);
    let manifest = fs::read_to_string(crates().join("../Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for member in fs::read_dir(crates()).unwrap() {
        let path = member.unwrap().path().join("Cargo.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            path.display()
        );
    }
}

/// The clock is injected: only the system's clock asks the system. How long to
/// wait before the next attempt at a connection is another matter; so is how long
/// something took, from which nothing follows.
#[test]
fn nobody_else_asks_for_the_time() {
    let mut complaints = Vec::new();
    for source in all_sources() {
        let may_ask = ["portcullis/src/time.rs", "src/metrics/instruments.rs"];
        if may_ask.iter().any(|path| source.path.ends_with(path)) {
            continue;
        }
        for (number, line) in source.code() {
            let asks = ["SystemTime::now", "Utc::now"];
            let core = source.is_below("portcullis");
            if asks.iter().any(|call| line.contains(call))
                || (core && line.contains("Instant::now"))
            {
                complaints.push(format!("{}:{number}: {line}", source.path.display()));
            }
        }
    }
    report(&complaints);
}

#[test]
fn files_are_short() {
    let long: Vec<_> = all_sources()
        .into_iter()
        .filter(|source| source.text.lines().count() > 500)
        .map(|source| format!("{} is too long", source.path.display()))
        .collect();
    report(&long);
}

/// A library never fails by panicking on what it is given. Fixtures and
/// contract suites for tests do.
#[test]
fn libraries_do_not_panic() {
    const PANICS: [&str; 6] = [
        ".unwrap()",
        ".expect(\"",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
    ];
    let mut complaints = Vec::new();
    for source in all_sources() {
        let helps_tests = source.is_below("portcullis-testing");
        if helps_tests || source.is_test() {
            continue;
        }
        for (number, line) in source.code() {
            if PANICS.iter().any(|call| line.contains(call)) {
                complaints.push(format!("{}:{number}: {line}", source.path.display()));
            }
        }
    }
    report(&complaints);
}
