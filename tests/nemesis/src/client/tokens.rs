//! The tokens of one session.

use base64_simd::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::history::Token;

/// What a login or a refresh gave.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
    /// The refresh token as the history shows it.
    pub(super) shown: Token,
}

#[derive(Deserialize)]
struct Body {
    access_token: String,
    refresh_token: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "gen")]
    generation: u64,
}

impl Tokens {
    /// Reads an answer; `None` if it is none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let claims = body.refresh_token.split('.').nth(1)?;
        let claims = URL_SAFE_NO_PAD.decode_to_vec(claims).ok()?;
        let claims: Claims = serde_json::from_slice(&claims).ok()?;
        Some(Self {
            shown: Token::new(claims.generation, &body.refresh_token),
            access: body.access_token,
            refresh: body.refresh_token,
        })
    }
}
