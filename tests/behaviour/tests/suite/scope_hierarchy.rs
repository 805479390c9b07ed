//! Scopes that imply others.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, insufficient_scope, passes},
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    policy::{Policy, ScopeHierarchy},
    verify::TokenCache,
};

use crate::protected::{get, mint, token, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let guard = || Authenticator::new(builder().build().unwrap());
    let table = ScopeHierarchy::table([("admin", "write"), ("write", "read")]).unwrap();
    let with_table = || guard().scope_hierarchy(table.clone());
    let by_prefix = ScopeHierarchy::rule(|granted, required| {
        let rest = required.strip_prefix(granted);
        rest.is_some_and(|rest| rest.starts_with(':'))
    });
    let read = || Policy::scope("read").unwrap();
    let both = || Policy::all_scopes(["read", "write"]).unwrap();
    let inner = Policy::scope("stations:read").unwrap();
    Site::new()
        .route("/read", with_table().require(read()), Handler::Claims)
        .route("/both", with_table().require(both()), Handler::Claims)
        .route(
            "/own/read",
            Guard::extractor(with_table().require(read())),
            Handler::Claims,
        )
        .route("/scoped", with_table(), Handler::Scoped)
        .route(
            "/own/scoped",
            Guard::extractor(with_table()),
            Handler::Scoped,
        )
        .route(
            "/scoped/if-present",
            with_table().optional(),
            Handler::ScopedIfPresent,
        )
        .route(
            "/inner/read",
            Guard::inner(with_table(), read()),
            Handler::Claims,
        )
        .route(
            "/prefix",
            guard().scope_hierarchy(by_prefix).require(inner),
            Handler::Claims,
        )
        .route("/flat", guard().require(read()), Handler::Claims)
        .route("/flat/scoped", guard(), Handler::Scoped)
}

fn with(path: &str, scope: &str) -> Request {
    get(path).authorization(token().claim("scope", scope).bearer())
}

#[test]
fn policies_follow_it() {
    let mut cases = Vec::new();
    for path in ["/read", "/own/read", "/inner/read"] {
        let case = |scope: &str, expected| {
            Case::new(format!("{scope} on {path}"), with(path, scope), expected)
        };
        cases.extend([
            case("read", passes()),
            case("write", passes()),
            case("x admin", passes()),
            // What would do at the least is named.
            case("x", insufficient_scope("read")),
            case("Admin", insufficient_scope("read")),
            case("administrator", insufficient_scope("read")),
        ]);
    }
    cases.extend([
        Case::new("several, of one", with("/both", "admin"), passes()),
        Case::new("several, by one of them", with("/both", "write"), passes()),
        Case::new(
            "not upwards",
            with("/both", "read"),
            insufficient_scope("read write"),
        ),
        Case::new("a prefix", with("/prefix", "stations"), passes()),
        Case::new("itself", with("/prefix", "stations:read"), passes()),
        Case::new(
            "a longer one",
            with("/prefix", "stations:read:one"),
            insufficient_scope("stations:read"),
        ),
        Case::new(
            "half a name",
            with("/prefix", "stat"),
            insufficient_scope("stations:read"),
        ),
        Case::new(
            "no hierarchy",
            with("/flat", "admin"),
            insufficient_scope("read"),
        ),
    ]);
    everywhere().run(&cases);
}

#[test]
fn extractors_follow_it() {
    let mut cases = Vec::new();
    for path in ["/scoped", "/own/scoped"] {
        // A handler sees what was granted.
        let admin = passes().body(r#"{"scope":"admin"}"#);
        cases.extend([
            Case::new(format!("admin on {path}"), with(path, "admin"), admin),
            Case::new(format!("write on {path}"), with(path, "write"), passes()),
            Case::new(
                format!("read on {path}"),
                with(path, "read"),
                insufficient_scope("read write"),
            ),
        ]);
    }
    let if_present = "/scoped/if-present";
    cases.extend([
        Case::new("if present, admin", with(if_present, "admin"), passes()),
        Case::new(
            "if present, read",
            with(if_present, "read"),
            insufficient_scope("read write"),
        ),
        Case::new("if present, nobody", get(if_present), passes()),
        Case::new(
            "no hierarchy",
            with("/flat/scoped", "admin"),
            insufficient_scope("read write"),
        ),
    ]);
    everywhere().run(&cases);
}
