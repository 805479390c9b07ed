//! One owner's stream of events.

use std::{convert::Infallible, fmt, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderValue, Response, header};
use portcullis::{
    session::SessionId,
    subject::Subject,
    time::{Clock, SharedClock},
    verify::Verified,
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{self, Instant, Interval, MissedTickBehavior},
};

use super::{
    event::missed,
    relay::{Relay, Told},
};
use crate::shutdown::Shutdown;

/// How often something is sent, so that those in between do not take a quiet
/// stream for a dead one, and a client that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// After which a client has to present its token again: not every token that is
/// revoked has a session whose end is told.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The events of one owner, as bytes of `text/event-stream`.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// Where streams begin.
pub(crate) struct Feed {
    events: broadcast::Sender<Arc<Told>>,
    shutdown: Shutdown,
    clock: SharedClock,
}

impl Feed {
    /// The feed of what `relay` tells.
    pub(crate) fn new(relay: &Relay, shutdown: Shutdown, clock: SharedClock) -> Self {
        Self {
            events: relay.sender().clone(),
            shutdown,
            clock,
        }
    }

    /// The events of whoever `token` speaks for. The stream ends with the token,
    /// with its session, which it tells first, with the server, and after a while.
    pub(crate) fn follow(&self, token: &Verified) -> Response<EventStream> {
        let follower = Follower {
            events: self.events.subscribe(),
            subject: token.subject(),
            session: token.session_id().map(str::to_owned),
            next: Next::Greeting,
            keep_alive: keep_alive(),
        };
        let shutdown = self.shutdown.clone();
        let left = token
            .expires_at()
            .map(|end| end.saturating_duration_since(self.clock.now()));
        let limit = left.unwrap_or(LONGEST).min(LONGEST);
        let end = Box::pin(async move {
            let _ = time::timeout(limit, shutdown.requested()).await;
        });
        let events = stream::unfold((follower, end), async |(mut follower, mut end)| {
            let frame = tokio::select! {
                biased;
                () = &mut end => None,
                frame = follower.frame() => frame,
            };
            frame.map(|frame| (Ok(frame), (follower, end)))
        });
        let mut response = Response::new(Box::pin(events) as EventStream);
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // A proxy that collects answers would keep the events to itself.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

fn keep_alive() -> Interval {
    let mut interval = time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

struct Follower {
    events: broadcast::Receiver<Arc<Told>>,
    subject: Option<Subject>,
    session: Option<String>,
    next: Next,
    keep_alive: Interval,
}

enum Next {
    /// At once, so that the client has an answer before anything happens.
    Greeting,
    Event,
    End,
}

impl Follower {
    /// What is sent next; `None` at the end.
    async fn frame(&mut self) -> Option<Bytes> {
        match self.next {
            Next::Greeting => {
                self.next = Next::Event;
                Some(Bytes::from_static(b": here comes what happens\n\n"))
            }
            Next::Event => self.event().await,
            Next::End => None,
        }
    }

    async fn event(&mut self) -> Option<Bytes> {
        loop {
            let told = tokio::select! {
                told = self.events.recv() => told,
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(b": \n\n")),
            };
            match told {
                Ok(told) if Some(&told.owner) == self.subject.as_ref() => {
                    let session = told.session.as_ref().map(SessionId::as_str);
                    if told.is_end && self.session.as_deref() == session {
                        self.next = Next::End;
                    }
                    return Some(told.frame.clone());
                }
                Ok(_) => {}
                Err(RecvError::Lagged(count)) => return Some(missed(count)),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
