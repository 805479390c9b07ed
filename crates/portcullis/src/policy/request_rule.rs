//! A rule of the application's own, about the token and the request.

use std::{fmt, sync::Arc};

use crate::{head::HeadRef, verify::Verified};

#[derive(Clone)]
pub(super) struct RequestRule(Arc<Holds>);

type Holds = dyn Fn(&Verified, HeadRef<'_>) -> bool + Send + Sync;

impl RequestRule {
    pub(super) fn new(
        holds: impl Fn(&Verified, HeadRef<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(holds))
    }

    /// Without a request, nobody can say: it does not hold.
    pub(super) fn holds(&self, token: &Verified, head: Option<HeadRef<'_>>) -> bool {
        head.is_some_and(|head| (self.0)(token, head))
    }
}

impl fmt::Debug for RequestRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestRule(..)")
    }
}
