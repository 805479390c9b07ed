//! Sender-constrained tokens (RFC 7800).

use behaviour::case::{Case, Expected, invalid_token, passes};
use serde_json::{Value, json};

use crate::protected::{everywhere, get, token};

fn malformed() -> Expected {
    invalid_token().reason("Malformed")
}

/// A token that is bound to a key or certificate (RFC 7800) is no Bearer token.
#[test]
fn sender_constrained_tokens_are_refused() {
    let with = |path: &str, cnf: Value| get(path).authorization(token().claim("cnf", cnf).bearer());
    let mut cases = Vec::new();
    for path in ["/claims", "/rfc9068", "/maybe"] {
        for cnf in [
            json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
            json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
            json!({"jwk": {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}}),
            json!({"jwe": "a.b.c.d.e"}),
            json!({"jku": "https://keys.test", "kid": "1"}),
            json!({"kid": "1"}),
            json!({"osc": {}}),
        ] {
            let refused = invalid_token().reason("SenderConstrained");
            cases.push(Case::new(format!("{path} {cnf}"), with(path, cnf), refused));
        }
        for cnf in [json!({}), json!([]), json!("x"), json!(1), json!(true)] {
            cases.push(Case::new(
                format!("{path} {cnf}"),
                with(path, cnf),
                malformed(),
            ));
        }
    }
    everywhere().run(&cases);
}

#[test]
fn bindings_are_checked_or_ignored_where_asked() {
    let with = |path: &str, cnf: Value| get(path).authorization(token().claim("cnf", cnf).bearer());
    let refused = || invalid_token().reason("Custom");
    everywhere().run(&[
        Case::new(
            "our key",
            with("/bound", json!({"kid": "our key"})),
            passes(),
        ),
        Case::new(
            "another",
            with("/bound", json!({"kid": "another"})),
            refused(),
        ),
        Case::new(
            "another method",
            with("/bound", json!({"jkt": "our key"})),
            refused(),
        ),
        Case::new("none that can be", with("/bound", json!({})), malformed()),
        Case::new(
            "not bound",
            get("/bound").authorization(token().bearer()),
            passes(),
        ),
        Case::new(
            "ignored",
            with("/bound/ignored", json!({"jkt": "x"})),
            passes(),
        ),
    ]);
}
