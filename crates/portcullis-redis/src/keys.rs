//! Which keys scripts about a session touch.

use portcullis::session::SessionId;

use crate::layout::{Layout, Shard};

/// The keys that an attempt to refresh touches, or whoever ends a session. Scripts get them
/// in the order of their bytes: cut-offs, feed, session, subject.
pub(crate) fn of_session<'a>(
    id: &'a SessionId,
) -> impl FnOnce(&Shard, &str) -> [String; 4] + use<'a> {
    |shard, subject| {
        [
            shard.feed(),
            shard.cut_offs(),
            shard.subject(subject),
            shard.session(id.as_str()),
        ]
    }
}

/// Those of them that an exchange of a session of `subject` touches, in their order.
pub(crate) fn to_exchange(layout: &Layout, id: &SessionId, subject: &str) -> [String; 3] {
    let shard = layout.of_text(subject);
    [
        shard.cut_offs(),
        shard.session(id.as_str()),
        shard.subject(subject),
    ]
}

/// The keys by which a session is judged.
pub(crate) fn to_judge<'a>(
    id: &'a SessionId,
) -> impl FnOnce(&Shard, &str) -> [String; 3] + use<'a> {
    |shard, subject| {
        [
            shard.cut_offs(),
            shard.subject(subject),
            shard.session(id.as_str()),
        ]
    }
}
