//! Credentials that open one session.

use std::{fmt, time::Duration};

use super::{SessionError, SessionErrorKind, Sessions};
use crate::{
    crypto::{Hash, hmac, hmac_key},
    session::{
        AttemptId, Device, NewSession, OneUse, SecretDigest, SessionId, SessionRecord,
        SessionStore, refresh::SessionSecret,
    },
    subject::Subject,
};

/// By how much longer than the credential is good its use is remembered: other
/// nodes' clocks may be behind.
const MARGIN: Duration = Duration::from_secs(60);

/// For how long a use that came to nothing is made up for at most. No store
/// forgets a session so soon after it is over.
const MADE_UP_FOR: Duration = Duration::from_secs(60 * 60);

/// A credential that opens one session and no second one, such as the ID token
/// of a single sign-on or a link in a mail: for
/// [`OpenSession::single_use`](super::OpenSession::single_use).
///
/// Presented again within the [grace window](crate::session::RotationRules), it
/// gives the same session, with the same refresh token and a new access token:
/// answers get lost, and clients ask twice. Later it is refused
/// ([`SessionErrorKind::AlreadyUsed`]), and at once if the session has ended, or
/// is another subject's or client's. Without a window it is good exactly once, and
/// a lost answer is lost.
///
/// Where the first time came to nothing, because the store went away in the
/// middle or a log-out everywhere overtook it, the next one opens the session: as
/// long as the store would still know of it if it had been, an hour at most.
///
/// ```
/// use std::time::Duration;
/// use portcullis::{session::{OpenSession, SingleUse}, subject::Subject};
///
/// # let random_part_of_the_link = b"k7Wq0uJ2";
/// let link = SingleUse::new("mail link", random_part_of_the_link, Duration::from_secs(600));
/// let alice = Subject::new("users", "alice");
/// let open = OpenSession::login(&alice).single_use(link);
/// # let _ = open;
/// ```
#[derive(Clone, Copy)]
pub struct SingleUse<'a> {
    purpose: &'a str,
    credential: &'a [u8],
    good_for: Duration,
}

impl<'a> SingleUse<'a> {
    /// A `credential` that nobody can guess and that has been verified, of which
    /// there is one writing only: of a signed token without its signature, say,
    /// which some algorithms let others rewrite. It can be presented for
    /// `good_for` from now, leeway included.
    ///
    /// `purpose` says what it is, for logs, and so that it is mistaken for no
    /// other one.
    pub fn new(purpose: &'a str, credential: &'a [u8], good_for: Duration) -> Self {
        Self {
            purpose,
            credential,
            good_for,
        }
    }

    pub(super) fn purpose(&self) -> &str {
        self.purpose
    }

    /// What a store knows it by.
    fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.message(b"portcullis single use\0"))
    }

    /// Name and secret of the session that it opens, the same whenever they are
    /// made, but only for whoever has it and knows the name of its first use,
    /// which is random and in the store only.
    fn session(&self, first: AttemptId) -> (SessionId, SessionSecret) {
        let key = hmac_key(Hash::Sha512, first.as_bytes());
        let mac = hmac(
            &key,
            &[&self.message(b"portcullis session of a single use\0")],
        );
        let (secret, rest) = mac.as_ref().split_at(32);
        let mut bytes = ([0; 32], [0; 16]);
        bytes.0.copy_from_slice(secret);
        bytes.1.copy_from_slice(&rest[..16]);
        (
            SessionId::of_random(bytes.1),
            SessionSecret::from_bytes(bytes.0),
        )
    }

    /// The purpose has its length in front, so that no two pairs coincide.
    fn message(&self, kind: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
        let length = u64::try_from(self.purpose.len()).unwrap_or(u64::MAX);
        let length = length.to_be_bytes();
        [kind, &length, self.purpose.as_bytes(), self.credential]
            .concat()
            .into()
    }
}

impl fmt::Debug for SingleUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleUse")
            .field("purpose", &self.purpose)
            .field("good_for", &self.good_for)
            .finish_non_exhaustive()
    }
}

