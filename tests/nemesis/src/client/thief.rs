//! Whoever has a copy of somebody's tokens.

use super::{ask::Asker, ghost, owner::refresh, tokens::Tokens};
use crate::{history::Actor, random::Random};

/// A thief who goes on with what was stolen until that is found out.
pub(super) struct Thief {
    asker: Asker,
    tokens: Tokens,
    random: Random,
}

impl Thief {
    /// Takes a copy.
    pub(super) fn new(owner: &Asker, tokens: Tokens, random: Random) -> Self {
        let asker = Asker {
            actor: Actor::Thief,
            ..owner.clone()
        };
        asker.steal();
        Self {
            asker,
            tokens,
            random,
        }
    }

    pub(super) async fn run(mut self) {
        let world = self.asker.world.clone();
        while !world.is_over() {
            // In time with the owner or not: sooner or later they are a window apart.
            let pause = self.random.part(world.rules.grace, 20, 250);
            world.sleep(pause).await;
            match refresh(&self.asker, &self.tokens, &mut self.random).await {
                Some(next) => self.tokens = next,
                None => return ghost::knock(self.asker, self.tokens, self.random).await,
            }
        }
    }
}
