//! The rows of every table, for the clock and for the allocation counter alike.

use portcullis::jose::Algorithm;

use crate::{
    cases,
    fixture::{self, Fixture},
    measure::Case,
    route::Route,
    rows,
    web::Sent,
};

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
    let verification = verification(fixture);
    if fixture.algorithm == Algorithm::PS256 {
        // The rest would be that of RS256.
        return vec![verification];
    }
    let mut tables = vec![
        verification,
        decision(fixture),
        Table {
            title: "The same bad token again",
            reading: Reading::Absolute,
            cases: vec![
                cases::verification::forged("portcullis", fixture.verifier(), fixture),
                cases::verification::forged("portcullis, cached", fixture.cached(), fixture),
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
            cases: granted(rows::axum(fixture), fixture),
        },
        Table {
            title: "A protected route of actix-web",
            reading: Reading::Over,
            cases: granted(rows::actix(fixture), fixture),
        },
    ];
    let forged = fixture::bearer(&fixture.forged);
    for (title, authorization) in [
        ("Refused: no credentials", None),
        ("Refused: garbage", Some(fixture::garbage())),
        ("Refused: 8 KB of garbage", Some(fixture::long_garbage())),
        ("Refused: a bad signature", Some(forged)),
    ] {
        tables.push(Table {
            title,
            reading: Reading::Over,
            cases: answered(rows::axum(fixture), Sent::then(fixture, authorization)),
        });
    }
    tables
}

/// What does not depend on an algorithm.
pub fn others() -> [Table; 3] {
    [
        ("Keys", vec![cases::keys::look_up()]),
        (
            "A pair of HS256 tokens",
            vec![cases::pair::floor(), cases::pair::pair()],
        ),
        ("Sessions", vec![cases::sessions::refresh()]),
    ]
    .map(|(title, cases)| Table {
        title,
        reading: Reading::Absolute,
        cases,
    })
}

fn verification(fixture: &Fixture) -> Table {
    use cases::verification::{accepted, claims, forged};

    let verifier = || fixture.verifier();
    let cached = || fixture.cached();
    let token = &fixture.token;
    Table {
        title: "Verification alone",
        reading: Reading::Absolute,
        cases: vec![
            cases::primitive::verify(fixture),
            accepted("portcullis", verifier(), token),
            claims("portcullis, with claims", verifier(), token),
            accepted("portcullis, cached", cached(), token),
            claims("portcullis, cached, with claims", cached(), token),
            forged("portcullis, bad signature", verifier(), fixture),
        ],
    }
}

fn decision(fixture: &Fixture) -> Table {
    use cases::decision::check;

    let [good, forged] = [&fixture.token, &fixture.forged].map(|token| fixture::bearer(token));
    let [garbage, long] = [fixture::garbage(), fixture::long_garbage()];
    Table {
        title: "The decision alone",
        reading: Reading::Absolute,
        cases: vec![
            cases::primitive::verify(fixture),
            check("a good token", fixture, Some(good)),
            check("no credentials", fixture, None),
            check("garbage", fixture, Some(garbage)),
            check("8 KB of garbage", fixture, Some(long)),
            check("a bad signature", fixture, Some(forged)),
        ],
    }
}

fn granted(routes: Vec<Route>, fixture: &Fixture) -> Vec<Case> {
    let cases = answered(routes, Sent::good(fixture));
    for case in &cases {
        assert_eq!(case.status, Some(200), "{} refuses a good token", case.name);
    }
    cases
}

fn answered(routes: Vec<Route>, sent: Sent) -> Vec<Case> {
    let routes = routes.into_iter();
    routes.map(|route| route.case(sent.clone())).collect()
}
