//! The rows of every table, for the clock and for the allocation counter alike.

use axum::Router;

use crate::{cases, fixture, fixture::Fixture, measure::Case, web};

/// A table for one algorithm.
pub struct Table {
    pub title: &'static str,
    /// How the numbers of all rows but the first are to be read.
    pub reading: Reading,
    /// The first is what the others are compared with.
    pub cases: Vec<Case>,
}

/// What a number says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nanoseconds, and how many times the first row they are.
    Absolute,
    /// Nanoseconds more than the first row.
    Over,
}

/// The tables for the fixture's algorithm.
pub fn all(fixture: &Fixture) -> Vec<Table> {
    let accepted = routes(fixture, Some(&fixture::bearer(&fixture.token)));
    for case in &accepted {
        assert_eq!(case.status, Some(200), "{} refuses a good token", case.name);
    }
    let mut tables = vec![
        Table {
            title: "Verification alone",
            reading: Reading::Absolute,
            cases: vec![
                cases::primitive::verify(fixture),
                cases::verification::accepted(fixture),
                cases::verification::claims(fixture),
                cases::verification::forged(fixture),
            ],
        },
        Table {
            title: "Issuing",
            reading: Reading::Absolute,
            cases: vec![
                cases::issuing::primitive(fixture),
                cases::issuing::access(fixture),
            ],
        },
        Table {
            title: "A protected route of axum",
            reading: Reading::Over,
            cases: accepted,
        },
        Table {
            title: "A protected route of actix-web",
            reading: Reading::Over,
            cases: actix(fixture),
        },
    ];
    let forged = fixture::bearer(&fixture.forged);
    for (title, authorization) in [
        ("Refused: no credentials", None),
        ("Refused: garbage", Some(&fixture::garbage())),
        ("Refused: 8 KB of garbage", Some(&fixture::long_garbage())),
        ("Refused: a bad signature", Some(&forged)),
    ] {
        tables.push(Table {
            title,
            reading: Reading::Over,
            cases: routes(fixture, authorization),
        });
    }
    tables
}

/// What does not depend on an algorithm.
pub fn others() -> [Table; 2] {
    [
        ("Keys", cases::keys::look_up()),
        ("Sessions", cases::sessions::refresh()),
    ]
    .map(|(title, case)| Table {
        title,
        reading: Reading::Absolute,
        cases: vec![case],
    })
}

fn routes(fixture: &Fixture, authorization: Option<&http::HeaderValue>) -> Vec<Case> {
    let routes: [(&str, Router); 5] = [
        ("the bare route", cases::axum::bare()),
        ("a layer that does nothing", cases::axum::empty_layer()),
        ("portcullis, layer", cases::axum::layer_alone(fixture)),
        ("portcullis, layer and claims", cases::axum::layer(fixture)),
        ("portcullis, extractor", cases::axum::extractor(fixture)),
    ];
    let cases = routes.map(|(name, route)| web::case(name, route, authorization.cloned()));
    #[cfg(feature = "peers")]
    let cases = cases
        .into_iter()
        .chain(crate::peers::all(fixture, authorization));
    cases.into_iter().collect()
}

fn actix(fixture: &Fixture) -> Vec<Case> {
    vec![
        cases::actix::bare(fixture),
        cases::actix::wrapped(fixture),
        cases::actix::extractor(fixture),
        #[cfg(feature = "peers")]
        crate::peers::actix_web_httpauth::wrapped(fixture),
    ]
}
