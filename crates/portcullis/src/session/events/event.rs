//! What happens to sessions.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    session::{Device, RefusalReason, RevocationReason, SessionId, SessionRecord},
    subject::Subject,
    time::Timestamp,
};

/// Something that happened to a session, or to all of somebody's.
///
/// In JSON it is one flat object, as a line of an audit log: `event`, `at` in milliseconds
/// since the epoch, `session`, `realm`, `subject`, `client`, `user_agent`, `address`, as far
/// as they are known, and what else the [kind](SessionEventKind) has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEvent {
    /// What it is.
    pub kind: SessionEventKind,
    /// When it happened, by the clock of this node; of what
    /// [another one](SessionEventKind::ReuseHeard) has found out, by the store's.
    pub at: Timestamp,
    /// The session, if it is about one.
    pub session: Option<SessionId>,
    /// Whose it is.
    pub subject: Option<Subject>,
    /// The client that it belongs to, where it is at hand.
    pub client: Option<String>,
    /// What the request came from, where there was one that says so.
    pub device: Option<Device>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEventKind {
    /// A session was opened, by a login or on the word of the application.
    Opened,
    /// A session was opened by a credential that is good once.
    SingleUseOpened {
        /// What the credential is for.
        purpose: String,
    },
    /// Such a credential was presented again, and forgiven.
    SingleUseRepeated {
        /// What the credential is for.
        purpose: String,
        /// How long ago it was used first.
        elapsed: Duration,
    },
    /// Such a credential was presented again, and refused: somebody else may have it.
    SingleUseRefused {
        /// What the credential is for.
        purpose: String,
        /// How long ago it was used first.
        elapsed: Duration,
    },
    /// A refresh token was exchanged for the next one.
    Rotated {
        /// How often the session's refresh token had been exchanged before.
        generation: u64,
    },
    /// A refresh token was presented that stays as it is.
    Valid {
        /// How often the session's refresh token had been exchanged.
        generation: u64,
    },
    /// A refresh token was presented right after it was made, and given again.
    Rested {
        /// How often the session's refresh token had been exchanged.
        generation: u64,
        /// How long ago it was made.
        elapsed: Duration,
        /// Whether another device made it.
        device_changed: bool,
    },
    /// A refresh token that had been exchanged was presented again, and forgiven.
    Replayed {
        /// Which one it was.
        generation: u64,
        /// How long ago it was exchanged.
        elapsed: Duration,
        /// Whether the grace window had passed.
        late: bool,
        /// Whether another device exchanged it.
        device_changed: bool,
    },
    /// A refresh token that had been used up was presented: it is with somebody else, too,
    /// and the session has ended.
    Reused {
        /// Which one it was.
        generation: u64,
        /// How long ago the session was last refreshed.
        elapsed: Duration,
        /// Whether another device did that.
        device_changed: bool,
    },
    /// The same, heard of when the store was read: another node has found it out, or this
    /// one for a request whose answer nobody waited for.
    ReuseHeard,
    /// A refresh token was refused, and nothing has changed.
    Refused {
        /// Why.
        reason: RefusalReason,
        /// Which one it was.
        generation: u64,
    },
    /// A refresh token with a good signature has a wrong secret: the refresh key has
    /// leaked.
    SecretMismatch {
        /// Which one it says to be.
        generation: u64,
    },
    /// A refresh token is newer than the store, which must have lost writes. It was
    /// exchanged.
    StoreRolledBack {
        /// Which one it is.
        generation: u64,
    },
    /// A refresh reached the store after its deadline, or after the session had been
    /// refreshed past it on its way, and changed nothing.
    Overdue {
        /// Which one it was.
        generation: u64,
        /// How long after it.
        by: Duration,
    },
    /// A session has ended before its time.
    Ended {
        /// Why.
        reason: RevocationReason,
    },
    /// Somebody was logged out everywhere. Of each session that was live, its
    /// [end](Self::Ended) was told before.
    LoggedOutEverywhere {
        /// How many sessions ended.
        sessions: usize,
        /// How many application tokens were removed.
        application_tokens: usize,
    },
    /// Somebody was logged out everywhere and forgotten by the store.
    Erased {
        /// How many sessions ended.
        sessions: usize,
        /// How many application tokens were removed.
        application_tokens: usize,
    },
    /// Everybody of a realm was logged out; of single sessions nothing is told.
    EverybodyLoggedOut {
        /// The realm.
        realm: String,
    },
    /// An application token was issued.
    ApplicationTokenIssued {
        /// Its `jti`.
        id: String,
    },
    /// An application token was taken off the live list.
    ApplicationTokenRemoved {
        /// Its `jti`.
        id: String,
    },
}

