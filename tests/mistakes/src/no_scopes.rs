#[cfg(not(mistake))]
use portcullis::policy::RequiredScopes;
use portcullis_axum::Scoped;

pub struct Read;

#[cfg(not(mistake))]
impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["stations:read"];
}

#[axum::debug_handler]
pub async fn read(token: Scoped<Read>) -> String {
    format!("{:?} may read", token.subject_name())
}
