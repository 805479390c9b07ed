//! What the snapshot says about a token, and what only the store can say.

use std::{future::Future, pin::Pin};

use super::{Revocations, reach::own_session, realms::CutOff};
use crate::{
    session::{SessionId, SessionStore, StoreError},
    subject::Subject,
    time::Clock,
    verify::{Status, TokenStatus, Verified},
};

/// A token has been revoked when its session has ended, when it was revoked
/// itself (its `jti` within its realm), or when its subject was logged out
/// everywhere after it was issued, by
/// [a clock that may be ahead](Revocations::with_clock_skew), or everybody of its realm
/// was. The last but one does not
/// count for tokens of own sessions, those of an own issuer whose `sid` names a
/// session: a log-out everywhere ends these by name, and one that is opened
/// right afterwards is good. Nor does it for application tokens, which it takes
/// off the live list.
impl TokenStatus for Revocations {
    fn status(&self, token: &Verified) -> Status {
        let subject = token.subject();
        let now = self.clock.now();
        let state = self.read();
        if state.is_revoked_by_name(token) {
            return Status::Revoked;
        }
        let silent = self.is_silent(state.heard, now);
        if token.is_application() {
            let (Some(subject), Some(id)) = (subject, token.token_id()) else {
                return Status::Revoked;
            };
            if !silent && state.is_live(&subject, id) {
                return Status::Clear;
            }
            return self.ask(Question::ApplicationToken {
                id: id.to_owned(),
                subject,
                removals: state.removals,
            });
        }
        let bounds = state.bounds(subject.as_ref());
        let cut_off = state.realms.judge(token, &self.settings);
        if cut_off == CutOff::Reaches || bounds.revokes(token, &self.settings) {
            return Status::Revoked;
        }
        if silent {
            return Status::Unknown;
        }
        let session = token
            .session_id()
            .filter(|_| cut_off == CutOff::MayReach || bounds.doubts(token, &self.settings));
        let own = own_session(token).is_some();
        match (session.and_then(SessionId::parse), subject) {
            (Some(id), Some(subject)) => self.ask(Question::Session {
                id,
                subject,
                own,
                cut_offs: state.realms.seen(),
            }),
            // It cannot be asked about.
            (Some(_), None) if own => Status::Unknown,
            _ => Status::Clear,
        }
    }

    fn lists_application_tokens(&self) -> bool {
        true
    }

    /// By what this process revokes at once, and by what others revoke as soon as
    /// it is heard of.
    fn changed(&self, token: &Verified) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        Some(Box::pin(self.waiters.wait(token)))
    }
}

/// What to ask the store.
enum Question {
    Session {
        id: SessionId,
        subject: Subject,
        /// Otherwise the store need not know it.
        own: bool,
        /// How many log-outs of everybody the snapshot had seen.
        cut_offs: u64,
    },
    ApplicationToken {
        id: String,
        subject: Subject,
        /// How many removals the snapshot had seen: an answer that a removal may
        /// have overtaken is not remembered.
        removals: u64,
    },
}

impl Revocations {
    fn ask(&self, question: Question) -> Status {
        let this = self.clone();
        Status::Pending(Box::pin(async move {
            match this.is_good(question).await {
                Ok(true) => Status::Clear,
                Ok(false) => Status::Revoked,
                Err(error) => {
                    tracing::warn!(%error, "the store cannot say whether a token is revoked");
                    Status::Unknown
                }
            }
        }))
    }

    /// Whether the token is still good.
    async fn is_good(&self, question: Question) -> Result<bool, StoreError> {
        match question {
            Question::Session {
                id,
                subject,
                own,
                cut_offs,
            } => {
                let session = self.store.session(&subject, &id).await?;
                let ended = session.map(|session| session.revoked.is_some());
                match ended {
                    Some(false) if own => {
                        let mut state = self.write();
                        state.realms.remember(id, cut_offs, &self.settings);
                    }
                    Some(true) if own => {
                        let mut state = self.write();
                        state.realms.remember_ended(id, &self.settings);
                    }
                    _ => {}
                }
                Ok(!ended.unwrap_or(own))
            }
            Question::ApplicationToken {
                id,
                subject,
                removals,
            } => {
                let live = self.store.application_token_is_live(&subject, &id).await?;
                if live {
                    self.write().remember_live(subject, &id, removals);
                }
                Ok(live)
            }
        }
    }
}
