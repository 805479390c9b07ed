//! What the token endpoint gives (RFC 6749 sections 4.3 and 4.4).

use std::time::Duration;

use serde_json::{Value, json};

use crate::mint::Mint;

/// What a client may ask with.
pub(super) const GRANT_TYPES: [&str; 2] = ["client_credentials", "password"];

/// The answer to a client: a token for itself, or for anybody whom it names, whatever
/// the password. The error is a code of RFC 6749 section 5.2.
pub(super) fn answer(
    mint: &Mint,
    lifetime: Duration,
    client: &str,
    field: impl Fn(&str) -> Option<String>,
) -> Result<Value, &'static str> {
    let subject = match field("grant_type").as_deref() {
        Some("client_credentials") => client.to_owned(),
        Some("password") => field("username").ok_or("invalid_request")?,
        Some(_) => return Err("unsupported_grant_type"),
        None => return Err("invalid_request"),
    };
    let mut draft = mint.token(&subject).claim("client_id", client);
    let mut answer = json!({
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
    });
    if let Some(scope) = field("scope").filter(|scope| !scope.is_empty()) {
        answer["scope"] = scope.as_str().into();
        draft = draft.claim("scope", scope);
    }
    answer["access_token"] = draft.build().into();
    Ok(answer)
}
