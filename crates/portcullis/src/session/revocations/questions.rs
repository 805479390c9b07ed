//! What only the store can say about a token.

use super::{
    Revocations,
    doubts::Doubts,
    name::{Kind, Name, TokenNames},
    reach,
    realms::CutOff,
};
use crate::{
    session::{Revocation, RevocationReason, SessionId, SessionStore, StoreError},
    subject::{NO_REALM, Subject},
    time::Timestamp,
    verify::Status,
};

/// What to ask the store.
pub(super) enum Question {
    Token {
        subject: Subject,
        session: Option<AboutSession>,
        /// A session of another issuer, as it is kept.
        elsewhere: Option<(Subject, String)>,
        /// Its `jti`, if it may have been revoked itself.
        id: Option<String>,
        /// Since when a log-out reaches it, if there may have been one.
        since: Option<Timestamp>,
        in_doubt: bool,
    },
    ApplicationToken {
        id: String,
        subject: Subject,
        /// How many removals the snapshot had seen: an answer that a removal may
        /// have overtaken is not remembered.
        removals: u64,
        in_doubt: bool,
    },
}

/// Whether a session has ended.
pub(super) struct AboutSession {
    id: SessionId,
    /// Otherwise the store need not know it.
    own: bool,
    /// How many log-outs of everybody the snapshot had seen.
    cut_offs: u64,
}

impl Revocations {
    /// What is to be said about a token that is not known to be revoked: the store is asked
    /// about what may be.
    #[inline(never)]
    pub(super) fn in_question(&self, names: &TokenNames<'_>, cut_off: CutOff) -> Status {
        let (state, doubts) = (&self.shared.state, &self.shared.doubts);
        let hints = state.has_hints();
        let may_be = |kind, name: &dyn Fn() -> Option<Name>| {
            doubts.contain(kind, name) || hints && name().is_some_and(|name| state.is_hinted(name))
        };
        let token = names.token;
        let all_in_doubt = doubts.contain(Kind::Realm, || Some(names.realm()));
        let subject_in_doubt = all_in_doubt || doubts.contain(Kind::Subject, || names.subject());
        let own = reach::own_session(token);
        let session = token.session_id().filter(|_| {
            cut_off == CutOff::MayReach
                || own.is_some() && subject_in_doubt
                || may_be(Kind::Session, &|| names.session())
        });
        let session = session.and_then(SessionId::parse).map(|id| AboutSession {
            id,
            own: own.is_some(),
            cut_offs: self.shared.realms.seen(),
        });
        let elsewhere = may_be(Kind::SessionElsewhere, &|| names.session_elsewhere());
        let elsewhere = token
            .issuer()
            .zip(token.session_id())
            .filter(|_| elsewhere)
            .map(|(issuer, id)| {
                let subject = Subject::new(format!("{NO_REALM}{issuer}"), id);
                (subject, id.to_owned())
            });
        let id = token
            .token_id()
            .filter(|_| may_be(Kind::Token, &|| names.token()));
        let logged_out =
            own.is_none() && (subject_in_doubt || may_be(Kind::Subject, &|| names.subject()));
        let since = logged_out.then(|| reach::reached_since(token, self.settings.skew));
        if session.is_none() && elsewhere.is_none() && id.is_none() && since.is_none() {
            return Status::Clear;
        }
        // The store finds no session of nobody.
        if session.as_ref().is_some_and(|it| it.own) && token.subject_name().is_none() {
            return Status::Unknown;
        }
        self.ask(Question::Token {
            // A token need not speak for anybody.
            subject: Subject::new(
                token.subject_realm(),
                token.subject_name().unwrap_or_default(),
            ),
            session,
            elsewhere,
            id: id.map(str::to_owned),
            since,
            in_doubt: doubts.any(),
        })
    }

    pub(super) fn is_application_token_in_doubt(&self, names: &TokenNames<'_>) -> bool {
        let doubts: &Doubts = &self.shared.doubts;
        doubts.any()
            && (doubts.contain(Kind::ApplicationToken, || names.application_token())
                || doubts.contain(Kind::Subject, || names.subject())
                || doubts.contain(Kind::Realm, || Some(names.realm())))
    }

    pub(super) fn ask(&self, question: Question) -> Status {
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
            Question::Token {
                subject,
                session,
                elsewhere,
                id,
                since,
                in_doubt,
            } => {
                if in_doubt {
                    self.settle_own_doubts().await;
                }
                if let Some(about) = session
                    && self.has_ended(&subject, about).await?
                {
                    return Ok(false);
                }
                if let Some((issuer, id)) = elsewhere
                    && self.store.is_revoked(&issuer, Some(&id), None).await?
                {
                    return Ok(false);
                }
                if id.is_none() && since.is_none() {
                    return Ok(true);
                }
                let revoked = self.store.is_revoked(&subject, id.as_deref(), since);
                Ok(!revoked.await?)
            }
            Question::ApplicationToken {
                id,
                subject,
                removals,
                in_doubt,
            } => {
                if in_doubt {
                    self.settle_own_doubts().await;
                }
                let live = self.store.application_token_is_live(&subject, &id).await?;
                if live {
                    self.shared.live.remember(subject, &id, removals);
                }
                Ok(live)
            }
        }
    }

    async fn has_ended(&self, of: &Subject, about: AboutSession) -> Result<bool, StoreError> {
        let AboutSession { id, own, cut_offs } = about;
        let Some(session) = self.store.session(of, &id).await? else {
            return Ok(own);
        };
        let realms = &self.shared.realms;
        let Some(revoked) = session.revoked else {
            if own {
                realms.remember(&id, cut_offs, &self.settings);
            }
            return Ok(false);
        };
        if own {
            realms.remember_ended(&id, &self.settings);
        }
        // A cut-off is told as one.
        if revoked.reason != RevocationReason::LogoutEverybody {
            self.apply(Revocation::Session {
                id: id.clone(),
                subject: session.subject,
                at: revoked.at,
                reason: revoked.reason,
            });
        }
        if let Some(theft) = self.shared.thefts.take(&id) {
            theft.tell(&self.subscriber);
        }
        Ok(true)
    }
}
