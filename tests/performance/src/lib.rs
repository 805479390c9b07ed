//! What Portcullis costs, beside the cryptography it cannot save and beside
//! its peers. `docs/performance.md` says how to read and reproduce the tables.

pub mod cases;
pub mod fixture;
pub mod hot_paths;
pub mod loopback;
pub mod measure;
pub mod page;
#[cfg(feature = "peers")]
pub mod peers;
pub mod route;
pub mod rows;
pub mod tables;
pub mod threads;
pub mod web;

/// What the guide shows of the peers compiles, too: it is left out where they are not.
#[cfg(all(doctest, feature = "peers"))]
mod guide {
    macro_rules! pages {
        ($($name:ident: $page:literal,)*) => {
            $(
                #[doc = include_str!(concat!("../../../docs/guide/migration/", $page, ".md"))]
                mod $name {}
            )*
        };
    }

    pages! {
        actix_web_httpauth: "actix-web-httpauth",
        axum_jwt_auth: "axum-jwt-auth",
        hand_written: "hand-written",
        jwt_authorizer: "jwt-authorizer",
        tower_http: "tower-http",
    }
}
