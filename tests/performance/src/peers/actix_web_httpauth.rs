//! actix-web-httpauth's middleware around `jsonwebtoken::decode`.

use std::sync::Arc;

use actix_web::{App, HttpMessage, dev::ServiceRequest, error::ErrorUnauthorized, web};
use actix_web_httpauth::{extractors::bearer::BearerAuth, middleware::HttpAuthentication};
use jsonwebtoken::decode;

use super::{jsonwebtoken_key, jsonwebtoken_validation};
use crate::{
    fixture::{Fixture, User},
    route::Route,
    web::ANSWER,
};

pub fn wrapped(fixture: &Fixture) -> Route {
    async fn handler(user: web::ReqData<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let keys = Arc::new((jsonwebtoken_key(fixture), jsonwebtoken_validation(fixture)));
    let check = move |request: ServiceRequest, auth: BearerAuth| {
        let keys = Arc::clone(&keys);
        async move {
            match decode::<User>(auth.token(), &keys.0, &keys.1) {
                Ok(data) => {
                    request.extensions_mut().insert(data.claims);
                    Ok(request)
                }
                Err(error) => Err((ErrorUnauthorized(error), request)),
            }
        }
    };
    let name = "actix-web-httpauth 0.8 + jsonwebtoken 11 (aws)";
    Route::actix(name, move || {
        App::new()
            .wrap(HttpAuthentication::bearer(check.clone()))
            .route("/", web::get().to(handler))
    })
}
