//! The paths that the guard watches, by name.

use portcullis::jose::Algorithm;

use crate::{
    cases,
    fixture::{self, Fixture},
    measure::Case,
    web::{self, Sent},
};

/// What stands behind `HS256/` and the other algorithms.
pub const NAMES: [&str; 29] = [
    "primitive",
    "verification",
    "claims",
    "forged",
    "cached",
    "cached-claims",
    "cached-forged",
    "axum",
    "axum-empty-layer",
    "axum-layer",
    "axum-claims",
    "axum-extractor",
    "axum-claims-cached",
    "axum-extractor-cached",
    "refused-missing",
    "refused-garbage",
    "refused-long-garbage",
    "refused-forged",
    "actix",
    "actix-claims",
    "actix-claims-cached",
    "sign",
    "issue",
    "pair-floor",
    "pair",
    "refresh",
    "session-unasked",
    "session-asked",
    "session-asked-busy",
];

/// The case of a name such as `RS256/verification`.
pub fn case(name: &str) -> Option<Case> {
    let (algorithm, path) = name.split_once('/')?;
    let fixture = Fixture::new(Algorithm::from_name(algorithm)?);
    let token = &fixture.token;
    let good = Sent::good(&fixture);
    let then = |authorization| Sent::then(&fixture, authorization);
    let verifier = || fixture.verifier();
    let cached = || fixture.cached();
    let layer = || cases::axum::layer_alone(verifier());
    Some(match path {
        "primitive" => cases::primitive::verify(&fixture),
        "verification" => cases::verification::accepted(path, verifier(), token),
        "claims" => cases::verification::claims(path, verifier(), token),
        "forged" => cases::verification::forged(path, verifier(), &fixture),
        "cached" => cases::verification::accepted(path, cached(), token),
        "cached-claims" => cases::verification::claims(path, cached(), token),
        "cached-forged" => cases::verification::forged(path, cached(), &fixture),
        "axum" => web::case(name, cases::axum::bare(), good),
        "axum-empty-layer" => web::case(name, cases::axum::empty_layer(), good),
        "axum-layer" => web::case(name, layer(), good),
        "axum-claims" => web::case(name, cases::axum::layer(verifier()), good),
        "axum-extractor" => web::case(name, cases::axum::extractor(verifier()), good),
        "axum-claims-cached" => web::case(name, cases::axum::layer(cached()), good),
        "axum-extractor-cached" => web::case(name, cases::axum::extractor(cached()), good),
        "refused-missing" => web::case(name, layer(), then(None)),
        "refused-garbage" => web::case(name, layer(), then(Some(fixture::garbage()))),
        "refused-long-garbage" => web::case(name, layer(), then(Some(fixture::long_garbage()))),
        "refused-forged" => web::case(name, layer(), then(Some(fixture::bearer(&fixture.forged)))),
        "actix" => cases::actix::bare().case(good),
        "actix-claims" => cases::actix::wrapped("portcullis", verifier()).case(good),
        "actix-claims-cached" => cases::actix::wrapped("cached", cached()).case(good),
        "sign" => cases::issuing::primitive(&fixture),
        "issue" => cases::issuing::access(&fixture),
        // Of one algorithm whatever the name says.
        "pair-floor" => cases::pair::floor(),
        "pair" => cases::pair::pair(),
        "refresh" => cases::sessions::refresh(),
        "session-unasked" => cases::snapshot::unasked(path),
        "session-asked" => cases::snapshot::asked(path, 0),
        "session-asked-busy" => cases::snapshot::asked(path, 20_000),
        _ => return None,
    })
}
