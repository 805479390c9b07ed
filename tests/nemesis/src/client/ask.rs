//! One question to one node, written down.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::Full;

use super::tokens::Tokens;
use crate::{
    Result,
    history::{Actor, Operation, Outcome, What},
    http::Answer,
    node::{PASSWORD, user},
    random::Random,
    world::World,
};

/// Somebody who asks, and in whose session.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) world: Arc<World>,
    pub(super) session: u64,
    pub(super) actor: Actor,
}

/// What an attempt to get tokens came to.
pub(super) enum Attempt {
    Tokens(Tokens),
    Refused,
    /// Not answered, or not for good: to be tried again.
    Open,
}

impl Asker {
    pub(super) async fn log_in(&self, node: usize, name: usize) -> Attempt {
        let form = format!(
            "grant_type=password&username={}&password={PASSWORD}",
            user(name)
        );
        let request = Request::post("/auth/jwt/login")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form));
        self.for_tokens(node, What::LogIn, request).await
    }

    pub(super) async fn refresh(&self, node: usize, tokens: &Tokens) -> Attempt {
        let what = What::Refresh(tokens.shown);
        self.for_tokens(node, what, refresh_request(tokens)).await
    }

    /// A refresh whose answer is lost on its way.
    pub(super) async fn refresh_and_cut(&self, node: usize, tokens: &Tokens, after: Duration) {
        let _turn = self.world.turn().await;
        let (Some(pool), Ok(request)) = (self.world.nodes[node].pool(), refresh_request(tokens))
        else {
            return;
        };
        let invoked = self.world.now();
        pool.send_and_cut(request, after).await;
        self.record(node, What::Refresh(tokens.shown), invoked, Outcome::Broken);
    }

    /// Whether the access token is let through.
    pub(super) async fn call(&self, node: usize, tokens: &Tokens) -> Outcome {
        let request = Request::get("/me")
            .header(AUTHORIZATION, bearer(&tokens.access))
            .body(Full::default());
        let (outcome, _) = self.ask(node, What::Call, request, |_| None).await;
        outcome
    }

    pub(super) async fn log_out(&self, node: usize, tokens: &Tokens) -> Outcome {
        let request = Request::post("/logout")
            .header(AUTHORIZATION, bearer(&tokens.refresh))
            .body(Full::default());
        let (outcome, _) = self.ask(node, What::LogOut, request, |_| None).await;
        outcome
    }

    /// The thief has the tokens from now on.
    pub(super) fn steal(&self) {
        let now = self.world.now();
        self.record(0, What::Steal, now, Outcome::Granted);
    }

    async fn for_tokens(
        &self,
        node: usize,
        what: What,
        request: http::Result<Request<Full<Bytes>>>,
    ) -> Attempt {
        let read = |answer: &Answer| Tokens::read(&answer.body);
        match self.ask(node, what, request, read).await {
            (Outcome::Gave(_), Some(tokens)) => Attempt::Tokens(tokens),
            (Outcome::Refused, _) => Attempt::Refused,
            _ => Attempt::Open,
        }
    }

    async fn ask(
        &self,
        node: usize,
        what: What,
        request: http::Result<Request<Full<Bytes>>>,
        read: impl Fn(&Answer) -> Option<Tokens>,
    ) -> (Outcome, Option<Tokens>) {
        let _turn = self.world.turn().await;
        let invoked = self.world.now();
        let answer = async {
            let pool = self.world.nodes[node].pool().ok_or("it is down")?;
            pool.send(request?, self.world.patience()).await
        };
        let answer: Result<Answer> = answer.await;
        let gives = matches!(what, What::LogIn | What::Refresh(_));
        let (outcome, tokens) = match &answer {
            Err(_) => (Outcome::Broken, None),
            Ok(answer) => match answer.status {
                200 if gives => match read(answer) {
                    Some(tokens) => (Outcome::Gave(tokens.shown), Some(tokens)),
                    None => (Outcome::Odd(200), None),
                },
                200 | 204 => (Outcome::Granted, None),
                400 | 401 => (Outcome::Refused, None),
                503 => (Outcome::Unavailable, None),
                // Too many passwords at once.
                429 if what == What::LogIn => (Outcome::Unavailable, None),
                status => (Outcome::Odd(status), None),
            },
        };
        self.record(node, what, invoked, outcome);
        (outcome, tokens)
    }

    fn record(&self, node: usize, what: What, invoked: Duration, outcome: Outcome) {
        self.world.record(Operation {
            session: self.session,
            actor: self.actor,
            node,
            what,
            invoked,
            completed: self.world.now(),
            outcome,
        });
    }
}

fn refresh_request(tokens: &Tokens) -> http::Result<Request<Full<Bytes>>> {
    Request::post("/auth/jwt/refresh")
        .header("refresh-token", &tokens.refresh)
        .body(Full::default())
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

impl World {
    /// How long a client waits for an answer: a part of the window, so that a second try
    /// at another node fits into it.
    pub(super) fn patience(&self) -> Duration {
        (self.rules.grace * 2 / 5).max(Duration::from_millis(500))
    }

    pub(super) fn any_node(&self, random: &mut Random) -> usize {
        random.below(self.nodes.len())
    }

    /// Before the next attempt.
    pub(super) async fn breathe(&self, random: &mut Random) {
        let span = random.part(Duration::from_millis(200), 25, 150);
        tokio::time::sleep(span).await;
    }
}
