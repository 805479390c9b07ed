//! Whoever knocks after the session has ended.

use std::time::Duration;

use super::{ask::Asker, tokens::Tokens};
use crate::random::Random;

/// How much later than the bound access tokens are shown once more.
const AFTER: Duration = Duration::from_millis(250);

/// Tries what must not work any more: to refresh at once and later, and at every node
/// with the access token when the bound has passed. The checker knows what was allowed
/// when.
pub(super) async fn knock(asker: Asker, tokens: Tokens, mut random: Random) {
    let world = &asker.world;
    for pause in [0, 30] {
        let node = world.any_node(&mut random);
        asker.refresh(node, &tokens).await;
        let node = world.any_node(&mut random);
        asker.call(node, &tokens).await;
        let pause = Duration::from_millis(pause) + random.part(world.rules.grace, 0, pause as u32);
        tokio::time::sleep(pause).await;
    }
    tokio::time::sleep(world.rules.max_silence + AFTER).await;
    for node in 0..world.nodes.len() {
        asker.call(node, &tokens).await;
        asker.refresh(node, &tokens).await;
    }
}
