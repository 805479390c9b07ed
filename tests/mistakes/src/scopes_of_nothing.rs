use portcullis::policy::RequiredScopes;
#[cfg(mistake)]
use portcullis_axum::Bearer as Token;
use portcullis_axum::Scoped;
#[cfg(not(mistake))]
use portcullis_axum::Token;

pub struct Read;

impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["stations:read"];
}

#[axum::debug_handler]
pub async fn read(_: Scoped<Read, Token>) {}
