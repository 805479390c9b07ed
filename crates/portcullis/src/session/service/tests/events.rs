//! The life of a session, as a log can have it.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::*;

/// Keeps the fields of events that have a name.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.0.starts_with("event=") {
            self.0.lock().unwrap().push(fields.0);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() != "message" {
            let space = if self.0.is_empty() { "" } else { " " };
            self.0 += &format!("{space}{field}={value:?}");
        }
    }
}

#[tokio::test]
async fn the_whole_life_of_a_session_is_told() {
    let log = Log::default();
    // With one subscriber alone, what other tests log first on their threads is
    // taken for what nobody wants to know.
    let _second = Dispatch::new(log.clone());
    let _guard = tracing::subscriber::set_default(log.clone());
    let alice = alice();
    for (mode, refreshed) in [
        (RotationMode::Rotate, "refresh_rotated"),
        (RotationMode::Keep, "refresh_valid"),
    ] {
        let api = Api::new(|builder| builder.mode(mode)).await;
        let sessions = &api.sessions;
        for way in 0..3 {
            let pair = api.open(|request| request).await;
            let id = pair.session.as_str();
            let told = |event, rest: &str| [format!("event={event:?} session.id={id:?}{rest}")];
            assert_eq!(log.take(), told("session_opened", ""));
            api.refresh(refresh_token(&pair), &plain()).await.unwrap();
            assert_eq!(log.take(), told(refreshed, " generation=0"));
            let mut reason = "logout";
            match way {
                0 => drop(sessions.log_out(&alice, &pair.session).await.unwrap()),
                1 => sessions.end_listed(&alice, &pair.session).await.unwrap(),
                _ => {
                    sessions.log_out_everywhere(&alice).await.unwrap();
                    reason = "logout_everywhere";
                }
            }
            assert_eq!(
                log.take(),
                told("session_ended", &format!(" reason={reason:?}"))
            );
            // Whoever ends it again ends nothing.
            sessions.log_out(&alice, &pair.session).await.unwrap();
            sessions.end_listed(&alice, &pair.session).await.unwrap();
            assert_eq!(log.take(), [""; 0]);
        }
    }
}
