//! Events as they stand in a stream.

use bytes::Bytes;
use portcullis::session::events::SessionEvent;
use serde_json::json;

/// The event in a stream.
pub(super) fn frame(event: &SessionEvent) -> Bytes {
    of(event.kind.as_str(), &json!(event))
}

/// The frame that says that so many events were left out.
pub(super) fn missed(count: u64) -> Bytes {
    of("missed", &json!({ "event": "missed", "count": count }))
}

/// JSON has no line break of its own.
fn of(name: &str, data: &serde_json::Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
