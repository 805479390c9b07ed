//! Serves every row over the loopback, loads it with `wrk`, and writes the
//! tables in markdown. The argument is how many rounds of a second to run.

use std::error::Error;

use performance::{
    fixture::Fixture,
    loopback::{self, Server},
    measure::{Rounds, turns},
    page::Page,
    route::Route,
    rows::FRAMEWORKS,
};
use portcullis::jose::Algorithm;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1);
    let rounds = rounds.map_or(Ok(5), |text| text.parse())?;
    if !loopback::available() {
        println!("Served over the loopback: left out, there is no `wrk` (`apt-get install wrk`).");
        return Ok(());
    }
    for (framework, routes) in FRAMEWORKS {
        let mut page = Page::new(format!("Served by {framework} over the loopback"));
        for algorithm in [Algorithm::HS256, Algorithm::RS256] {
            let mut servers = Vec::new();
            for route in routes(&Fixture::new(algorithm)) {
                servers.push((route.name, serve(framework, algorithm, &route)?));
            }
            measure(&servers, algorithm.name(), rounds, &mut page)?;
        }
        println!("{page}");
    }
    Ok(())
}

/// A server that lets in whom it should; idle until it is loaded.
fn serve(framework: &str, algorithm: Algorithm, route: &Route) -> Result<Server, Box<dyn Error>> {
    let server = Server::start(framework, algorithm.name(), route.name)?;
    let expected = [200, if route.protected { 401 } else { 200 }];
    match server.statuses()? {
        statuses if statuses == expected => Ok(server),
        other => Err(format!("{}: {other:?} with and without a token", route.name).into()),
    }
}

fn measure(
    servers: &[(&str, Server)],
    algorithm: &str,
    rounds: usize,
    page: &mut Page,
) -> Result<(), Box<dyn Error>> {
    let mut rates = Rounds::new(servers.len());
    let mut tails = Rounds::new(servers.len());
    for row in turns(servers.len(), rounds) {
        let load = servers[row].1.load()?;
        rates.push(row, load.requests_per_second);
        tails.push(row, load.tail);
    }
    for (index, (row, _)) in servers.iter().enumerate() {
        let rate = format!("{:.0} ({:.2})", rates.of(index), rates.ratio(index, 0));
        page.set(row, &format!("{algorithm}, requests/s"), rate);
        let tail = format!("{:.0}", tails.of(index));
        page.set(row, &format!("{algorithm}, p99 µs"), tail);
    }
    Ok(())
}
