mod asking;
mod step_up;

use super::*;
use crate::{head::HeadRef, verify::Verified};

fn token(claims: &str) -> Verified {
    Verified::for_test(claims)
}

fn kind(policy: &Policy, claims: &str) -> Result<(), PolicyErrorKind> {
    policy.check(&token(claims)).map_err(|error| error.kind())
}

const READER: &str = r#"{"scope":"read list","roles":["user"],"fresh":false}"#;
const ADMIN: &str = r#"{"scope":"write","roles":["admin"],"fresh":true}"#;

#[test]
fn scopes_any_and_all() {
    let both = Policy::all_scopes(["read", "list"]).unwrap();
    let either = Policy::any_scope(["write", "read"]).unwrap();
    assert_eq!(kind(&both, READER), Ok(()));
    assert_eq!(kind(&both, ADMIN), Err(PolicyErrorKind::ScopeMissing));
    assert_eq!(kind(&either, READER), Ok(()));
    assert_eq!(kind(&either, ADMIN), Ok(()));
}

#[test]
fn what_is_empty_denies() {
    assert_eq!(kind(&Policy::all([]), ADMIN), Err(PolicyErrorKind::Denied));
    assert_eq!(kind(&Policy::any([]), ADMIN), Err(PolicyErrorKind::Denied));
    let nothing = Policy::all_scopes([""; 0]).unwrap();
    assert_eq!(kind(&nothing, ADMIN), Err(PolicyErrorKind::ScopeMissing));
}

#[test]
fn a_role_that_is_missing_is_named() {
    let policy = Policy::fresh().and(Policy::role("realm_access.roles", "operator"));
    let error = policy.check(&token(READER)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the role `operator` at `realm_access.roles` is needed"
    );
}

#[test]
fn roles_and_freshness_combine() {
    let policy = Policy::role("roles", "admin").and(Policy::fresh());
    assert_eq!(kind(&policy, ADMIN), Ok(()));
    assert_eq!(kind(&policy, READER), Err(PolicyErrorKind::RoleMissing));
    let stale = r#"{"roles":["admin"],"fresh":false}"#;
    assert_eq!(kind(&policy, stale), Err(PolicyErrorKind::NotFresh));
    assert_eq!(kind(&Policy::fresh(), "{}"), Err(PolicyErrorKind::NotFresh));
}

#[test]
fn a_missing_scope_goes_before_a_stale_login() {
    let policy = Policy::all([Policy::fresh(), Policy::scope("write").unwrap()]);
    assert_eq!(kind(&policy, READER), Err(PolicyErrorKind::ScopeMissing));
}

#[test]
fn the_error_names_all_the_scopes_that_are_needed() {
    let policy = Policy::scope("a")
        .unwrap()
        .and(Policy::any_scope(["b", "c"]).unwrap());
    let error = policy.check(&token(READER)).unwrap_err();
    assert_eq!(error.scope().as_str(), "a b");
}

#[test]
fn of_alternatives_the_easiest_remedy_is_named() {
    let role = || Policy::role("roles", "nobody");
    let scope = || Policy::scope("other").unwrap();
    for policy in [role().or(scope()), scope().or(role())] {
        let error = policy.check(&token(READER)).unwrap_err();
        assert_eq!(error.kind(), PolicyErrorKind::ScopeMissing);
        assert_eq!(error.scope().as_str(), "other");
    }
    for policy in [scope().or(Policy::fresh()), Policy::fresh().or(scope())] {
        assert_eq!(kind(&policy, READER), Err(PolicyErrorKind::NotFresh));
    }
}

fn deletes(_: &Verified, head: HeadRef<'_>) -> bool {
    head.method() == "DELETE"
}

#[test]
fn a_rule_about_the_request_sees_it() {
    let policy = Policy::request(deletes);
    let about = |method: &str| {
        let request = http::Request::builder().method(method).body(()).unwrap();
        let result = policy.check_for(&token(ADMIN), &request);
        result.map_err(|error| error.kind())
    };
    assert_eq!(about("DELETE"), Ok(()));
    assert_eq!(about("GET"), Err(PolicyErrorKind::RequestRefused));
}

#[test]
fn without_a_request_a_rule_about_it_does_not_hold() {
    let refused = Err(PolicyErrorKind::RequestRefused);
    let anything = || Policy::request(|_, _| true);
    assert_eq!(kind(&anything(), ADMIN), refused);
    assert_eq!(kind(&anything().and(Policy::fresh()), ADMIN), refused);
    assert_eq!(kind(&anything().or(Policy::fresh()), ADMIN), Ok(()));
}

#[test]
fn the_request_reaches_every_part_of_a_policy() {
    let request = http::Request::delete("/").body(()).unwrap();
    let deletes = || Policy::request(deletes);
    for policy in [
        deletes().and(Policy::fresh()),
        Policy::fresh().and(deletes()),
        deletes().or(Policy::all([])),
        Policy::all([]).or(deletes()),
        Policy::any([Policy::all([deletes()])]),
    ] {
        assert_eq!(policy.check_for(&token(ADMIN), &request), Ok(()));
    }
}
