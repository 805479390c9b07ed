//! The access tokens that were revoked one by one, and the sessions of other
//! issuers.

use std::collections::HashMap;

use crate::{subject::NO_REALM, time::Timestamp};

/// Revoked tokens by realm and `jti`, each with the latest end that was named.
///
/// A `jti` is unique within its issuer only (RFC 7519 section 4.1.7). What is of
/// no realm is a session of the issuer that is named instead, by its `sid`.
#[derive(Default)]
pub(super) struct RevokedTokens {
    tokens: Table,
    sessions: Table,
}

type Table = HashMap<Box<str>, HashMap<Box<str>, Timestamp>>;

impl RevokedTokens {
    pub(super) fn contains(&self, realm: &str, id: &str) -> bool {
        self.tokens
            .get(realm)
            .is_some_and(|ids| ids.contains_key(id))
    }

    /// Whether this session of another issuer has ended.
    pub(super) fn contains_session(&self, issuer: &str, id: &str) -> bool {
        let sessions = self.sessions.get(issuer);
        sessions.is_some_and(|ids| ids.contains_key(id))
    }

    /// Whether the token is in here and expires after `now`.
    pub(super) fn ends_after(&self, realm: &str, id: &str, now: Timestamp) -> bool {
        let ids = match realm.strip_prefix(NO_REALM) {
            Some(issuer) => self.sessions.get(issuer),
            None => self.tokens.get(realm),
        };
        ids.and_then(|ids| ids.get(id))
            .is_some_and(|end| *end > now)
    }

    /// Puts a token in, or its end off. True if it was not in here.
    pub(super) fn insert(&mut self, realm: &str, id: &str, end: Timestamp) -> bool {
        let (table, realm) = self.table(realm);
        if let Some(known) = table.get_mut(realm).and_then(|ids| ids.get_mut(id)) {
            *known = end.max(*known);
            return false;
        }
        let ids = table.entry(realm.into()).or_default();
        ids.insert(id.into(), end).is_none()
    }

    pub(super) fn remove(&mut self, realm: &str, id: &str) {
        let (table, realm) = self.table(realm);
        if let Some(ids) = table.get_mut(realm) {
            ids.remove(id);
            if ids.is_empty() {
                table.remove(realm);
            }
        }
    }

    fn table<'r>(&mut self, realm: &'r str) -> (&mut Table, &'r str) {
        match realm.strip_prefix(NO_REALM) {
            Some(issuer) => (&mut self.sessions, issuer),
            None => (&mut self.tokens, realm),
        }
    }

    pub(super) fn len(&self) -> usize {
        let tables = [&self.tokens, &self.sessions];
        tables
            .iter()
            .flat_map(|it| it.values())
            .map(HashMap::len)
            .sum()
    }
}
