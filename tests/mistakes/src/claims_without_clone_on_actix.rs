use actix_web::{Resource, web};
use portcullis_actix::Claims;

#[derive(serde::Deserialize)]
#[cfg_attr(not(mistake), derive(Clone))]
pub struct User {
    pub sub: String,
}

async fn me(Claims(user): Claims<User>) -> String {
    user.sub
}

pub fn route() -> Resource {
    web::resource("/me").route(web::get().to(me))
}
