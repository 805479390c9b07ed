//! The guide's code, compiled, as a user has it: the adapters, and what is under their
//! names.

/// Compiles the pages of a chapter.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../docs/guide/", $path))]
            mod $name {}
        )*
    };
}

pages! {
    actix: "actix.md",
    axum: "axum.md",
    roles_and_tenants: "roles-and-tenants.md",
    own_store: "own-store.md",
    session_events: "../session-events.md",
    several_issuers: "several-issuers.md",
    several_nodes: "several-nodes.md",
    tests: "tests.md",
    why_401: "why-401.md",
    from_actix_web_httpauth: "migration/actix-web-httpauth.md",
    from_axum_jwt_auth: "migration/axum-jwt-auth.md",
    from_fastapi_users: "migration/fastapi-users.md",
    from_flask_jwt_extended: "migration/flask-jwt-extended.md",
    from_hand_written: "migration/hand-written.md",
    from_jwt_authorizer: "migration/jwt-authorizer.md",
    from_tower_http: "migration/tower-http.md",
    weak_keys: "migration/weak-keys.md",
}
