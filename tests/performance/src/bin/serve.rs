//! Serves a row of routes on a free port of the loopback until it is killed:
//! `serve axum RS256 'portcullis, extractor'`. Prints where, and a good token.

use std::net::{Ipv4Addr, TcpListener};

use performance::{fixture::Fixture, rows::FRAMEWORKS};
use portcullis::jose::Algorithm;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [framework, algorithm, row] = &arguments[..] else {
        return Err("name a framework, an algorithm and a row".into());
    };
    let algorithm = Algorithm::from_name(algorithm).ok_or("no such algorithm")?;
    let fixture = Fixture::new(algorithm);
    let (_, routes) = FRAMEWORKS
        .into_iter()
        .find(|(name, _)| name == framework)
        .ok_or("no such framework")?;
    let route = routes(&fixture)
        .into_iter()
        .find(|route| route.name == row)
        .ok_or("no such row")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{} {}", listener.local_addr()?, fixture.token);
    Ok(route.serve(listener)?)
}
