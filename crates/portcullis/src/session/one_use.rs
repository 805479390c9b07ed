//! What may be used once.

use std::time::Duration;

use super::AttemptId;

/// Whether something that may be used once was used before.
///
/// Exhaustive on purpose: whoever asks has to say what becomes of both.
#[must_use = "a repeated use is to be refused, or answered as the first one was"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneUse {
    /// This attempt is the first, or is asked about again.
    First,
    /// Another attempt came first.
    Repeated {
        /// The name of the first attempt.
        first: AttemptId,
        /// How long ago it was, by the store's clock; zero if that went back.
        elapsed: Duration,
    },
}

impl OneUse {
    /// What to answer `attempt`, where the store remembers that `first` came
    /// first, so long ago; for stores.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis::session::{AttemptId, OneUse};
    ///
    /// let [one, two] = [[1; 16], [2; 16]].map(AttemptId::from_bytes);
    /// let second = Duration::from_secs(1);
    /// assert_eq!(OneUse::of(one, one, second), OneUse::First);
    /// let repeated = OneUse::Repeated { first: one, elapsed: second };
    /// assert_eq!(OneUse::of(two, one, second), repeated);
    /// ```
    pub fn of(attempt: AttemptId, first: AttemptId, elapsed: Duration) -> Self {
        if attempt == first {
            Self::First
        } else {
            Self::Repeated { first, elapsed }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        session::{
            ApplicationToken, Created, DynSessionStore, LoginTicket, NewSession, PurgeRules,
            RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome,
            SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore,
            StoreError, StoreErrorKind, TokenAdded,
        },
        subject::Subject,
        time::Timestamp,
    };

    /// A store from before there was such a thing.
    struct Old;

    macro_rules! old {
        ($($name:ident($($argument:ty),*) -> $answer:ty;)*) => {
            impl SessionStore for Old {
                $(async fn $name(&self, $(_: $argument),*) -> Result<$answer, StoreError> {
                    unreachable!("nobody asks")
                })*
            }
        };
    }

    old! {
        current_time() -> Timestamp;
        login_ticket() -> LoginTicket;
        create(NewSession, LoginTicket) -> Created;
        rotate(&RotationAttempt) -> RotationOutcome;
        session(&Subject, &SessionId) -> Option<SessionRecord>;
        session_page(&Subject, Option<&SessionCursor>, u32) -> SessionPage;
        session_count(&Subject) -> u64;
        revoke(&Subject, &SessionId) -> bool;
        revoke_all(&Subject) -> RevokedAll;
        add_application_token(ApplicationToken, u32, LoginTicket) -> TokenAdded;
        application_token_is_live(&Subject, &str) -> bool;
        application_tokens(&Subject) -> Vec<ApplicationToken>;
        remove_application_token(&Subject, &str) -> bool;
        revoke_token(&Subject, &str, Timestamp) -> ();
        revocation_page(&RevocationQuery) -> RevocationPage;
        purge_batch(&PurgeRules) -> u64;
    }

    #[tokio::test]
    async fn a_store_that_leaves_it_out_accepts_no_use() {
        let store = DynSessionStore::new(Old);
        let (value, attempt) = (SecretDigest::of(b"value"), AttemptId::from_bytes([7; 16]));
        for _ in 0..2 {
            let used = store.use_once(&value, attempt, Duration::MAX).await;
            let error = used.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unsupported);
            let cause = std::error::Error::source(&error).unwrap();
            assert!(cause.to_string().contains("SessionStore::use_once"));
        }
    }
}
