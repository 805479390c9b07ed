//! Routes that belong to no API.

use super::{
    documents::{Lifetime, key_set},
    protected_route::Access,
    route::{Action, Methods},
};
use crate::session::Sessions;

/// Routes that belong to no API; they know all of them.
pub(super) enum Common {
    Logout,
    LogoutAll(Access),
    Sessions(Access),
    EndSession(Access),
    KeySet,
}

impl Common {
    /// By which methods.
    pub(super) const fn methods(&self) -> Methods {
        match self {
            Self::Logout | Self::LogoutAll(_) | Self::EndSession(_) => Methods::Post,
            Self::Sessions(_) | Self::KeySet => Methods::Get,
        }
    }

    /// What they do, for these APIs.
    pub(super) fn action(self, sessions: &[Sessions], lifetime: Lifetime) -> Action {
        match self {
            Self::Logout => Action::Logout,
            Self::LogoutAll(access) => Action::LogoutAll(access),
            Self::Sessions(access) => Action::Sessions(access),
            Self::EndSession(access) => Action::EndSession(access),
            Self::KeySet => Action::Document(key_set(sessions, lifetime)),
        }
    }
}
