//! An event, as the library tells it and as it is told on.

use std::fmt;

use bytes::Bytes;
use portcullis::session::SessionId;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

/// What may be told on. Nothing else is, whatever the library comes to say.
const FIELDS: [&str; 10] = [
    "event",
    SESSION,
    "generation",
    "elapsed_ms",
    "overdue_ms",
    "late",
    "device_changed",
    "reason",
    "purpose",
    "message",
];

/// The field of the session's id, by OpenTelemetry's name.
const SESSION: &str = "session.id";

/// An event of the life of a session.
#[derive(Clone, Debug)]
pub(crate) struct SessionEvent {
    name: String,
    session: SessionId,
    fields: Map<String, Value>,
}

impl SessionEvent {
    /// The event, if it is about a session.
    pub(super) fn read(event: &tracing::Event<'_>) -> Option<Self> {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let text = |name: &str| fields.0.get(name).and_then(Value::as_str);
        let name = text("event")?.to_owned();
        let session = SessionId::parse(text(SESSION)?)?;
        let id = fields.0.remove(SESSION)?;
        fields.0.insert("session".to_owned(), id);
        Some(Self {
            name,
            session,
            fields: fields.0,
        })
    }

    /// The session that it is about.
    pub(super) fn session(&self) -> &SessionId {
        &self.session
    }

    /// Whether the session is over with it.
    pub(super) fn is_end(&self) -> bool {
        matches!(self.name.as_str(), "session_ended" | "refresh_reused")
    }

    /// The event in a stream, at a time in milliseconds since the epoch.
    pub(super) fn frame(mut self, at: i64) -> Bytes {
        self.fields.insert("at".to_owned(), at.into());
        frame(&self.name, &Value::Object(self.fields))
    }
}

/// The frame that says that so many events were left out.
pub(super) fn missed(count: u64) -> Bytes {
    frame(
        "missed",
        &serde_json::json!({ "event": "missed", "count": count }),
    )
}

/// JSON has no line break of its own.
fn frame(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

struct Fields(Map<String, Value>);

impl Fields {
    fn keep(&mut self, field: &Field, value: impl Into<Value>) {
        if FIELDS.contains(&field.name()) {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, format!("{value:?}"));
    }
}
