//! Opening sessions and listing application tokens.

use serde_json::{Map, Value};

use super::{SessionError, SessionErrorKind, Sessions, single_use::SingleUse};
use crate::{
    claims::{KeyConfirmation, ScopeSet},
    issue::{AccessToken, IssuedToken},
    random::random_uuid,
    secret::SecretString,
    session::{
        ApplicationToken, Created, Device, Grant, LoginTicket, NewSession, RevocationReason,
        SessionData, SessionId, SessionStore, Successor, TokenAdded,
        refresh::{RefreshFamily, SessionSecret},
    },
    subject::Subject,
    time::Timestamp,
};

/// What a session is opened with.
///
/// ```
/// use portcullis::{session::OpenSession, subject::Subject};
///
/// let alice = Subject::new("users", "alice");
/// // Alice has just typed her password.
/// let login = OpenSession::login(&alice).client("web");
/// // Her parent application opens a session on her behalf.
/// let other = OpenSession::without_login(&alice).client("widget");
/// # let _ = (login, other);
/// ```
#[derive(Clone, Debug)]
pub struct OpenSession<'a> {
    subject: &'a Subject,
    client: Option<&'a str>,
    scope: ScopeSet,
    acr: Option<&'a str>,
    amr: Vec<&'a str>,
    confirmation: Option<&'a KeyConfirmation>,
    data: Option<&'a SessionData>,
    claims: Option<&'a Map<String, Value>>,
    device: Device,
    is_login: bool,
    single_use: Option<SingleUse<'a>>,
    refresh_token_limit: usize,
}

impl<'a> OpenSession<'a> {
    /// A session of `subject`, whose credentials were checked just now, without
    /// client or scope. The first access token is fresh, and all of the session
    /// say when the login was (`auth_time`, RFC 9068 section 2.2.1).
    pub fn login(subject: &'a Subject) -> Self {
        Self::new(subject, true)
    }

    /// A session of `subject` that something other than a login gives, without
    /// client or scope: no token of it is fresh or names an `auth_time`.
    pub fn without_login(subject: &'a Subject) -> Self {
        Self::new(subject, false)
    }

    fn new(subject: &'a Subject, is_login: bool) -> Self {
        Self {
            subject,
            client: None,
            scope: ScopeSet::new(),
            acr: None,
            amr: Vec::new(),
            confirmation: None,
            data: None,
            claims: None,
            device: Device::default(),
            is_login,
            single_use: None,
            refresh_token_limit: usize::MAX,
        }
    }

    /// The client that logs in. Only it can refresh the session.
    #[must_use = "returns the changed session"]
    pub fn client(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.client = id.into();
        self
    }

    /// The scope that is granted.
    #[must_use = "returns the changed session"]
    pub fn scope(mut self, scope: ScopeSet) -> Self {
        self.scope = scope;
        self
    }

    /// How strong the login was (`acr`), by a name on which the API and its services agree.
    /// All access tokens of the session say so, so that a
    /// [policy](crate::policy::Policy) can demand it and ask for a stronger login
    /// (RFC 9470).
    #[must_use = "returns the changed session"]
    pub fn acr(mut self, value: impl Into<Option<&'a str>>) -> Self {
        self.acr = value.into();
        self
    }

    /// How the login was made (`amr`, RFC 8176), such as `pwd` and `otp`. All access
    /// tokens of the session say so.
    #[must_use = "returns the changed session"]
    pub fn amr(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.amr = methods.into_iter().collect();
        self
    }

    /// Binds the session to a key or certificate of the client's (`cnf`): all its access
    /// tokens name it, and it is refreshed only by whoever
    /// [has proven](super::RefreshRequest::proven_key) to have it.
    ///
    /// Nodes with a version of this crate that does not know of this refresh the session
    /// without asking, and unbind it: replace them first. The same holds for
    /// [`acr`](Self::acr), [`amr`](Self::amr) and [`data`](Self::data), which they drop.
    #[must_use = "returns the changed session"]
    pub fn confirmation(mut self, key: impl Into<Option<&'a KeyConfirmation>>) -> Self {
        self.confirmation = key.into();
        self
    }

    /// What the application keeps with the session: at hand at each refresh
    /// ([`RefreshClaims::data`](crate::session::refresh::RefreshClaims::data)), and in
    /// its [row](Grant::data).
    #[must_use = "returns the changed session"]
    pub fn data(mut self, data: impl Into<Option<&'a SessionData>>) -> Self {
        self.data = data.into();
        self
    }