/// An attempt that bears the subject's mark in its second half: stores find sessions by
/// their subject, and whoever comes second for another one must not open a second session.
fn named_for(subject: &Subject, attempt: AttemptId) -> AttemptId {
    let mut name = *attempt.as_bytes();
    let (random, mark) = name.split_at_mut(8);
    let realm = subject.realm();
    let length = u64::try_from(realm.len()).unwrap_or(u64::MAX);
    let all = [
        &*random,
        &length.to_be_bytes(),
        realm.as_bytes(),
        subject.name().as_bytes(),
    ];
    let digest = SecretDigest::of(&all.concat());
    mark.copy_from_slice(&digest.as_bytes()[..8]);
    AttemptId::from_bytes(name)
}

/// What a single use has come to so far.
pub(super) struct Opening {
    pub(super) id: SessionId,
    pub(super) secret: SessionSecret,
    /// How long ago it was first used, if it was.
    pub(super) repeated: Option<Duration>,
    /// The session, where the first use has opened it.
    pub(super) row: Option<SessionRecord>,
}

impl Sessions {
    /// Uses a credential, or finds out what an earlier use made of it.
    pub(super) async fn use_up(
        &self,
        credential: &SingleUse<'_>,
        subject: &Subject,
        device: &Device,
    ) -> Result<Opening, SessionError> {
        let attempt = named_for(subject, AttemptId::random()?);
        let keep = credential.good_for.saturating_add(MARGIN);
        let value = credential.digest();
        let (first, repeated) = match self.store().use_once(&value, attempt, keep).await? {
            OneUse::First => (attempt, None),
            OneUse::Repeated { first, elapsed } => (first, Some(elapsed)),
        };
        let (id, secret) = credential.session(first);
        let row = match repeated {
            None => None,
            Some(_) => self.store().session(subject, &id).await?,
        };
        let is_own = named_for(subject, first) == first;
        if let Some(elapsed) = repeated
            && !(is_own && self.is_forgiven(elapsed, row.as_ref()))
        {
            let purpose = credential.purpose;
            self.report_single_use_refused(purpose, &id, subject, device, elapsed);
            return Err(SessionErrorKind::AlreadyUsed.into());
        }
        Ok(Opening {
            id,
            secret,
            repeated,
            row,
        })
    }

    /// A row is kept for as long as access tokens live after it is over, and by
    /// some stores no longer: as long as that has not passed since the first use,
    /// one that is not there has never been.
    fn is_forgiven(&self, elapsed: Duration, row: Option<&SessionRecord>) -> bool {
        match row {
            Some(row) => elapsed < self.0.rules.window() && row.is_live(self.now()),
            None => elapsed < self.revocations().longest().min(MADE_UP_FOR),
        }
    }
}

impl Opening {
    /// Whether the session that the first use has opened is the one that is
    /// asked for again.
    pub(super) fn is_for(&self, session: &NewSession) -> bool {
        let row = self.row.as_ref();
        row.is_none_or(|row| session.is_of(row) && session.grant == row.grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn credentials_and_purposes_are_told_apart() {
        let all = [("a", "b"), ("", "ab"), ("ab", ""), ("a", "B"), ("ab", "b")];
        let all = all.map(|(purpose, text)| SingleUse::new(purpose, text.as_bytes(), HOUR));
        let first = AttemptId::from_bytes([7; 16]);
        for (index, one) in all.iter().enumerate() {
            for other in &all[..index] {
                assert_ne!(one.digest(), other.digest());
                assert_ne!(one.session(first).0, other.session(first).0);
            }
        }
    }

    #[test]
    fn a_session_follows_from_the_credential_and_its_first_use() {
        let credential = SingleUse::new("test", b"credential", HOUR);
        let of = |byte| {
            let (id, secret) = credential.session(AttemptId::from_bytes([byte; 16]));
            (id, secret.digest())
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1).0, of(2).0);
        assert_ne!(of(1).1, of(2).1);
        assert_eq!(SessionId::parse(of(1).0.as_str()), Some(of(1).0));
        // Nothing of it is shown.
        assert!(!format!("{credential:?}").contains("credential\""));
        assert!(!format!("{credential:?}").contains("99, 114"));
    }
}
