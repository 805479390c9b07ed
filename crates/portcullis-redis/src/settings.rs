//! Looks at how the server is set up, and says what may lose sessions.

use std::collections::HashMap;

use redis::FromRedisValue;

use crate::connection::Link;

/// A setting, its safe value, and what any other costs.
const WANTED: [(&str, &str, &str); 3] = [
    (
        "maxmemory-policy",
        "noeviction",
        "the server may forget sessions and revocations when its memory is full",
    ),
    (
        "appendonly",
        "yes",
        "a crash or restart of the server loses what happened since its last snapshot",
    ),
    (
        "appendfsync",
        "always",
        "a crash of the machine loses what happened last, revocations too",
    ),
];

/// Warns about each setting that is not safe. Servers that do not tell are
/// passed over.
pub(crate) async fn look_at(link: &Link) {
    for (name, safe, cost) in WANTED {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        let answer = match link.send(&command).await {
            Ok(answer) => HashMap::<String, String>::from_redis_value(answer).ok(),
            Err(_) => None,
        };
        match answer.as_ref().and_then(|settings| settings.get(name)) {
            None => tracing::debug!(setting = name, "the server does not tell its settings"),
            Some(value) if value == safe => {}
            Some(value) => tracing::warn!(setting = name, value, safe, "{cost}"),
        }
    }
}
