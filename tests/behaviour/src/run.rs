//! Runs cases against every adapter.

use std::fmt::Write;

use portcullis::verify::TokenCache;

use crate::{
    answer::Answer,
    apps::{self, Server},
    case::Case,
    client::{Request, send},
    invariants,
    site::Site,
};

/// A site, served by every adapter.
pub struct Everywhere {
    servers: Vec<Server>,
    times: usize,
}

impl Everywhere {
    /// Serves a site.
    pub fn serve(site: &Site) -> Self {
        Self {
            servers: apps::all(site),
            times: 1,
        }
    }

    /// Serves a site whose verifiers remember tokens beside the same site
    /// without: each case is sent twice, and always answered the same.
    pub fn serve_with_cache(site: impl Fn(Option<TokenCache>) -> Site) -> Self {
        let sites = [site(None), site(Some(TokenCache::new()))];
        Self {
            servers: sites.iter().flat_map(apps::all).collect(),
            times: 2,
        }
    }

    /// The servers, one for each adapter.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Sends every case to every server and fails with all that is wrong.
    pub fn run(&self, cases: &[Case]) {
        assert!(!cases.is_empty(), "there is nothing to run");
        let mut report = String::new();
        block_on(async {
            for case in cases {
                self.run_one(case, &mut report).await;
            }
        });
        assert!(report.is_empty(), "\n{report}");
    }

    async fn run_one(&self, case: &Case, report: &mut String) {
        let mut first: Option<(&str, Answer)> = None;
        let servers = self.servers.iter();
        for server in servers.flat_map(|server| std::iter::repeat_n(server, self.times)) {
            let answer = match send(server.address, &case.request).await {
                Ok(answer) => answer,
                Err(error) => {
                    complain(
                        report,
                        case,
                        server.name,
                        &format!("no answer: {error}\n"),
                        "",
                    );
                    continue;
                }
            };
            let shown = format!("{answer:?}");
            let mut wrong = case.expected.compare(&answer);
            wrong += &invariants::check(&case.request, &answer);
            match &first {
                Some((name, first)) => {
                    let difference = invariants::difference(first, &answer);
                    if !difference.is_empty() {
                        let _ = writeln!(wrong, "unlike {name}: {difference}");
                    }
                }
                None => first = Some((server.name, answer)),
            }
            complain(report, case, server.name, &wrong, &shown);
        }
    }

    /// Sends a request to every server; the answers must be the same.
    pub async fn same(&self, request: &Request) -> Answer {
        let mut first: Option<Answer> = None;
        for server in &self.servers {
            let answer = exchange(server, request).await;
            match &first {
                Some(first) => {
                    let difference = invariants::difference(first, &answer);
                    assert!(
                        difference.is_empty(),
                        "{}: {difference}{request:?}\n{answer:?}",
                        server.name
                    );
                }
                None => first = Some(answer),
            }
        }
        first.expect("there is a server")
    }
}

fn complain(report: &mut String, case: &Case, server: &str, wrong: &str, answer: &str) {
    if !wrong.is_empty() {
        let _ = writeln!(
            report,
            "{} on {server}:\n{wrong}{:?}\n{answer}\n",
            case.name, case.request
        );
    }
}

/// Sends a request to one server; the answer must be sound.
pub async fn exchange(server: &Server, request: &Request) -> Answer {
    let answer = send(server.address, request).await;
    let answer = answer.unwrap_or_else(|error| panic!("{}: {error}: {request:?}", server.name));
    let wrong = invariants::check(request, &answer);
    assert!(
        wrong.is_empty(),
        "{}: {wrong}{request:?}\n{answer:?}",
        server.name
    );
    answer
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}
