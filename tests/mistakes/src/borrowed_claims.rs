use portcullis::verify::{ClaimsError, Verified};

#[derive(Clone, serde::Deserialize)]
pub struct User<'a> {
    pub sub: &'a str,
}

#[cfg(not(mistake))]
#[derive(Clone, serde::Deserialize)]
pub struct OwnedUser {
    pub sub: String,
}

#[cfg(not(mistake))]
pub fn user(token: &Verified) -> Result<OwnedUser, ClaimsError> {
    token.claims()
}

#[cfg(mistake)]
pub fn user(token: &Verified) -> Result<User<'_>, ClaimsError> {
    token.claims()
}
