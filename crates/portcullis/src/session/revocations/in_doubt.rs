//! What is in doubt around calls that revoke, or may do so.

use std::{
    future::Future,
    sync::atomic::{
        AtomicBool,
        Ordering::{AcqRel, Release},
    },
};

use super::{
    Revocations,
    doubts::Doubted,
    name::{Kind, Name},
};
use crate::{
    session::{SessionId, StoreError, StoreErrorKind},
    subject::Subject,
    time::{Clock, Timestamp},
};

impl Revocations {
    /// Makes a call that revokes `what`, which is in doubt until `note` has been called
    /// with the answer. It stays so when there is none, or nobody waits for it; and a
    /// subject does where others write, for an answer names only what had not ended before.
    pub(in crate::session) async fn revoking<T>(
        &self,
        what: Doubted<'_>,
        call: impl Future<Output = Result<T, StoreError>>,
        note: impl FnOnce(&T),
    ) -> Result<T, StoreError> {
        let doubt = self.begin_doubt(what);
        let result = call.await;
        match &result {
            Ok(answer) => {
                note(answer);
                let names_all = !matches!(what, Doubted::Subject(_)) || self.is_sole_writer();
                let left = (!names_all).then(|| self.clock.now());
                doubt.end(left);
            }
            Err(error) if error.kind() == StoreErrorKind::Unsupported => doubt.end(None),
            Err(_) => drop(doubt),
        }
        self.settle_own_doubts().await;
        result
    }

    fn begin_doubt(&self, what: Doubted<'_>) -> InDoubt {
        let name = what.name(&self.shared.names);
        self.shared.doubts.begin(name);
        InDoubt {
            revocations: self.clone(),
            name,
            is_over: false,
        }
    }

    /// To be kept while a refresh token of this session is presented: its use may end
    /// the session, of which nobody learns who waits no longer.
    pub(in crate::session) fn unanswered(&self, session: &SessionId) -> Unanswered<'_> {
        Unanswered {
            revocations: self,
            name: Some(self.shared.names.session(session.as_str())),
        }
    }

    /// To be kept while a session is opened for which others of the subject may have to
    /// make room: which ones, only the answer says.
    pub(in crate::session) fn unanswered_login(&self, subject: &Subject) -> Unanswered<'_> {
        let name = Doubted::Subject(subject).name(&self.shared.names);
        Unanswered {
            revocations: self,
            name: Some(name),
        }
    }

    /// Takes in that the store has refused a refresh token because its session is over:
    /// whoever ended it may not have heard the answer. Why it did is asked with the next
    /// of its access tokens, unless everybody of the realm was logged out.
    pub(in crate::session) fn has_been_refused(&self, subject: &Subject, session: &SessionId) {
        let shared = &*self.shared;
        let name = shared.names.session(session.as_str());
        if shared.state.knows(name) {
            return;
        }
        if shared.realms.is_cut_off(subject.realm()) {
            shared.realms.remember_ended(session, &self.settings);
        } else if !shared.state.is_hinted(name) {
            shared.doubts.leave(name, self.clock.now());
        }
        self.left_in_doubt(name);
    }

    /// Takes in that the store does not list an application token of this subject.
    pub(in crate::session) fn has_been_removed(&self, subject: &Subject, id: &str) {
        let shared = &*self.shared;
        // Otherwise it may be another subject's.
        if shared.live.contains(subject, id) {
            shared.live.remove(id);
            self.tell_size();
            self.waiters
                .wake([shared.names.application_token(id)], false);
        }
    }

    /// Where nobody else writes, and so nobody reads: reads the store if that settles what
    /// was left in doubt, unless somebody does so already.
    pub(in crate::session) async fn settle_own_doubts(&self) {
        let doubts = &self.shared.doubts;
        if !self.is_sole_writer() || !doubts.is_ripe(self.clock.now()) {
            return;
        }
        if doubts.settling.swap(true, AcqRel) {
            return;
        }
        let _settling = Settling(&doubts.settling);
        // Boxed, for it is rare, and large.
        let result = Box::pin(self.sync()).await;
        doubts.put_off(self.clock.now());
        if let Err(error) = result {
            tracing::warn!(error = error.cause(), "cannot settle what is in doubt");
        }
    }

    fn left_in_doubt(&self, name: Name) {
        self.tell_size();
        self.waiters.wake([name], name.kind() == Kind::Realm);
    }
}

/// The doubt about something while a call is on its way.
struct InDoubt {
    revocations: Revocations,
    name: Name,
    is_over: bool,
}

impl InDoubt {
    fn end(mut self, left: Option<Timestamp>) {
        self.is_over = true;
        self.revocations.shared.doubts.end(self.name, left);
    }
}

impl Drop for InDoubt {
    fn drop(&mut self) {
        if !self.is_over {
            let now = self.revocations.clock.now();
            self.revocations.shared.doubts.end(self.name, Some(now));
            self.revocations.left_in_doubt(self.name);
        }
    }
}

/// Something about which the store has been asked what may end it, or a part of it.
#[must_use = "it is in doubt when this is dropped"]
pub(in crate::session) struct Unanswered<'r> {
    revocations: &'r Revocations,
    name: Option<Name>,
}

impl Unanswered<'_> {
    /// It is known what has come of it.
    pub(in crate::session) fn answered(mut self) {
        self.name = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name {
            let revocations = self.revocations;
            revocations
                .shared
                .doubts
                .leave(name, revocations.clock.now());
            revocations.left_in_doubt(name);
        }
    }
}

struct Settling<'a>(&'a AtomicBool);

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.store(false, Release);
    }
}
