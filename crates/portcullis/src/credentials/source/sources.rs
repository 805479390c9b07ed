//! Several places, one after the other.

use std::{borrow::Cow, sync::Arc};

use super::{CredentialsError, TokenOrigin, TokenSource, query, without_token};
use crate::head::{RequestHead, Target};

/// The places in which a token is looked for, in order.
#[derive(Clone, Debug)]
pub(crate) struct TokenSources {
    sources: Arc<[TokenSource]>,
    /// Whether there may be two tokens of which neither decides.
    has_query: bool,
}

/// A token, and where it was.
pub(crate) struct Found<'h, 's> {
    pub(crate) token: Cow<'h, [u8]>,
    pub(crate) source: &'s TokenSource,
}

impl TokenSources {
    /// Cookies come last: what a client chose to send goes before what its browser
    /// sends by itself.
    pub(crate) fn new(sources: impl IntoIterator<Item = TokenSource>) -> Self {
        let mut sources: Vec<_> = sources.into_iter().collect();
        sources.sort_by_key(|source| source.origin() == TokenOrigin::Cookie);
        Self {
            has_query: sources.iter().any(|source| source.query_name().is_some()),
            sources: sources.into(),
        }
    }

    /// The token in the first place that has anything.
    pub(crate) fn find<'h>(
        &self,
        head: &'h impl RequestHead,
    ) -> Result<Option<Found<'h, '_>>, CredentialsError> {
        let mut sources = self.sources.iter();
        while let Some(source) = sources.next() {
            let Some(token) = source.find(head)? else {
                continue;
            };
            if self.has_query {
                self.check_query(source, sources, head)?;
            }
            return Ok(Some(Found { token, source }));
        }
        Ok(None)
    }

    /// A token in the query beside another one that the client chose to send (RFC
    /// 6750 section 2: one method of transmission in each request).
    fn check_query<'s>(
        &self,
        found: &TokenSource,
        rest: impl Iterator<Item = &'s TokenSource>,
        head: &impl RequestHead,
    ) -> Result<(), CredentialsError> {
        let is_query = |source: &TokenSource| source.origin() == TokenOrigin::Query;
        let chosen = rest.filter(|source| source.origin() != TokenOrigin::Cookie);
        for other in chosen.filter(|other| is_query(found) || is_query(other)) {
            if other.find(head)?.is_some() {
                return Err(CredentialsError::Repeated);
            }
        }
        Ok(())
    }

    /// Where else than in `Authorization` tokens may be.
    pub(crate) fn origins(&self) -> impl Iterator<Item = TokenOrigin> {
        let origins = self.sources.iter().map(TokenSource::origin);
        origins.filter(|origin| *origin != TokenOrigin::Authorization)
    }

    /// The scheme that the challenge names, unless it is Bearer.
    pub(crate) fn scheme(&self) -> Option<&str> {
        let mut schemes = self.sources.iter().filter_map(TokenSource::scheme);
        schemes.next().filter(|scheme| *scheme != "Bearer")
    }

    /// The headers that may hold a token, or the CSRF token beside one, in lower
    /// case, each once.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &str> {
        let sources = self.sources.iter().enumerate();
        let names = sources.filter_map(|(index, source)| {
            let name = source.header_name()?;
            let earlier = self.sources.iter().take(index);
            let mut earlier = earlier.filter_map(TokenSource::header_name);
            (!earlier.any(|other| other == name)).then_some(name)
        });
        // Of all cookies it is the same.
        let mut proofs = self.sources.iter().filter_map(TokenSource::proof_header);
        names.chain(proofs.next())
    }

    /// The query of a target without tokens; `None` if it has none.
    pub(crate) fn query_without_tokens<'t>(&self, target: Target<'t>) -> Option<Cow<'t, str>> {
        let query = target.query()?;
        if !self.has_query {
            return Some(Cow::Borrowed(query));
        }
        let names = self.sources.iter().filter_map(TokenSource::query_name);
        let rest = query::without(query, names);
        (!rest.is_empty()).then_some(Cow::Owned(rest))
    }

    /// The field of subprotocols without tokens; `None` if it has none.
    pub(crate) fn protocols_without_token(&self, field: &[u8]) -> Option<Vec<u8>> {
        let prefixes = self.sources.iter().filter_map(TokenSource::protocol_prefix);
        prefixes.clone().next()?;
        let rest = without_token(field, prefixes);
        (rest.len() < field.len()).then_some(rest)
    }
}
