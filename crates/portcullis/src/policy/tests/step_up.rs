//! Conditions on the login behind a token.

use std::time::Duration;

use super::*;
use crate::time::Timestamp;

const NOW: i64 = 10_000;

fn seen(claims: &str) -> Verified {
    Verified::for_test(claims).seen_at(Timestamp::from_secs(NOW), Duration::ZERO)
}

fn acr(values: &[&str]) -> Policy {
    Policy::acr(values).unwrap()
}

fn age(secs: u64) -> Policy {
    Policy::max_age(Duration::from_secs(secs))
}

fn scope(name: &str) -> Policy {
    Policy::scope(name).unwrap()
}

/// The kind, then what is told: `acr_values`, `max_age`, scope.
fn lacks(policy: &Policy, claims: &str) -> (PolicyErrorKind, String) {
    let error = policy.check(&seen(claims)).unwrap_err();
    let login = error.step_up();
    let values = login
        .and_then(StepUp::acr_values)
        .map(|values| values.to_string());
    let age = login
        .and_then(StepUp::max_age)
        .map(|age| age.as_secs().to_string());
    let [values, age] = [values, age].map(Option::unwrap_or_default);
    (error.kind(), format!("{values}/{age}/{}", error.scope()))
}

#[test]
fn everything_that_a_login_must_be_is_told() {
    use PolicyErrorKind::{
        AuthenticationTooOld as Old, AuthenticationTooWeak as Weak, NotFresh, RoleMissing,
        ScopeMissing,
    };

    let role = || Policy::role("roles", "admin");
    for (policy, claims, kind, told) in [
        (acr(&["a", "b"]), "{}", Weak, "a b//"),
        (age(60), "{}", Old, "/60/"),
        (acr(&["a"]).and(age(60)), "{}", Weak, "a/60/"),
        (age(60).and(acr(&["a"])), "{}", Weak, "a/60/"),
        (age(60).and(acr(&["a"])), r#"{"acr":"a"}"#, Old, "a/60/"),
        (
            age(60).and(acr(&["a"])),
            r#"{"auth_time":9950}"#,
            Weak,
            "a/60/",
        ),
        // What is good for both.
        (
            acr(&["a", "b"]).and(acr(&["b", "c"])),
            r#"{"acr":"a"}"#,
            Weak,
            "b//",
        ),
        (age(60).and(age(30)), r#"{"auth_time":9960}"#, Old, "/30/"),
        // No login is: what is lacking is told.
        (acr(&["a"]).and(acr(&["b"])), r#"{"acr":"b"}"#, Weak, "a//"),
        (
            acr(&["a"]).and(Policy::fresh()),
            r#"{"acr":"a"}"#,
            NotFresh,
            "a//",
        ),
        // With a scope that is lacking, too.
        (scope("x").and(acr(&["a"])), "{}", Weak, "a//x"),
        (
            acr(&["a"]).and(scope("x")).and(scope("y")),
            r#"{"scope":"y"}"#,
            Weak,
            "a//x y",
        ),
        (scope("x").and(acr(&["a"])), r#"{"scope":"x"}"#, Weak, "a//"),
        (
            scope("x").and(acr(&["a"])),
            r#"{"acr":"a"}"#,
            ScopeMissing,
            "//x",
        ),
        // A login brings no role, and no scope that nobody named.
        (acr(&["a"]).and(role()), "{}", RoleMissing, "//"),
        (
            role().and(scope("x").and(acr(&["a"]))),
            "{}",
            RoleMissing,
            "//",
        ),
        (
            scope("x").and(acr(&["a"])).and(role()),
            "{}",
            RoleMissing,
            "//",
        ),
        (
            Policy::all([scope("x"), acr(&["a"]), role()]),
            "{}",
            ScopeMissing,
            "//x",
        ),
        (
            Policy::all_scopes([""; 0]).unwrap().and(acr(&["a"])),
            "{}",
            ScopeMissing,
            "//",
        ),
        // Of alternatives, the one that is told brings its own.
        (acr(&["a"]).or(scope("x")), "{}", Weak, "a//"),
        (acr(&["a"]).or(age(60)), "{}", Old, "/60/"),
        (
            scope("x").and(acr(&["a"]).or(acr(&["b"]))),
            r#"{"scope":"x"}"#,
            Weak,
            "a//",
        ),
    ] {
        assert_eq!(
            lacks(&policy, claims),
            (kind, told.to_owned()),
            "{policy:?} {claims}"
        );
    }
}

/// Of nobody, whatever is asked of the login, is told about it in words that name a
/// claim's value.
#[test]
fn the_log_tells_what_is_needed() {
    let policy = acr(&["a", "b"]).and(age(60)).and(scope("x"));
    let error = policy.check(&seen(r#"{"acr":"secret"}"#)).unwrap_err();
    let text = "the login was not as strong as is needed; its `acr` must be of `a b`; \
                it must be at most 60 s old; the scope `x` is needed";
    assert_eq!(error.to_string(), text);
}
