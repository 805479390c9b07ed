//! The way over from the layout before this one, `1/16`: sixteen shards, or as many as
//! there were.
//!
//! The first node of this version writes the layout down and takes over the order of
//! logins and log-outs: nodes of the older version then can neither log in nor log out
//! everywhere any more. What else they do counts, until the subject that it is about is
//! brought over. That happens when a node of this version first has to do with it, in
//! steps of which each can be repeated:
//!
//! 1. the old shard gives what it has, and makes it unreadable to the older version, which
//!    answers 503 from then on and loses nothing;
//! 2. the new shard takes what it has not;
//! 3. the old shard drops what was taken;
//! 4. the new shard writes down that all is there. Before that nobody works with it, so
//!    that it is no matter how often the first three are made, or by whom.

use std::collections::BTreeSet;

use portcullis::{session::StoreError, subject::Subject, time::Timestamp};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    RedisStore,
    ask::millis,
    connection::Link,
    error::store_error,
    layout::{Layout, Shard, subject_text},
    row,
    script::{Answer, Step, Way},
};

/// This layout, and what it says behind it while something may be left of an older one.
const THIS: &str = "2";
const FROM: &str = "2 from 1/";

/// The first to connect writes down how the store is laid out; all others must agree.
/// How many shards the older layout has, if something may be left in it.
pub(crate) async fn agree(link: &Link, layout: &Layout) -> Result<Option<u16>, StoreError> {
    let version_key = layout.version_key();
    let mut read = redis::cmd("GET");
    read.arg(&version_key);
    let found = link.send(&read).await.map_err(store_error)?;
    let found = Option::<String>::from_redis_value(found).map_err(StoreError::corrupt)?;
    let found = match found {
        Some(found) if found.starts_with(THIS) => found,
        _ => {
            let begin = Step::new(include_str!("lua/begin.lua"));
            let keys = [version_key, layout.old_order_key(), layout.order_key()];
            begin.run(Way::Plain(link), &keys, &(THIS, FROM)).await?
        }
    };
    let count = found.strip_prefix(FROM).map(str::parse);
    match (found.as_str(), count) {
        (THIS, _) => Ok(None),
        (_, Some(Ok(count @ 1..))) => Ok(Some(count)),
        _ => Err(StoreError::corrupt(format!(
            "the store is laid out as {found}, not {THIS}"
        ))),
    }
}

/// What an old shard gives: rows of sessions and of application tokens, the last log-outs
/// of the subject and of its realm, and where to go on.
type Given = (
    Vec<String>,
    Vec<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

impl RedisStore {
    /// Brings over what the older layout has of a subject, and of rows that have these keys
    /// here: those that have ended are on no list there.
    pub(crate) async fn move_here(
        &self,
        subject: &Subject,
        shard: &Shard,
        keys: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            subject: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            after: Option<String>,
            sessions: Vec<&'a str>,
            tokens: Vec<&'a str>,
        }
        let Some(count) = self.0.old else {
            return Ok(());
        };
        let name = subject_text(subject);
        let of_kind = |kind| keys.iter().filter_map(move |key| shard.name_of(kind, key));
        let mut what = What {
            subject: &name,
            after: None,
            sessions: of_kind('s').collect(),
            tokens: of_kind('a').collect(),
        };
        let old = self.0.layout.old_shard_of(subject, count);
        let lists = BTreeSet::from([
            old.old('i', &name),
            old.old('l', &name),
            old.old('o', &name),
            old.old('c', subject.realm()),
        ]);
        let way = Way::Plain(&self.0.link);
        let moving = &self.0.moving;
        loop {
            let give = moving.give.run_on_rows(way, lists.clone(), &what).await?;
            let Answer::Given(given) = give else {
                return Err(StoreError::corrupt("not an answer"));
            };
            let given: Given = given;
            let next = given.4.clone();
            self.take(subject, shard, &given, false).await?;
            let ids = |rows: &[String], kind| -> Result<Vec<String>, StoreError> {
                let keys = rows.iter().map(|row| Ok(old.old(kind, &row::id(row)?)));
                keys.collect()
            };
            let mut taken = ids(&given.0, 's')?;
            taken.extend(ids(&given.1, 'a')?);
            if !taken.is_empty() {
                taken.extend([old.old('i', &name), old.old('l', &name)]);
                moving.drop.run::<u64>(way, &taken, &()).await?;
            }
            if next.is_none() {
                break;
            }
            what.after = next;
        }
        self.take(subject, shard, &Given::default(), true).await
    }

    /// Whether an access token was revoked while the older layout was in use: those are not
    /// brought over, and go by themselves when they expire.
    pub(crate) async fn is_in_old_shard(
        &self,
        subject: &Subject,
        token: &str,
    ) -> Result<bool, StoreError> {
        let Some(count) = self.0.old else {
            return Ok(false);
        };
        let old = self.0.layout.old_shard_of(subject, count);
        let mut exists = redis::cmd("EXISTS");
        exists.arg(old.revoked_token(token));
        let answer = self.0.link.send(&exists).await.map_err(store_error)?;
        bool::from_redis_value(answer).map_err(StoreError::corrupt)
    }

    /// Logs everybody of a realm out who is still in the older layout.
    pub(crate) async fn cut_off_there(
        &self,
        realm: &str,
        number: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            realm: &'a str,
            number: &'a str,
            at: String,
        }
        let at = millis(at);
        for shard in self.0.layout.old_shards(self.0.old.unwrap_or(0)) {
            let keys = [shard.old('c', realm), shard.feed()];
            let what = What {
                realm,
                number,
                at: at.clone(),
            };
            self.run::<u64>(&self.0.moving.cut_off, &keys, what).await?;
        }
        Ok(())
    }

    /// Takes what was given, or writes down that this was all.
    async fn take(
        &self,
        subject: &Subject,
        shard: &Shard,
        given: &Given,
        all: bool,
    ) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            subject: &'a str,
            realm: &'a str,
            sessions: &'a [String],
            tokens: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            log_out: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cut_off: Option<&'a str>,
            all: bool,
        }
        let name = subject_text(subject);
        let (sessions, tokens, log_out, cut_off, _) = given;
        let what = What {
            subject: &name,
            realm: subject.realm(),
            sessions,
            tokens,
            log_out: log_out.as_deref(),
            cut_off: cut_off.as_deref(),
            all,
        };
        let mut keys = vec![shard.feed(), shard.cut_offs(), shard.subject(&name)];
        for row in sessions {
            keys.push(shard.session(&row::id(row)?));
        }
        if !tokens.is_empty() {
            keys.push(shard.tokens(&name));
        }
        for row in tokens {
            keys.push(shard.token(&row::id(row)?));
        }
        self.run::<u64>(&self.0.moving.take, &keys, what)
            .await
            .map(drop)
    }
}
