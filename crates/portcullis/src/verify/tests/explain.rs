//! What is told of a token.

use super::*;

fn check_of<'r>(report: &'r Report, name: &str) -> &'r CheckReport {
    let mut checks = report.checks().iter();
    let found = checks.find(|check| check.name() == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {report}"))
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    let checks = report.checks().iter();
    checks.map(|it| (it.name(), it.outcome())).collect()
}

#[test]
fn every_check_of_a_good_token_is_told() {
    use Outcome::Passed;
    let report = builder()
        .build()
        .unwrap()
        .explain(token(&claims()).as_bytes());
    assert!(report.is_accepted() && report.error().is_none(), "{report}");
    let names = [
        "size",
        "form",
        "header",
        "typ",
        "key",
        "signature",
        "claims",
        "iss",
        "aud",
        "kind",
        "cnf",
        "exp",
        "nbf",
        "iat",
    ];
    let mut told = outcomes(&report);
    told.retain(|(name, _)| *name != "required_claims");
    assert_eq!(told, names.map(|name| (name, Passed)));
    assert_eq!(check_of(&report, "aud").found(), Some(r#""api""#));
    let exp = check_of(&report, "exp").found().unwrap();
    assert!(exp.ends_with("in 60 seconds by this clock"), "{exp}");
    assert!(report.checks().iter().all(|check| check.advice().is_none()));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    use Outcome::{Failed, Passed};
    let mut wrong = with("aud", json!("https://api/"));
    wrong["exp"] = json!(NOW - 720);
    let token = signed(&key(2), r#"{"alg":"HS256","kid":"k2"}"#, &wrong);
    let verifier = builder().build().unwrap();
    let report = verifier.explain(token.as_bytes());
    let error = report.error().unwrap();
    assert_eq!(error.kind(), VerifyErrorKind::BadSignature);
    let failed = outcomes(&report);
    let failed: Vec<_> = failed.iter().filter(|(_, it)| *it == Failed).collect();
    let names: Vec<_> = failed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["signature", "aud", "exp"]);
    assert_eq!(check_of(&report, "key").outcome(), Passed);
    let exp = check_of(&report, "exp").found().unwrap();
    assert!(exp.ends_with("12 minutes ago by this clock"), "{exp}");
    let text = report.to_string();
    assert!(
        text.starts_with("refused: the signature does not verify"),
        "{text}"
    );
    assert!(text.lines().count() > 14, "{text}");
}