    /// Refresh tokens must not be longer than that.
    pub(crate) fn refresh_token_limit(mut self, limit: usize) -> Self {
        self.refresh_token_limit = limit;
        self
    }

    /// Further claims of the first access token.
    #[must_use = "returns the changed session"]
    pub fn claims(mut self, claims: &'a Map<String, Value>) -> Self {
        self.claims = Some(claims);
        self
    }

    /// The credential that opens this session and no other one. It must have
    /// been verified; this says only whether it was used before.
    #[must_use = "returns the changed session"]
    pub fn single_use(mut self, credential: SingleUse<'a>) -> Self {
        self.single_use = Some(credential);
        self
    }

    /// What the request came from.
    #[must_use = "returns the changed session"]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }
}

/// The tokens of a session that was opened or refreshed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenPair {
    /// The access token.
    pub access: IssuedToken,
    /// The refresh token; `None` where the API gives none, or the one that was
    /// presented stays good.
    pub refresh: Option<IssuedRefreshToken>,
    /// The scope of the access token.
    pub scope: ScopeSet,
    /// The session.
    pub session: SessionId,
    /// When the session ends, to the second before, however often it is
    /// refreshed.
    pub session_ends_at: Timestamp,
}

/// A refresh token to hand out.
#[derive(Clone, Debug)]
pub struct IssuedRefreshToken {
    pub(super) token: SecretString,
    pub(super) expires_at: Timestamp,
}

