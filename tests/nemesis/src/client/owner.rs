//! Whoever logs in, and goes on.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{
    ask::{Asker, Attempt},
    ghost,
    thief::Thief,
    tokens::Tokens,
};
use crate::{
    history::{Actor, Outcome},
    random::Random,
    world::World,
};

/// After the end somebody who gets no answer for so long gives up, and the checker sees it.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// One client that logs in again and again.
pub(crate) struct Owner {
    world: Arc<World>,
    name: usize,
    random: Random,
    /// What goes on beside: thieves, and those who knock after they have left.
    others: JoinSet<()>,
}

impl Owner {
    /// A client with the user of this number.
    pub(crate) fn new(world: Arc<World>, name: usize, random: Random) -> Self {
        Self {
            world,
            name,
            random,
            others: JoinSet::new(),
        }
    }

    /// Until it is over. Then one more refresh has to go through.
    pub(crate) async fn run(mut self) {
        // Not all in step.
        let first = self.random.part(self.world.rules.grace, 0, 100);
        self.world.sleep(first).await;
        while !self.world.is_over() {
            self.session().await;
            while self.others.try_join_next().is_some() {}
        }
        while self.others.join_next().await.is_some() {}
    }

    /// From a login to its end.
    async fn session(&mut self) {
        let asker = Asker {
            world: self.world.clone(),
            session: self.world.next_session(),
            actor: Actor::Owner,
        };
        let Some(mut tokens) = self.log_in(&asker).await else {
            return;
        };
        loop {
            let waited = self.wait(&asker, &tokens).await;
            let is_over = self.world.is_over();
            let next = if waited && !is_over && self.in_a_thousand(self.world.habits.twice) {
                self.refresh_twice(&asker, &tokens).await
            } else {
                refresh(&asker, &tokens, &mut self.random).await
            };
            match next {
                Some(next) => tokens = next,
                None => {
                    self.knock(&asker, tokens);
                    return;
                }
            }
            if is_over {
                return;
            }
            if self.in_a_thousand(self.world.habits.call) {
                let node = self.world.any_node(&mut self.random);
                asker.call(node, &tokens).await;
            }
            if self.in_a_thousand(self.world.habits.stolen) {
                let thief = Thief::new(&asker, tokens.clone(), self.random.fork());
                self.others.spawn(thief.run());
            } else if self.in_a_thousand(self.world.habits.leave) {
                return self.leave(&asker, tokens).await;
            }
        }
    }

    async fn log_in(&mut self, asker: &Asker) -> Option<Tokens> {
        while !self.world.is_over() {
            let node = self.world.any_node(&mut self.random);
            if let Attempt::Tokens(tokens) = asker.log_in(node, self.name).await {
                return Some(tokens);
            }
            self.world.breathe(&mut self.random).await;
        }
        None
    }

    /// Until the token does not rest any more, as a rule.
    async fn wait(&mut self, asker: &Asker, tokens: &Tokens) -> bool {
        let grace = self.world.rules.grace;
        let is_early = tokens.shown.generation > 0 && self.in_a_thousand(self.world.habits.early);
        if is_early {
            self.world.sleep(self.random.part(grace, 0, 90)).await;
            return false;
        }
        if tokens.shown.generation > 0 {
            let span = grace + self.random.part(grace, 1, 15);
            self.world.sleep(span).await;
        }
        if self.in_a_thousand(self.world.habits.cut) {
            let node = self.world.any_node(&mut self.random);
            let after = self.random.part(Duration::from_millis(20), 0, 100);
            asker.refresh_and_cut(node, tokens, after).await;
        }
        true
    }

    /// Two tabs, which ask at once.
    async fn refresh_twice(&mut self, asker: &Asker, tokens: &Tokens) -> Option<Tokens> {
        let mut other = self.random.fork();
        let node = self.world.any_node(&mut other);
        let (next, beside) = tokio::join!(
            refresh(asker, tokens, &mut self.random),
            asker.refresh(node, tokens)
        );
        match (next, beside) {
            (None, Attempt::Tokens(tokens)) => Some(tokens),
            (next, _) => next,
        }
    }

    /// Logs out, at times while a refresh is on its way, and knocks afterwards.
    async fn leave(&mut self, asker: &Asker, tokens: Tokens) {
        if self.random.per_mille(300) {
            let (asker, tokens, mut random) = (asker.clone(), tokens.clone(), self.random.fork());
            self.others.spawn(async move {
                let node = asker.world.any_node(&mut random);
                asker.refresh(node, &tokens).await;
            });
        }
        while !matches!(self.log_out(asker, &tokens).await, Outcome::Granted) {
            if self.world.is_over() {
                return;
            }
            self.world.breathe(&mut self.random).await;
        }
        self.knock(asker, tokens);
    }

    async fn log_out(&mut self, asker: &Asker, tokens: &Tokens) -> Outcome {
        let node = self.world.any_node(&mut self.random);
        asker.log_out(node, tokens).await
    }

    fn knock(&mut self, asker: &Asker, tokens: Tokens) {
        let knocking = ghost::knock(asker.clone(), tokens, self.random.fork());
        self.others.spawn(knocking);
    }

    fn in_a_thousand(&mut self, share: usize) -> bool {
        self.random.per_mille(share)
    }
}

/// Refreshes until there is an answer that counts: the next tokens, or `None` when refused.
pub(super) async fn refresh(asker: &Asker, tokens: &Tokens, random: &mut Random) -> Option<Tokens> {
    let world = &asker.world;
    let mut over_since = None;
    loop {
        let node = world.any_node(random);
        match asker.refresh(node, tokens).await {
            Attempt::Tokens(next) => return Some(next),
            Attempt::Refused => return None,
            Attempt::Open => {}
        }
        if world.is_over() {
            let since = *over_since.get_or_insert(world.now());
            if world.now() > since + LAST_PATIENCE {
                return None;
            }
        }
        world.breathe(random).await;
    }
}
