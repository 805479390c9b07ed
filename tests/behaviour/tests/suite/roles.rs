//! Roles in a handler's signature.

use behaviour::{
    case::{Case, insufficient_role, invalid_token, misconfigured, missing, passes},
    client::Request,
};
use serde_json::{Value, json};

use crate::protected::{everywhere, get, token};

fn with(path: &str, roles: Value) -> Request {
    let draft = token().claim("realm_access", json!({ "roles": roles }));
    get(path).authorization(draft.bearer())
}

#[test]
fn by_an_extractor() {
    let alice = || passes().body(r#"{"authenticated":true,"subject":"alice"}"#);
    let mut cases = Vec::new();
    for path in [
        "/roles",
        "/own/roles",
        "/maybe/roles",
        "/maybe/roles/if-present",
    ] {
        let case = |name: &str, request, expected| {
            Case::new(format!("{name} on {path}"), request, expected)
        };
        let plain = get(path).authorization(token().bearer());
        cases.extend([
            case(
                "all",
                with(path, json!(["x", "auditor", "operator"])),
                alice(),
            ),
            case(
                "one of two",
                with(path, json!(["operator"])),
                insufficient_role(),
            ),
            case(
                "a text",
                with(path, json!("operator auditor")),
                insufficient_role(),
            ),
            case(
                "others",
                with(path, json!(["Operator", "Auditor"])),
                insufficient_role(),
            ),
            case("none", plain, insufficient_role()),
            case("a bad token", get(path).bearer("x"), invalid_token()),
        ]);
        cases.push(match path {
            "/maybe/roles/if-present" => {
                let anonymous = passes().body(r#"{"authenticated":false,"subject":null}"#);
                case("nobody", get(path), anonymous)
            }
            _ => case("nobody", get(path), missing()),
        });
    }
    cases.push(Case::new(
        "without a layer",
        with("/no-layer/roles", json!(["auditor", "operator"])),
        misconfigured(),
    ));
    everywhere().run(&cases);
}
