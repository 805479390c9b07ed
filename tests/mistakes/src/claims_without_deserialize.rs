use portcullis_axum::Claims;

#[derive(Clone)]
#[cfg_attr(not(mistake), derive(serde::Deserialize))]
pub struct User {
    pub sub: String,
}

#[axum::debug_handler]
pub async fn me(Claims(user): Claims<User>) -> String {
    user.sub
}
