use portcullis_axum::Claims;

#[derive(serde::Deserialize)]
#[cfg_attr(not(mistake), derive(Clone))]
pub struct User {
    pub sub: String,
}

#[axum::debug_handler]
pub async fn me(Claims(user): Claims<User>) -> String {
    user.sub
}
