//! A queue of limited length between whatever happens and whoever wants to know.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use super::SessionEvent;
use crate::metrics;

/// A queue of at most `capacity` events, at least one: where
/// [`Revocations::with_events`](crate::session::Revocations::with_events) puts them, and
/// where they come out.
///
/// An event that finds the queue full is left out and
/// [counted](EventStream::dropped); nobody ever waits for a place.
pub fn channel(capacity: usize) -> (EventSender, EventStream) {
    let shared = Arc::new(Shared {
        queue: Mutex::new(Queue {
            events: VecDeque::new(),
            waker: None,
            is_read: true,
            is_written: true,
        }),
        capacity: capacity.max(1),
        dropped: AtomicU64::new(0),
    });
    let sender = EventSender(Arc::new(Writer(Arc::clone(&shared))));
    (sender, EventStream(shared))
}

/// Where events go in. Clones are the same queue.
#[derive(Clone)]
pub struct EventSender(Arc<Writer>);

/// Where events come out, in the order in which they went in. It ends when the last
/// snapshot that has the [`EventSender`] is gone and the queue is empty.
pub struct EventStream(Arc<Shared>);

/// The last one to go says that nothing comes any more.
struct Writer(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    capacity: usize,
    dropped: AtomicU64,
}

struct Queue {
    events: VecDeque<SessionEvent>,
    waker: Option<Waker>,
    is_read: bool,
    is_written: bool,
}

impl EventSender {
    /// Puts an event into the queue, if somebody reads it and there is room.
    pub(in crate::session) fn send(&self, event: impl FnOnce() -> SessionEvent) {
        let shared = &*self.0.0;
        if !shared.lock().is_read {
            return;
        }
        // Others do not wait while it is made, nor while somebody is woken.
        let event = event();
        let mut queue = shared.lock();
        if !queue.is_read {
            return;
        }
        if queue.events.len() >= shared.capacity {
            drop(queue);
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            metrics::SESSION_EVENTS_DROPPED.count([]);
            return;
        }
        queue.events.push_back(event);
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl EventStream {
    /// The next event; `None` at the end. A future that is dropped takes no event with it.
    pub async fn next(&mut self) -> Option<SessionEvent> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), to be polled: what the method of this name in the trait
    /// `Stream` does.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<SessionEvent>> {
        let mut queue = self.0.lock();
        if let Some(event) = queue.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if !queue.is_written {
            return Poll::Ready(None);
        }
        let former = queue.waker.replace(cx.waker().clone());
        drop(queue);
        drop(former);
        Poll::Pending
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<SessionEvent> {
        self.0.lock().events.pop_front()
    }

    /// How many events were left out so far, because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.is_written = false;
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.is_read = false;
        let left = std::mem::take(&mut queue.events);
        drop(queue);
        drop(left);
    }
}

impl fmt::Debug for EventSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSender").finish_non_exhaustive()
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, sync::Arc, task::Wake};

    use super::*;
    use crate::{session::events::SessionEventKind, time::Timestamp};

    fn event(at: i64) -> SessionEvent {
        let kind = SessionEventKind::EverybodyLoggedOut {
            realm: "users".to_owned(),
        };
        SessionEvent::new(kind, Timestamp::from_millis(at))
    }

    fn times(stream: &mut EventStream) -> Vec<i64> {
        let events = std::iter::from_fn(|| stream.try_next());
        events.map(|event| event.at.as_millis()).collect()
    }

    #[derive(Default)]
    struct Woken(AtomicU64);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_has_no_place_is_left_out_and_counted() {
        let (sender, mut stream) = channel(2);
        for at in 0..5 {
            sender.send(|| event(at));
        }
        assert_eq!(stream.dropped(), 3);
        assert_eq!(times(&mut stream), [0, 1]);
        sender.send(|| event(5));
        assert_eq!(times(&mut stream), [5]);
        assert_eq!(stream.dropped(), 3);
        let (sender, mut stream) = channel(0);
        sender.send(|| event(1));
        assert_eq!(times(&mut stream), [1]);
    }

    #[test]
    fn who_waits_is_woken_and_told_of_the_end() {
        let (sender, mut stream) = channel(8);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let cx = &mut Context::from_waker(&waker);
        assert!(pin!(stream.next()).poll(cx).is_pending());
        let other = sender.clone();
        other.send(|| event(7));
        // Nobody waits any more.
        other.send(|| event(8));
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        for at in [7, 8] {
            let next = pin!(stream.next()).poll(cx);
            assert_eq!(
                next.map(|event| event.unwrap().at.as_millis()),
                Poll::Ready(at)
            );
        }
        assert!(pin!(stream.next()).poll(cx).is_pending());
        drop(sender);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        drop(other);
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
        assert!(pin!(stream.next()).poll(cx).map(|next| next.is_none()) == Poll::Ready(true));
    }

    #[test]
    fn nothing_is_made_for_nobody() {
        let (sender, stream) = channel(8);
        drop(stream);
        let mut is_made = false;
        sender.send(|| {
            is_made = true;
            event(1)
        });
        assert!(!is_made);
        assert_eq!(sender.0.0.dropped.load(Ordering::Relaxed), 0);
    }

    /// The owner of the stream may do anything with a waker, such as ask the queue.
    #[test]
    fn nobody_is_woken_under_the_lock() {
        struct Looks(Arc<Shared>);
        impl Wake for Looks {
            fn wake(self: Arc<Self>) {
                assert!(self.0.queue.try_lock().is_ok());
            }
        }
        let (sender, mut stream) = channel(8);
        let waker = Waker::from(Arc::new(Looks(Arc::clone(&stream.0))));
        let cx = &mut Context::from_waker(&waker);
        assert!(stream.poll_next(cx).is_pending());
        sender.send(|| event(1));
        assert!(stream.poll_next(cx).is_ready());
        assert!(stream.poll_next(cx).is_pending());
        drop(sender);
    }
}
