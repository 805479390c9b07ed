//! Reading what was revoked, page by page.

use std::collections::HashMap;

use futures_util::future::join_all;
use portcullis::{
    session::{Revocation, RevocationCursor, RevocationPage, RevocationQuery, StoreError},
    time::Timestamp,
};
use serde::Serialize;

use crate::{RedisStore, ask::millis, entry, row};

/// How many feeds are read at once behind the first page, where some have much to tell.
const AT_ONCE: usize = 16;

/// Where reading goes on: the earliest time so far, and which feeds have not been read to
/// their end, each from where.
struct Place {
    now: Timestamp,
    unread: Vec<(usize, String)>,
}

/// What one script has read: the time, and of each feed whether there may be more, and
/// entries with their times.
type Read = (String, Vec<(u8, Vec<(String, String)>)>);

impl RedisStore {
    /// Reads from all feeds at once on the first page, and then on from those that have
    /// more. A shard that fails is asked again behind the others, whose pages are good; only
    /// when nothing else is left does the reading fail.
    pub(crate) async fn read_feeds(
        &self,
        query: &RevocationQuery,
    ) -> Result<RevocationPage, StoreError> {
        let feeds = self.feeds();
        let (place, at_once) = match &query.after {
            Some(cursor) => (Place::parse(cursor, feeds.len())?, AT_ONCE),
            None => (Place::first(query, feeds.len()), feeds.len()),
        };
        let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
        let mut asked = place.unread;
        let mut unread = asked.split_off(at_once.min(limit).min(asked.len()));
        let many = (limit / asked.len().max(1)).max(1);
        // On one server one script may read them all; in a cluster they are in many slots.
        let together = if self.0.link.is_cluster() {
            1
        } else {
            asked.len().max(1)
        };
        let read = async |group| (group, self.read_group(&feeds, group, many).await);
        let reads = join_all(asked.chunks(together).map(read)).await;
        let mut page = Told::default();
        let (mut now, mut failure, mut good) = (place.now, None, false);
        for (group, read) in reads {
            let (time, entries) = match read {
                Ok(read) => read,
                Err(error) => {
                    unread.extend_from_slice(group);
                    failure = Some(error);
                    continue;
                }
            };
            let time = row::time(&time)?;
            now = now.min(time);
            good = true;
            for ((feed, _), (more, entries)) in group.iter().zip(entries) {
                if let (1, Some((_, last))) = (more, entries.last()) {
                    // In front of those that failed.
                    unread.insert(0, (*feed, format!("({last}")));
                }
                for (entry, at) in entries {
                    page.take(&entry, row::time(&at)?, time)?;
                }
            }
        }
        match failure {
            Some(error) if !good => Err(error),
            _ => Ok(RevocationPage {
                revocations: page.finish(),
                next: Place { now, unread }.into_cursor()?,
                now,
            }),
        }
    }

    async fn read_group(
        &self,
        feeds: &[String],
        group: &[(usize, String)],
        many: usize,
    ) -> Result<Read, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            since: Vec<&'a str>,
            many: String,
        }
        let what = What {
            since: group.iter().map(|(_, since)| since.as_str()).collect(),
            many: many.to_string(),
        };
        let keys: Vec<_> = group.iter().map(|(feed, _)| feeds[*feed].clone()).collect();
        let read: Read = self.run(&self.0.scripts.feed, &keys, what).await?;
        if read.1.len() != keys.len() {
            return Err(StoreError::corrupt("not all feeds"));
        }
        Ok(read)
    }

    /// All feeds, with those of an older layout.
    fn feeds(&self) -> Vec<String> {
        let layout = &self.0.layout;
        let old = layout.old_shards(self.0.old.unwrap_or(0));
        layout
            .shards()
            .chain(old)
            .map(|shard| shard.feed())
            .collect()
    }
}

/// What is told on a page.
#[derive(Default)]
struct Told {
    revocations: Vec<Revocation>,
    /// Every shard tells of those; the latest counts.
    realms: HashMap<String, Timestamp>,
}

impl Told {
    fn take(&mut self, entry: &str, at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        match entry::parse(entry, at)? {
            Some(Revocation::Realm { realm, at }) => {
                let latest = self.realms.entry(realm).or_insert(at);
                *latest = (*latest).max(at);
            }
            Some(found) if !entry::is_over(&found, now) => self.revocations.push(found),
            _ => {}
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Revocation> {
        let realms = self.realms.into_iter();
        let realms = realms.map(|(realm, at)| Revocation::Realm { realm, at });
        self.revocations.extend(realms);
        self.revocations
    }
}

impl Place {
    fn first(query: &RevocationQuery, feeds: usize) -> Self {
        let since = millis(query.since);
        Self {
            now: Timestamp::from_millis(i64::MAX),
            unread: (0..feeds).map(|feed| (feed, since.clone())).collect(),
        }
    }

    fn parse(cursor: &RevocationCursor, feeds: usize) -> Result<Self, StoreError> {
        let (now, unread): (i64, Vec<(usize, String)>) =
            serde_json::from_str(cursor.as_str()).map_err(StoreError::corrupt)?;
        if unread.iter().any(|(feed, _)| *feed >= feeds) {
            return Err(StoreError::corrupt("not a place in the feeds"));
        }
        Ok(Self {
            now: Timestamp::from_millis(now),
            unread,
        })
    }

    fn into_cursor(self) -> Result<Option<RevocationCursor>, StoreError> {
        if self.unread.is_empty() {
            return Ok(None);
        }
        let text = serde_json::to_string(&(self.now.as_millis(), self.unread));
        text.map(|text| Some(RevocationCursor::new(text)))
            .map_err(StoreError::corrupt)
    }
}
