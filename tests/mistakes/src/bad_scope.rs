use axum::{Router, routing::get};
use portcullis::policy::RequiredScopes;
use portcullis_axum::Scoped;

pub struct Write;

impl RequiredScopes for Write {
    #[cfg(not(mistake))]
    const SCOPES: &'static [&'static str] = &["stations:read", "stations:write"];
    #[cfg(mistake)]
    const SCOPES: &'static [&'static str] = &["stations:read stations:write"];
}

async fn write(token: Scoped<Write>) -> String {
    format!("{:?} may write", token.subject_name())
}

pub fn app() -> Router {
    Router::new().route("/stations", get(write))
}
