//! What the snapshot says about a token.

use std::{future::Future, pin::Pin};

use super::{Revocations, name::TokenNames, questions::Question, reach, realms::CutOff};
use crate::{
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
///
/// The store is asked about what is in doubt: what is being revoked right now, or was
/// and no answer came, and what may be among the revocations
/// [beyond the limit](Revocations::with_limit).
impl TokenStatus for Revocations {
    fn status(&self, token: &Verified) -> Status {
        let shared = &*self.shared;
        let names = shared.names.of_token(token);
        let now = self.clock.now();
        if shared.state.is_revoked_by_name(&names, now) {
            return Status::Revoked;
        }
        let silent = self.is_silent(now);
        if token.is_application() {
            return match silent {
                // A store that was cut off or has lost its place would answer, too.
                true => Status::Unknown,
                false => self.application_token(&names),
            };
        }
        let cut_off = match shared.realms.any() {
            true => shared.realms.judge(token, &self.settings),
            false => CutOff::Misses,
        };
        let logged_out = shared
            .state
            .logged_out(|| match reach::has_own_session(token) {
                true => None,
                false => names.subject(),
            });
        if cut_off == CutOff::Reaches || reach::reaches(logged_out, token, self.settings.skew) {
            return Status::Revoked;
        }
        if silent {
            return Status::Unknown;
        }
        if cut_off == CutOff::Misses && !shared.state.has_hints() && !shared.doubts.any() {
            return Status::Clear;
        }
        self.in_question(&names, cut_off)
    }

    fn lists_application_tokens(&self) -> bool {
        true
    }

    /// By what this process revokes at once, and by what others revoke as soon as
    /// it is heard of.
    fn changed(&self, token: &Verified) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let names = self.shared.names.of_token(token);
        Some(Box::pin(self.waiters.wait(names)))
    }
}

impl Revocations {
    fn application_token(&self, names: &TokenNames<'_>) -> Status {
        let (Some(subject), Some(id)) = (names.token.subject(), names.token.token_id()) else {
            return Status::Revoked;
        };
        let shared = &*self.shared;
        let in_doubt = self.is_application_token_in_doubt(names);
        if !in_doubt && shared.live.contains(&subject, id) {
            return Status::Clear;
        }
        self.ask(Question::ApplicationToken {
            id: id.to_owned(),
            subject,
            removals: shared.live.removals(),
            in_doubt,
        })
    }
}
