//! Whether a token that is otherwise good has been revoked.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::Verified;

/// What a [`TokenStatus`] knows about a token.
///
/// More may come to be known; whoever looks at one treats what it does not know
/// as [`Unknown`](Self::Unknown).
#[non_exhaustive]
pub enum Status {
    /// Not revoked.
    Clear,
    /// Revoked, or not on the list on which it must be.
    Revoked,
    /// Nobody can say: the source is down or too old. The request gets a 503,
    /// never a 401.
    Unknown,
    /// Somebody else has to be asked. Only the way off the hot path.
    Pending(Pin<Box<dyn Future<Output = Status> + Send>>),
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "Clear",
            Self::Revoked => "Revoked",
            Self::Unknown => "Unknown",
            Self::Pending(_) => "Pending(..)",
        })
    }
}

/// A source of revocations, asked about every token whose signature and claims
/// are good.
///
/// A token without `exp` is refused unless a source is configured that allows
/// such tokens: see [`lists_application_tokens`](Self::lists_application_tokens).
///
/// ```
/// use portcullis::verify::{Status, TokenStatus, Verified};
///
/// /// Clients whose tokens nobody may use any more.
/// struct Retired(Vec<String>);
///
/// impl TokenStatus for Retired {
///     fn status(&self, token: &Verified) -> Status {
///         let client = token.client_id();
///         match self.0.iter().any(|retired| client == Some(retired)) {
///             true => Status::Revoked,
///             false => Status::Clear,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell whether a token is revoked",
    note = "use the `Revocations` of `portcullis::session`, or implement `TokenStatus`"
)]
pub trait TokenStatus: Send + Sync + 'static {
    /// The status of `token`. Called on the hot path: answer from memory.
    fn status(&self, token: &Verified) -> Status;

    /// Whether this source keeps the live list of tokens without `exp`; the
    /// answer must always be the same. Only then are such tokens accepted, and only while
    /// [`status`](Self::status) says [`Status::Clear`].
    fn lists_application_tokens(&self) -> bool {
        false
    }

    /// Resolves when [`status`](Self::status) may say something else of `token` than
    /// it did when this was called, so that whoever waits for the
    /// [end of a token](Verified::ended_with) hears of it at once. It may resolve
    /// too often, and may be dropped at any time. `None`, as unless implemented:
    /// this source does not tell, and is asked at intervals.
    ///
    /// ```
    /// # use std::{collections::HashSet, future::Future, pin::Pin};
    /// use portcullis::verify::{Status, TokenStatus, Verified};
    /// use tokio::sync::watch;
    ///
    /// /// Subjects that are locked, as somebody keeps it up to date.
    /// struct Locked(watch::Receiver<HashSet<String>>);
    ///
    /// impl TokenStatus for Locked {
    ///     fn status(&self, token: &Verified) -> Status {
    ///         let locked = self.0.borrow();
    ///         match token.subject_name().is_some_and(|name| locked.contains(name)) {
    ///             true => Status::Revoked,
    ///             false => Status::Clear,
    ///         }
    ///     }
    ///
    ///     fn changed(&self, _: &Verified) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
    ///         let mut locked = self.0.clone();
    ///         // What is in it already does not count.
    ///         locked.mark_unchanged();
    ///         Some(Box::pin(async move {
    ///             if locked.changed().await.is_err() {
    ///                 // Nothing will change any more.
    ///                 std::future::pending().await
    ///             }
    ///         }))
    ///     }
    /// }
    /// ```
    fn changed(&self, token: &Verified) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let _ = token;
        None
    }
}

impl<S: TokenStatus + ?Sized> TokenStatus for Arc<S> {
    fn status(&self, token: &Verified) -> Status {
        (**self).status(token)
    }

    fn lists_application_tokens(&self) -> bool {
        (**self).lists_application_tokens()
    }

    fn changed(&self, token: &Verified) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        (**self).changed(token)
    }
}
