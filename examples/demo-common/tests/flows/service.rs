//! Two servers on one store are one service.

use std::{
    collections::HashSet,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    client::{Pair, accepts, log_in, refresh, refresh_request},
    http::Answer,
    server::Server,
    stores::{self, TestStore},
};

/// Longer than it may take until a server knows what another one revoked: the
/// longest interval of polling, and some more for a busy machine.
const BOUND: Duration = Duration::from_secs(20);

/// How many refresh at once, half of them on either server.
const AT_ONCE: usize = 64;

pub(crate) fn servers_on_one_store_are_one_service(program: &str) {
    for store in stores::shared() {
        let service = Service::start(program, &store, "10s");
        service.takes_each_others_tokens();
        service.refuses_what_the_other_ended();
        service.shares_application_tokens();
        service.logs_out_everywhere();
        for _ in 0..3 {
            service.has_one_successor_for_all();
        }
        service.stop();
        // The keys are still the same, and the rules are each server's own.
        let service = Service::start(program, &store, "0");
        service.finds_stolen_tokens();
        for _ in 0..3 {
            service.lets_one_of_all_succeed();
        }
        service.stop();
    }
}

struct Service {
    one: Server,
    two: Server,
}

impl Service {
    /// Both at once: they must agree on the keys, and on who makes the tables.
    fn start(program: &str, store: &TestStore, grace: &str) -> Self {
        let start = || Server::start(program, &store.url, &["--grace", grace]);
        thread::scope(|scope| {
            let other = scope.spawn(start);
            let one = start();
            let two = other.join().unwrap();
            Self { one, two }
        })
    }

    fn stop(self) {
        assert_eq!(self.one.terminate().code(), Some(0));
        assert_eq!(self.two.terminate().code(), Some(0));
    }

    fn takes_each_others_tokens(&self) {
        let first = log_in(&self.one);
        assert!(accepts(&self.two, &first.access));
        let second = refresh(&self.two, &first.refresh);
        assert!(accepts(&self.one, &second.access));
        // A retry that reaches the other server.
        assert_eq!(refresh(&self.one, &first.refresh).refresh, second.refresh);
        // Until no retry is forgiven any more, the second rests.
        let rested = refresh(&self.one, &second.refresh);
        assert_eq!(rested.refresh, second.refresh);
        assert!(accepts(&self.two, &rested.access));
    }

    fn finds_stolen_tokens(&self) {
        let first = log_in(&self.one);
        let second = refresh(&self.two, &first.refresh);
        let third = refresh(&self.one, &second.refresh);
        assert_ne!(third.refresh, second.refresh);
        // Stolen, as the other server must know, too.
        let reused = refresh_request(&self.two, &first.refresh).send();
        assert_eq!(reused.expect(400).text("/error"), "invalid_grant");
        refresh_request(&self.one, &third.refresh)
            .send()
            .expect(400);
        self.is_over_everywhere(&third.access);
    }

    fn refuses_what_the_other_ended(&self) {
        let pair = log_in(&self.one);
        let other = log_in(&self.one);
        let logout = self.two.post("/logout").bearer(&pair.access);
        logout.send().expect(204);
        // The store knows at once.
        refresh_request(&self.one, &pair.refresh).send().expect(400);
        self.is_over_everywhere(&pair.access);
        assert!(accepts(&self.one, &other.access));
    }

    fn shares_application_tokens(&self) {
        let robot = json!({ "username": "robot", "password": "beep-boop" });
        let login = self.one.post("/api/users/login").json(robot).send();
        let refresh = login.expect(200).text("/refreshToken");
        let issue = |server: &Server| {
            let issue = server.post("/api/users/application-token");
            issue.bearer(&refresh).send().expect(200).text("/token")
        };
        let (first, second) = (issue(&self.one), issue(&self.two));
        for server in [&self.one, &self.two] {
            assert!(accepts(server, &first) && accepts(server, &second));
        }
        let logout = self.two.post("/logout").bearer(&first);
        logout.send().expect(204);
        self.is_over_everywhere(&first);
        assert!(accepts(&self.one, &second) && accepts(&self.two, &second));
        let everywhere = self.one.post("/logout/all").bearer(&refresh);
        everywhere.send().expect(204);
        self.is_over_everywhere(&second);
    }

    fn logs_out_everywhere(&self) {
        let (first, second) = (log_in(&self.one), log_in(&self.two));
        let everywhere = self.two.post("/logout/all").bearer(&first.access);
        everywhere.send().expect(204);
        for pair in [&first, &second] {
            refresh_request(&self.one, &pair.refresh).send().expect(400);
            self.is_over_everywhere(&pair.access);
        }
        let again = log_in(&self.one);
        assert!(accepts(&self.two, &again.access));
    }

    /// An access token of something that is over is refused everywhere before
    /// long, and stays refused.
    fn is_over_everywhere(&self, access: &str) {
        let start = Instant::now();
        for server in [&self.one, &self.two] {
            while accepts(server, access) {
                assert!(start.elapsed() < BOUND, "it is still let through");
                thread::sleep(Duration::from_millis(20));
            }
            assert!(!accepts(server, access));
        }
    }

    fn has_one_successor_for_all(&self) {
        let pair = log_in(&self.one);
        let answers = self.race(&pair.refresh);
        let pairs: Vec<_> = answers.iter().map(Pair::of).collect();
        let successors: HashSet<_> = pairs.iter().map(|pair| &pair.refresh).collect();
        assert_eq!(successors.len(), 1);
        for pair in [&pairs[0], &pairs[AT_ONCE - 1]] {
            assert!(accepts(&self.one, &pair.access) && accepts(&self.two, &pair.access));
        }
        let next = refresh(&self.two, &pairs[0].refresh);
        assert!(accepts(&self.one, &next.access));
    }

    fn lets_one_of_all_succeed(&self) {
        let pair = log_in(&self.two);
        let answers = self.race(&pair.refresh);
        let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(good.len(), 1);
        for answer in bad {
            assert_eq!(answer.status, 400, "{answer:?}");
            assert_eq!(answer.text("/error"), "invalid_grant");
        }
    }

    /// The same token, many times at once, on both servers.
    fn race(&self, token: &str) -> Vec<Answer> {
        let start = Barrier::new(AT_ONCE);
        thread::scope(|scope| {
            let racers: Vec<_> = (0..AT_ONCE)
                .map(|number| {
                    let server = [&self.one, &self.two][number % 2];
                    let (request, start) = (refresh_request(server, token), &start);
                    scope.spawn(move || {
                        start.wait();
                        request.send()
                    })
                })
                .collect();
            let answers = racers.into_iter().map(|racer| racer.join().unwrap());
            answers.collect()
        })
    }
}
