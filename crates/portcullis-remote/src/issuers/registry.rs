//! Finding the verifier of an issuer, or having it made.

use std::{
    error::Error,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use portcullis::{
    time::{Clock, Timestamp},
    verify::{IssuerResolver, KeysUnavailable, Resolved, Verifier},
};
use tokio::time;

use super::{
    table::Table,
    tenant::{Shared, Tenant},
};

/// Issuers that come and go, such as those of tenants: a bounded number of them,
/// each with its own keys, rules and cache. Cheap to clone, and all clones are one.
///
/// The application says which issuers it trusts and how. It is asked about a name
/// the first time that a token has it, and again once nobody has used it for a
/// while. A name that it does not know costs that question and nothing else:
/// nothing is fetched, and nothing kept.
///
/// ```
/// use portcullis::{ConfigError, verify::Verifier};
/// use portcullis_remote::Issuers;
///
/// # fn example() -> Result<(), ConfigError> {
/// fn is_tenant(name: &str) -> bool {
///     matches!(name, "https://login.example/a" | "https://login.example/b")
/// }
///
/// let tenants = Issuers::resolve(|tenant| {
///     if !is_tenant(tenant.name()) {
///         return Ok(None);
///     }
///     let issuer = tenant.issuer().build()?;
///     Ok(Some(issuer.verifier().audience("https://api.example").build()?))
/// })
/// .build()?;
/// let verifier = Verifier::by_issuer(tenants);
/// # Ok(())
/// # }
/// ```
///
/// A fixed list of issuers needs none of this: [`Verifier::combine`] does it.
#[derive(Clone)]
pub struct Issuers(Arc<Inner>);

struct Inner {
    known: Known,
    table: Table,
    shared: Shared,
    /// Questions that the application has not answered yet.
    open: AtomicUsize,
}

type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type Answer = Result<Option<Verifier>, BoxError>;
type Later = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The application's word on who is known.
pub(super) enum Known {
    Now(Box<dyn Fn(Tenant) -> Answer + Send + Sync>),
    Later(Box<dyn Fn(Tenant) -> Later + Send + Sync>),
}

/// How many questions are open at most.
const MOST_OPEN: usize = 1024;

/// When to come back after the application could not say.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Issuers {
    pub(super) fn of(known: Known, table: Table, shared: Shared, sweep: Duration) -> Self {
        let inner = Arc::new(Inner {
            known,
            table,
            shared,
            open: AtomicUsize::new(0),
        });
        let worker = inner.shared.worker.clone();
        worker.run(sweep_idle(Arc::downgrade(&inner), sweep));
        Self(inner)
    }

    /// Forgets an issuer: the application is asked about it again, and until then
    /// its tokens are not accepted. Whether it was known. An answer to a question
    /// that was asked before counts for the request that asked, and is not kept.
    pub fn forget(&self, issuer: &str) -> bool {
        self.0.table.remove(issuer)
    }

    /// How many are known just now.
    pub fn len(&self) -> usize {
        self.0.table.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl IssuerResolver for Issuers {
    fn resolve(&self, issuer: &str) -> Resolved {
        let inner = &self.0;
        if let Some(verifier) = inner.table.find(issuer, inner.now()) {
            return Resolved::Known(verifier);
        }
        let tenant = Tenant::new(issuer, &inner.shared);
        let removals = inner.table.removals();
        match &inner.known {
            Known::Now(known) => match inner.settle(issuer, known(tenant), removals) {
                Ok(Some(verifier)) => Resolved::Known(verifier),
                Ok(None) => Resolved::Unknown,
                Err(unavailable) => Resolved::Wait(Box::pin(ready(Err(unavailable)))),
            },
            Known::Later(known) => {
                let Some(question) = Question::new(inner) else {
                    return Resolved::Wait(Box::pin(ready(Err(unavailable()))));
                };
                let (answer, issuer) = (known(tenant), Arc::<str>::from(issuer));
                Resolved::Wait(Box::pin(async move {
                    let answer = answer.await;
                    question.0.settle(&issuer, answer, removals)
                }))
            }
        }
    }

    /// Only those that are known by now: the application is not asked.
    fn resolve_at_hand(&self, issuer: &str) -> Resolved {
        match self.0.table.peek(issuer) {
            Some(verifier) => Resolved::Known(verifier),
            None => Resolved::Wait(Box::pin(ready(Err(unavailable())))),
        }
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn settle(
        &self,
        issuer: &str,
        answer: Answer,
        removals: u64,
    ) -> Result<Option<Verifier>, KeysUnavailable> {
        match answer {
            Ok(None) => Ok(None),
            Ok(Some(verifier)) => {
                let verifier = self.table.keep(issuer, verifier, self.now(), removals);
                Ok(Some(verifier))
            }
            Err(error) => {
                tracing::error!(?issuer, %error, "it cannot be said whether an issuer is known");
                Err(unavailable())
            }
        }
    }
}

fn unavailable() -> KeysUnavailable {
    KeysUnavailable {
        retry_after: RETRY_AFTER,
    }
}

/// A question that is open, until this is dropped.
struct Question(Arc<Inner>);

impl Question {
    fn new(inner: &Arc<Inner>) -> Option<Self> {
        let question = Self(inner.clone());
        (inner.open.fetch_add(1, Relaxed) < MOST_OPEN).then_some(question)
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// What the worker does: lets go of those that nobody uses.
async fn sweep_idle(inner: Weak<Inner>, every: Duration) {
    loop {
        time::sleep(every).await;
        let Some(inner) = inner.upgrade() else {
            return;
        };
        inner.table.sweep_idle(inner.now());
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuers")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
