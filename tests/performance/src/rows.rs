//! The rows of routes, by framework.

use crate::{cases, fixture::Fixture, route::Route};

/// Makes the rows of a framework.
pub type Rows = fn(&Fixture) -> Vec<Route>;

/// The frameworks, and the rows of each. The first is what the others are
/// compared with.
pub const FRAMEWORKS: [(&str, Rows); 2] = [("axum", axum), ("actix-web", actix)];

/// The routes of axum.
pub fn axum(fixture: &Fixture) -> Vec<Route> {
    let verifier = || fixture.verifier();
    let cached = || fixture.cached();
    let routes = [
        Route::axum("the bare route", cases::axum::bare()).open(),
        Route::axum("a layer that does nothing", cases::axum::empty_layer()).open(),
        Route::axum("portcullis, layer", cases::axum::layer_alone(verifier())),
        Route::axum(
            "portcullis, layer and claims",
            cases::axum::layer(verifier()),
        ),
        Route::axum("portcullis, extractor", cases::axum::extractor(verifier())),
        Route::axum(
            "portcullis, layer and claims, cached",
            cases::axum::layer(cached()),
        ),
        Route::axum(
            "portcullis, extractor, cached",
            cases::axum::extractor(cached()),
        ),
    ];
    #[cfg(feature = "peers")]
    let routes = routes.into_iter().chain(crate::peers::all(fixture));
    routes.into_iter().collect()
}

/// The routes of actix-web.
pub fn actix(fixture: &Fixture) -> Vec<Route> {
    vec![
        cases::actix::bare(),
        cases::actix::wrapped("portcullis, middleware", fixture.verifier()),
        cases::actix::extractor("portcullis, extractor", fixture.verifier()),
        cases::actix::wrapped("portcullis, middleware, cached", fixture.cached()),
        cases::actix::extractor("portcullis, extractor, cached", fixture.cached()),
        #[cfg(feature = "peers")]
        crate::peers::actix_web_httpauth::wrapped(fixture),
    ]
}
