//! Who can tell, later, whether a token that was good still is.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{Status, TokenStatus, Verified};
use crate::time::{Clock, SharedClock, Timestamp};

/// What a verifier leaves in its tokens for whoever asks about them later.
pub(super) struct Oversight {
    pub(super) clock: SharedClock,
    pub(super) leeway: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) status: Option<Arc<dyn TokenStatus>>,
}

impl Oversight {
    /// What the verifier of `token` left in it.
    pub(super) fn of(token: &Verified) -> Option<Arc<Self>> {
        token.oversight()?.downcast().ok()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// From when on the verifier refuses the token for its age.
    pub(super) fn end_of(&self, token: &Verified) -> Option<Timestamp> {
        let too_old = self.max_age.zip(token.issued_at());
        let too_old = too_old.map(|(age, issued_at)| issued_at.saturating_add(age));
        let ends = [token.expires_at(), too_old].into_iter().flatten();
        ends.min().map(|end| end.saturating_add(self.leeway))
    }

    /// Whether `time` is no longer than `age` ago. What lies ahead, and not just
    /// because clocks differ, tells nothing.
    pub(super) fn is_within(&self, age: Duration, time: Timestamp) -> bool {
        let now = self.now();
        let end = time.saturating_add(age).saturating_add(self.leeway);
        now <= end && time <= now.saturating_add(self.leeway)
    }

    /// `None` if nobody is asked about this verifier's tokens.
    pub(super) fn status(&self, token: &Verified) -> Option<Status> {
        self.status.as_ref().map(|status| status.status(token))
    }

    pub(super) fn changed(
        &self,
        token: &Verified,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.status.as_ref()?.changed(token)
    }
}
