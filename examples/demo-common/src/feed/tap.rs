//! Where the library's events come out.

use tokio::sync::mpsc;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    layer::{Context, Filter},
};

use super::event::SessionEvent;

/// How many events wait to be told on; more are left out.
const QUEUE: usize = 1024;

/// A layer of the log that hands on what happens to sessions.
#[derive(Debug)]
pub(crate) struct Tap(mpsc::Sender<SessionEvent>);

/// A tap, and what comes out of it.
pub(crate) fn tap() -> (Tap, mpsc::Receiver<SessionEvent>) {
    let (tell, told) = mpsc::channel(QUEUE);
    (Tap(tell), told)
}

impl Tap {
    /// What the tap needs, however little the log shall say.
    pub(crate) fn filter<S>() -> impl Filter<S> {
        Targets::new().with_target("portcullis::session::service", Level::DEBUG)
    }
}

impl<S: Subscriber> Layer<S> for Tap {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Some(event) = SessionEvent::read(event) {
            // An error: nobody listens any more, or nobody keeps up. A request
            // waits for neither.
            let _ = self.0.try_send(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis::session::SessionId;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn only_what_is_about_a_session_is_told_on_and_of_that_no_more_than_is_known() {
        let (tap, mut told) = tap();
        let log = tracing_subscriber::registry().with(tap);
        let session = SessionId::random().unwrap();
        let id = session.as_str();
        tracing::subscriber::with_default(log, || {
            tracing::info!(
                event = "refresh_rested",
                session.id = id,
                secret = "hush",
                late = true,
                "a"
            );
            tracing::info!(event = "refresh_rested", "without a session");
            tracing::info!(session.id = id, "without a name");
            tracing::info!(event = "refresh_rested", session.id = "\n", "no session");
        });
        let event = told.try_recv().unwrap();
        assert_eq!(event.session(), &session);
        let frame = String::from_utf8(event.frame(7).to_vec()).unwrap();
        let data = format!(
            r#"{{"at":7,"event":"refresh_rested","late":true,"message":"a","session":"{id}"}}"#
        );
        assert_eq!(frame, format!("event: refresh_rested\ndata: {data}\n\n"));
        assert!(told.try_recv().is_err());
    }
}
