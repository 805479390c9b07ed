//! A document and the answers that carry it.

use std::{fmt, iter, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::entity_tag;
use crate::jose::KeySet;

/// A document that everybody may have and keep.
pub(in crate::endpoint) struct Document {
    content_type: HeaderValue,
    cache_control: HeaderValue,
    content: Content,
}

enum Content {
    Fixed(Prepared),
    /// Says something about keys, which may change.
    OfKeys(OfKeys),
}

/// For how long others may keep documents.
#[derive(Clone, Copy)]
pub(in crate::endpoint) struct Lifetime(pub(in crate::endpoint) Duration);

impl Default for Lifetime {
    /// Soon enough for a new key that is published before it signs.
    fn default() -> Self {
        Self(Duration::from_secs(5 * 60))
    }
}

impl Document {
    /// One that stays as it is.
    pub(super) fn fixed(content_type: &'static str, lifetime: Lifetime, body: String) -> Self {
        let content = Content::Fixed(Prepared::new(body));
        Self::new(content_type, lifetime, content)
    }

    /// One that `write` makes of the keys that `now` hands out, whenever they have
    /// changed.
    pub(super) fn of_keys(
        content_type: &'static str,
        lifetime: Lifetime,
        now: impl Fn() -> Vec<KeySet> + Send + Sync + 'static,
        write: impl Fn(&KeySet) -> String + Send + Sync + 'static,
    ) -> Self {
        let keys = OfKeys {
            now: Box::new(now),
            write: Box::new(write),
            last: ArcSwapOption::empty(),
        };
        Self::new(content_type, lifetime, Content::OfKeys(keys))
    }

    fn new(content_type: &'static str, Lifetime(lifetime): Lifetime, content: Content) -> Self {
        let cache_control = format!("public, max-age={}", lifetime.as_secs());
        Self {
            content_type: HeaderValue::from_static(content_type),
            // It has digits only.
            cache_control: HeaderValue::try_from(cache_control)
                .unwrap_or(HeaderValue::from_static("no-cache")),
            content,
        }
    }

    /// The answer to GET or HEAD, given the values of `If-None-Match`: 304 where
    /// the document is there already.
    pub(in crate::endpoint) fn answer<'a>(
        &self,
        is_head: bool,
        if_none_match: impl Iterator<Item = &'a [u8]>,
    ) -> Response<Bytes> {
        let Prepared { body, tag } = match &self.content {
            Content::Fixed(prepared) => prepared.clone(),
            Content::OfKeys(keys) => keys.prepared(),
        };
        let is_there = tag
            .as_ref()
            .is_some_and(|tag| entity_tag::is_named(tag.as_bytes(), if_none_match));
        let mut response = Response::new(Bytes::new());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        if let Some(tag) = tag {
            headers.insert(header::ETAG, tag);
        }
        // It is the same for everybody, and pages in browsers want it, too.
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        if is_there {
            // Servers that announce a length to HEAD would announce none, which is
            // not that of the document (RFC 9110 section 8.6).
            if is_head {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            }
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(header::CONTENT_TYPE, self.content_type.clone());
            *response.body_mut() = body;
        }
        response
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// A body that is ready to be sent, and its entity tag.
#[derive(Clone)]
struct Prepared {
    body: Bytes,
    tag: Option<HeaderValue>,
}

impl Prepared {
    fn new(body: String) -> Self {
        Self {
            tag: entity_tag::of(body.as_bytes()),
            body: body.into(),
        }
    }
}

struct OfKeys {
    now: Box<dyn Fn() -> Vec<KeySet> + Send + Sync>,
    write: Box<dyn Fn(&KeySet) -> String + Send + Sync>,
    last: ArcSwapOption<(Vec<KeySet>, Prepared)>,
}

impl OfKeys {
    /// Written anew only if the keys are not those of the last time.
    fn prepared(&self) -> Prepared {
        let sets = (self.now)();
        if let Some(last) = &*self.last.load() {
            let (known, prepared) = &**last;
            let mut pairs = iter::zip(known, &sets);
            if known.len() == sets.len() && pairs.all(|(one, other)| one.reads_as(other)) {
                return prepared.clone();
            }
        }
        let all = KeySet::new(sets.iter().flat_map(KeySet::iter).cloned());
        let prepared = Prepared::new((self.write)(&all));
        self.last.store(Some(Arc::new((sets, prepared.clone()))));
        prepared
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use super::*;
    use crate::jose::{Algorithm, SigningKey};

    fn keys(key_id: &str) -> KeySet {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        KeySet::from(key.with_key_id(key_id).verifying_key())
    }

    fn tag(response: &Response<Bytes>) -> HeaderValue {
        response.headers()[header::ETAG].clone()
    }

    #[test]
    fn a_body_is_written_once_for_each_change_of_the_keys() {
        let (first, second) = (keys("first"), keys("second"));
        let current = Arc::new(Mutex::new(vec![first.clone()]));
        let written = Arc::new(AtomicUsize::new(0));
        let document = Document::of_keys(
            "application/json",
            Lifetime::default(),
            {
                let current = Arc::clone(&current);
                move || current.lock().unwrap().clone()
            },
            {
                let written = Arc::clone(&written);
                move |keys| {
                    written.fetch_add(1, Relaxed);
                    keys.public_jwks()
                }
            },
        );
        let get = || document.answer(false, iter::empty());
        let if_changed = |tag: &HeaderValue| document.answer(false, iter::once(tag.as_bytes()));
        let before = get();
        assert_eq!(before.body(), first.public_jwks().as_bytes());
        assert_eq!(get().body(), before.body());
        assert_eq!(if_changed(&tag(&before)).status(), 304);
        assert_eq!(written.load(Relaxed), 1);

        current.lock().unwrap().push(second.clone());
        let after = if_changed(&tag(&before));
        assert_eq!(after.status(), 200);
        let both = first.iter().chain(second.iter()).cloned();
        let both = KeySet::new(both).public_jwks();
        assert_eq!(after.body(), both.as_bytes());
        assert_ne!(tag(&after), tag(&before));
        assert_eq!(if_changed(&tag(&after)).status(), 304);
        assert_eq!(written.load(Relaxed), 2);

        // As it was before: so is the tag.
        current.lock().unwrap().pop();
        assert_eq!(if_changed(&tag(&before)).status(), 304);
        assert_eq!(written.load(Relaxed), 3);
    }

    #[test]
    fn a_document_that_is_there_is_not_sent_again() {
        let lifetime = Lifetime(Duration::from_millis(90_500));
        let document = Document::fixed("application/json", lifetime, "{}".to_owned());
        let whole = document.answer(false, iter::empty());
        assert_eq!(whole.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(whole.headers()[header::CACHE_CONTROL], "public, max-age=90");
        let tag = tag(&whole);
        let same = document.answer(false, [&b"\"other\""[..], tag.as_bytes()].into_iter());
        assert_eq!(
            (same.status(), same.body().len()),
            (StatusCode::NOT_MODIFIED, 0)
        );
        // What a cache keeps is renewed by it (RFC 9110 section 15.4.5).
        for name in [header::CACHE_CONTROL, header::ETAG] {
            assert_eq!(same.headers()[&name], whole.headers()[&name]);
        }
        assert!(!same.headers().contains_key(header::CONTENT_TYPE));
        let other = document.answer(false, iter::once(&b"\"other\""[..]));
        assert_eq!((other.status(), other.body().len()), (StatusCode::OK, 2));
    }
}
