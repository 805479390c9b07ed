//! The access tokens that were revoked one by one.

use std::collections::HashMap;

use crate::time::Timestamp;

/// Revoked tokens by realm and `jti`, each with the latest end that was named.
///
/// A `jti` is unique within its issuer only (RFC 7519 section 4.1.7).
#[derive(Default)]
pub(super) struct RevokedTokens(HashMap<Box<str>, HashMap<Box<str>, Timestamp>>);

impl RevokedTokens {
    pub(super) fn contains(&self, realm: &str, id: &str) -> bool {
        self.0.get(realm).is_some_and(|ids| ids.contains_key(id))
    }

    /// Whether the token is in here and expires after `now`.
    pub(super) fn ends_after(&self, realm: &str, id: &str, now: Timestamp) -> bool {
        let ids = self.0.get(realm);
        ids.and_then(|ids| ids.get(id))
            .is_some_and(|end| *end > now)
    }

    /// Puts a token in, or its end off. True if it was not in here.
    pub(super) fn insert(&mut self, realm: &str, id: &str, end: Timestamp) -> bool {
        if let Some(known) = self.0.get_mut(realm).and_then(|ids| ids.get_mut(id)) {
            *known = end.max(*known);
            return false;
        }
        let ids = self.0.entry(realm.into()).or_default();
        ids.insert(id.into(), end).is_none()
    }

    pub(super) fn remove(&mut self, realm: &str, id: &str) {
        if let Some(ids) = self.0.get_mut(realm) {
            ids.remove(id);
            if ids.is_empty() {
                self.0.remove(realm);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.values().map(HashMap::len).sum()
    }
}
