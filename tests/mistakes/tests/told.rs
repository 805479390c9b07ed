//! What the compiler says about mistakes that people make: what is wrong, and what to do.
//!
//! Only sentences are compared that are this family's own: around them every version of the
//! compiler writes something else. That a file without its mistake compiles, its being built
//! at all shows.

#![allow(clippy::expect_used)]

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

#[test]
fn a_verifier_without_one_of_its_three_says_what_to_call() {
    told(
        "no_keys",
        &[
            "this verifier has no keys: it could not tell a token from a forgery",
            "call `.keys(…)` with the issuer's keys",
        ],
    );
    told(
        "no_issuer",
        &[
            "this verifier has no issuer: it does not know whose tokens it accepts",
            "call `.issuer(\"https://…\")` with the `iss` of its tokens, or `.dangerous().any_issuer()`",
            // The type's own name.
            "NoIssuer",
        ],
    );
    told(
        "no_audience",
        &[
            "this verifier has no audience: it would take tokens that are meant for other services",
            "call `.audience(\"https://…\")` with this service's name",
        ],
    );
}

#[test]
fn claims_that_cannot_be_made_say_what_to_derive() {
    for mistake in [
        "claims_without_clone",
        "claims_without_clone_on_actix",
        "claims_without_deserialize",
    ] {
        told(
            mistake,
            &[
                "`User` cannot be made from a token",
                "derive `serde::Deserialize` and `Clone` for `User`",
                "own its texts (`String`, not `&str`)",
            ],
        );
    }
}

/// A lifetime that is wrong is none of the errors that a crate can word. These are the
/// compiler's own words, which the documentation of `FromToken` repeats.
#[test]
fn claims_that_borrow_do_not_compile() {
    told(
        "borrowed_claims",
        &["implementation of `Deserialize` is not general enough"],
    );
}

#[test]
fn a_scope_that_is_none_is_named() {
    told(
        "bad_scope",
        &[
            "`stations:read stations:write` in `SCOPES` is not a scope (RFC 6749 section 3.3)",
            "several scopes are several texts",
        ],
    );
    told(
        "no_scopes",
        &[
            "`Read` does not say which scopes it demands",
            "implement `RequiredScopes` for `Read` with its `SCOPES`",
        ],
    );
    told(
        "scopes_of_nothing",
        &[
            "cannot demand anything of `Bearer`",
            "put `Token`, `Claims<T>` or `Authenticated<T>` into it",
        ],
    );
}

#[test]
fn a_part_of_the_application_that_is_missing_is_named() {
    told(
        "no_authenticator",
        &[
            "there is no `Authenticator` in the state `AppState`",
            "implement `FromRef<AppState>` for `Authenticator`",
        ],
    );
    told(
        "no_accounts",
        &[
            "`Users` does not say who the accounts are",
            "implement `Accounts` for `Users`",
        ],
    );
    told(
        "no_store",
        &[
            "`Sessions` is not a session store",
            "use `MemoryStore`, a store of portcullis-sqlx, or a `DynSessionStore`",
        ],
    );
}

/// Makes the mistake, and looks for `sentences` in one and the same error.
#[track_caller]
fn told(mistake: &str, sentences: &[&str]) {
    let errors = errors_of(mistake);
    let one_tells_all = |error: &String| sentences.iter().all(|it| error.contains(it));
    assert!(
        errors.iter().any(one_tells_all),
        "{mistake}: no error says all of {sentences:#?} but\n{}",
        errors.join("\n")
    );
}

/// The errors as people see them, but for paths before names of types, which come and go.
/// Dependencies are compiled in the folder that this test was, so that most are there.
fn errors_of(mistake: &str) -> Vec<String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let output = Command::new(env::var_os("CARGO").expect("tests are run by cargo"))
        .args(["rustc", "--offline", "--locked", "--lib"])
        .args(["--message-format", "json", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(target.expect("a folder above the one for temporary files"))
        .args(["--", "--cfg", "mistake", "--cfg"])
        .arg(format!("mistake=\"{mistake}\""))
        .stdin(Stdio::null())
        .output()
        .expect("cargo runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{mistake} compiles: {log}");

    let lines = output.stdout.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let errors = messages
        .filter(|it| it["message"]["level"] == "error" && it["target"]["name"] == "mistakes")
        .filter_map(|it| Some(it["message"]["rendered"].as_str()?.to_owned()))
        .map(|it| it.replace(&format!("`{mistake}::"), "`"))
        .map(|it| it.replace("`portcullis_axum::", "`"))
        .collect::<Vec<_>>();
    assert!(!errors.is_empty(), "{mistake} was not compiled: {log}");
    errors
}