impl SessionEvent {
    pub(in crate::session) fn new(kind: SessionEventKind, at: Timestamp) -> Self {
        Self {
            kind,
            at,
            session: None,
            subject: None,
            client: None,
            device: None,
        }
    }

    /// About this session, with all that its row says.
    pub(in crate::session) fn about(self, row: &SessionRecord) -> Self {
        let event = self.session(&row.id).subject(&row.subject);
        event.client(row.client.as_deref()).device(&row.device)
    }

    pub(in crate::session) fn session(mut self, id: &SessionId) -> Self {
        self.session = Some(id.clone());
        self
    }

    pub(in crate::session) fn subject(mut self, subject: &Subject) -> Self {
        self.subject = Some(subject.clone());
        self
    }

    pub(in crate::session) fn client(mut self, id: Option<&str>) -> Self {
        self.client = id.map(str::to_owned);
        self
    }

    pub(in crate::session) fn device(mut self, device: &Device) -> Self {
        self.device = Some(device.clone());
        self
    }
}

impl SessionEventKind {
    /// A stable name, the one that the log has as `event` where it tells the same.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Opened => "session_opened",
            Self::SingleUseOpened { .. } => "single_use_opened",
            Self::SingleUseRepeated { .. } => "single_use_repeated",
            Self::SingleUseRefused { .. } => "single_use_refused",
            Self::Rotated { .. } => "refresh_rotated",
            Self::Valid { .. } => "refresh_valid",
            Self::Rested { .. } => "refresh_rested",
            Self::Replayed { .. } => "refresh_replayed",
            Self::Reused { .. } => "refresh_reused",
            Self::ReuseHeard => "refresh_reuse_heard",
            Self::Refused { .. } => "refresh_refused",
            Self::SecretMismatch { .. } => "refresh_secret_mismatch",
            Self::StoreRolledBack { .. } => "store_rolled_back",
            Self::Overdue { .. } => "refresh_overdue",
            Self::Ended { .. } => "session_ended",
            Self::LoggedOutEverywhere { .. } => "logged_out_everywhere",
            Self::Erased { .. } => "subject_erased",
            Self::EverybodyLoggedOut { .. } => "everybody_logged_out",
            Self::ApplicationTokenIssued { .. } => "application_token_issued",
            Self::ApplicationTokenRemoved { .. } => "application_token_removed",
        }
    }

    /// Whether the session is over with it.
    pub const fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Reused { .. } | Self::ReuseHeard | Self::Ended { .. }
        )
    }

    /// What only this kind has to say.
    fn serialize_details<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let generation = match self {
            Self::Rotated { generation }
            | Self::Valid { generation }
            | Self::Rested { generation, .. }
            | Self::Replayed { generation, .. }
            | Self::Reused { generation, .. }
            | Self::Refused { generation, .. }
            | Self::SecretMismatch { generation }
            | Self::StoreRolledBack { generation }
            | Self::Overdue { generation, .. } => Some(generation),
            _ => None,
        };
        entry(map, "generation", generation)?;
        match self {
            Self::SingleUseOpened { purpose } => map.serialize_entry("purpose", purpose),
            Self::SingleUseRepeated { purpose, elapsed }
            | Self::SingleUseRefused { purpose, elapsed } => {
                map.serialize_entry("purpose", purpose)?;
                map.serialize_entry("elapsed_ms", &elapsed.as_millis())
            }
            Self::Rested {
                elapsed,
                device_changed,
                ..
            }
            | Self::Reused {
                elapsed,
                device_changed,
                ..
            } => {
                map.serialize_entry("elapsed_ms", &elapsed.as_millis())?;
                map.serialize_entry("device_changed", device_changed)
            }
            Self::Replayed {
                elapsed,
                late,
                device_changed,
                ..
            } => {
                map.serialize_entry("elapsed_ms", &elapsed.as_millis())?;
                map.serialize_entry("late", late)?;
                map.serialize_entry("device_changed", device_changed)
            }
            Self::Refused { reason, .. } => map.serialize_entry("reason", reason.as_str()),
            Self::Overdue { by, .. } => map.serialize_entry("overdue_ms", &by.as_millis()),
            Self::Ended { reason } => map.serialize_entry("reason", reason.as_str()),
            Self::LoggedOutEverywhere {
                sessions,
                application_tokens,
            }
            | Self::Erased {
                sessions,
                application_tokens,
            } => {
                map.serialize_entry("sessions", sessions)?;
                map.serialize_entry("application_tokens", application_tokens)
            }
            Self::EverybodyLoggedOut { realm } => map.serialize_entry("realm", realm),
            Self::ApplicationTokenIssued { id } | Self::ApplicationTokenRemoved { id } => {
                map.serialize_entry("token", id)
            }
            Self::Opened
            | Self::Rotated { .. }
            | Self::Valid { .. }
            | Self::ReuseHeard
            | Self::SecretMismatch { .. }
            | Self::StoreRolledBack { .. } => Ok(()),
        }
    }
}