impl IssuedRefreshToken {
    /// The token.
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// When it expires, to the second.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Sessions {
    /// Opens a session for a subject whose credentials were checked after
    /// `ticket` was taken.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::LoggedOutMeanwhile`], [`SessionErrorKind::Realm`],
    /// [`SessionErrorKind::Issue`], [`SessionErrorKind::GrantTooLong`] or
    /// [`SessionErrorKind::Unavailable`]; of a credential of [single use](OpenSession::single_use)
    /// [`SessionErrorKind::AlreadyUsed`], or [`SessionErrorKind::Unsupported`] by
    /// a store that cannot tell.
    pub async fn open(
        &self,
        ticket: LoginTicket,
        request: &OpenSession<'_>,
    ) -> Result<TokenPair, SessionError> {
        let inner = &*self.0;
        // Before a credential is used up, which would open no session for anybody else.
        if request.subject.realm() != inner.issuer.shape().realm() {
            return Err(SessionErrorKind::Realm.into());
        }
        // Before the access token is made: it names the session, which the first
        // use has named.
        let opening = match &request.single_use {
            Some(credential) => {
                let (subject, device) = (request.subject, &request.device);
                Some(self.use_up(credential, subject, device).await?)
            }
            None => None,
        };
        let auth_time = match opening.as_ref().and_then(|opening| opening.row.as_ref()) {
            Some(row) => row.grant.auth_time.map(Timestamp::from_secs),
            None => request.is_login.then(|| self.now()),
        };
        let (id, secret) = match &opening {
            Some(opening) => (opening.id.clone(), opening.secret.clone()),
            None => (SessionId::random()?, SessionSecret::random()?),
        };
        let refresh_key = match &inner.refresh {
            Some(tokens) => tokens.current_key()?,
            None => "".into(),
        };
        let (idle_ttl, absolute_ttl) = match &inner.refresh {
            Some(_) => (inner.refresh_ttl, inner.session_ttl),
            None => {
                let ttl = inner.issuer.access_ttl().min(inner.session_ttl);
                (ttl, ttl)
            }
        };
        let family = RefreshFamily {
            subject: request.subject.clone(),
            session: id.clone(),
            secret: secret.clone(),
            client: request.client.map(str::to_owned),
            scope: request.scope.clone(),
            auth_time,
            acr: request.acr.map(str::to_owned),
            amr: request.amr.iter().map(|&method| method.into()).collect(),
            confirmation: request.confirmation.cloned(),
            data: request.data.cloned(),
        };
        let mut token = AccessToken::new(request.subject)
            .session(id.as_str())
            .client(request.client)
            .scope(request.scope.clone())
            .fresh(request.is_login)
            .auth_time(auth_time)
            .acr(request.acr)
            .amr(request.amr.iter().copied())
            .confirmation(request.confirmation);
        if let Some(claims) = request.claims {
            token = token.claims(claims);
        }
        // What can fail for the application's sake comes first: a row whose
        // tokens nobody gets would be listed until it expires.
        let draft_for = |generation| {
            inner.issuer.draft(&token, || {
                Ok(self.access_token_id(&secret, generation, random_uuid()?))
            })
        };
        let row = opening.as_ref().and_then(|opening| opening.row.as_ref());
        let generation = row.map_or(0, |row| row.generation);
        let mut draft = draft_for(generation)?;
        if let Some(tokens) = &inner.refresh {
            let limit = request.refresh_token_limit;
            tokens.check_length(&family, refresh_key.clone(), limit)?;
        }
        let session = NewSession {
            id: id.clone(),
            subject: request.subject.clone(),
            client: request.client.map(str::to_owned),
            idle_ttl,
            absolute_ttl,
            secret_digest: secret.digest(),
            refresh_key,
            grant: family.grant(),
            device: request.device.clone(),
            limit: inner.session_limit,
        };
        if opening
            .as_ref()
            .is_some_and(|opening| !opening.is_for(&session))
        {
            return Err(SessionErrorKind::AlreadyUsed.into());
        }
        let unanswered = inner
            .session_limit
            .map(|_| self.revocations().unanswered_login(request.subject));
        let created = self.store().create(session, ticket).await?;
        let is_answer = match &created {
            // The first use may have been the one for which others made room.
            Created::Session { evicted, .. } => {
                let repeated = opening.as_ref().and_then(|opening| opening.repeated);
                let is_seen = repeated.is_none() || !evicted.is_empty();
                is_seen || self.revocations().is_sole_writer()
            }
            Created::LoggedOutMeanwhile => true,
        };
        if let Some(unanswered) = unanswered.filter(|_| is_answer) {
            unanswered.answered();
        }
        let session = match created {
            Created::Session { session, evicted } => {
                for id in &evicted {
                    self.note_session(request.subject, id, RevocationReason::Evicted);
                    self.report_ended(request.subject, id, RevocationReason::Evicted);
                }
                session
            }
            Created::LoggedOutMeanwhile => return Err(SessionErrorKind::LoggedOutMeanwhile.into()),
        };
        if let (Some(opening), Some(credential)) = (&opening, &request.single_use) {
            // It may have ended since it was looked at, or have been opened by
            // another request that came at once and was about something else.
            let granted = Grant {
                auth_time: auth_time.and(session.grant.auth_time),
                ..family.grant()
            };
            let is_same = session.grant == granted;
            if session.revoked.is_some() || !is_same {
                return Err(SessionErrorKind::AlreadyUsed.into());
            }
            // A use that came to nothing has opened none.
            let again = opening.repeated.filter(|_| opening.row.is_some());
            self.report_single_use(credential.purpose(), &session, again);
        } else {
            self.report_opened(&session);
        }
        // The first use has been refreshed: what belongs to a token that was exchanged is
        // revoked.
        if session.generation != generation {
            draft = draft_for(session.generation)?;
        }
        // The store's clock made the deadline: no token outlives its row.
        let access = inner.issuer.finish(draft, session.absolute_deadline)?;
        let session_ends_at = session.absolute_deadline.floor_to_second();
        let refresh = match &inner.refresh {
            None => None,
            Some(_) => {
                let first = Successor::of(&session);
                let family = RefreshFamily {
                    auth_time: session.grant.auth_time.map(Timestamp::from_secs),
                    ..family
                };
                Some(self.refresh_token(&family, &first)?)
            }
        };
        Ok(TokenPair {
            access,
            refresh,
            scope: request.scope.clone(),
            session: session.id,
            session_ends_at,
        })
    }

    /// Issues an application token, which never expires, and puts it on the
    /// live list. `ticket` was taken before the subject's right to it was
    /// checked.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::TooManyApplicationTokens`],
    /// [`SessionErrorKind::LoggedOutMeanwhile`], [`SessionErrorKind::Realm`],
    /// [`SessionErrorKind::Issue`] or [`SessionErrorKind::Unavailable`].
    pub async fn application_token(
        &self,
        ticket: LoginTicket,
        token: &AccessToken<'_>,
    ) -> Result<IssuedToken, SessionError> {
        let issued = self.0.issuer.application(token)?;
        let listed = ApplicationToken {
            id: issued.id().to_owned(),
            subject: token.subject.clone(),
            created_at: issued.issued_at(),
        };
        let limit = self.0.application_tokens;
        match self
            .store()
            .add_application_token(listed, limit, ticket)
            .await?
        {
            TokenAdded::Added => {
                self.report_application_token(token.subject, issued.id());
                Ok(issued)
            }
            TokenAdded::LimitReached => Err(SessionErrorKind::TooManyApplicationTokens.into()),
            TokenAdded::LoggedOutMeanwhile => Err(SessionErrorKind::LoggedOutMeanwhile.into()),
        }
    }
}