impl Serialize for SessionEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.kind.as_str())?;
        map.serialize_entry("at", &self.at.as_millis())?;
        entry(
            &mut map,
            "session",
            self.session.as_ref().map(SessionId::as_str),
        )?;
        entry(&mut map, "realm", self.subject.as_ref().map(Subject::realm))?;
        entry(
            &mut map,
            "subject",
            self.subject.as_ref().map(Subject::name),
        )?;
        entry(&mut map, "client", self.client.as_ref())?;
        if let Some(device) = &self.device {
            entry(&mut map, "user_agent", device.user_agent.as_ref())?;
            entry(&mut map, "address", device.address)?;
        }
        self.kind.serialize_details(&mut map)?;
        map.end()
    }
}

/// A member, if there is something to say.
fn entry<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_json_it_is_one_flat_line() {
        let event = SessionEvent::new(
            SessionEventKind::Replayed {
                generation: 3,
                elapsed: Duration::from_millis(1500),
                late: false,
                device_changed: true,
            },
            Timestamp::from_millis(7),
        );
        let id = SessionId::parse("936da01f-9abd-4d9d-80c7-02af85c822a8").unwrap();
        let device = Device::new(Some("curl"), Some([192, 0, 2, 1].into()));
        let event = event.session(&id).subject(&Subject::new("users", "alice"));
        let event = event.client(Some("web")).device(&device);
        let expected = r#"{"event":"refresh_replayed","at":7,"#.to_owned()
            + r#""session":"936da01f-9abd-4d9d-80c7-02af85c822a8","realm":"users","#
            + r#""subject":"alice","client":"web","user_agent":"curl","address":"192.0.2.1","#
            + r#""generation":3,"elapsed_ms":1500,"late":false,"device_changed":true}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), expected);
        let kind = SessionEventKind::EverybodyLoggedOut {
            realm: "users".to_owned(),
        };
        let event = SessionEvent::new(kind, Timestamp::from_millis(8));
        let expected = r#"{"event":"everybody_logged_out","at":8,"realm":"users"}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), expected);
    }
}
