//! The sessions of a subject, which may be many: each script looks at so many of them.

use portcullis::{
    session::{Grant, RevokedAll, SessionCursor, SessionPage, SessionStore, StoreError},
    subject::Subject,
};
use serde::Serialize;

use crate::{
    RedisStore,
    ask::{OfSome, OfSubject},
    layout::{Shard, subject_text},
    row,
};

/// How many sessions a script looks at. Others wait for as long as that takes, some
/// milliseconds.
const MANY: u32 = 200;

/// What a sweep has done.
#[derive(Default)]
pub(crate) struct Swept {
    /// The sessions that it ended.
    ended: Vec<String>,
    /// By which log-outs.
    pub(crate) by: String,
}

/// A log-out everywhere, as scripts are told.
#[derive(Serialize)]
struct LoggedOut {
    subject: String,
    number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl RedisStore {
    /// A page of the live sessions of a subject.
    pub(crate) async fn page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        if limit == 0 {
            return Ok(SessionPage::default());
        }
        let what = OfSome {
            subject: subject_text(subject),
            after: after.map(place),
            many: limit.min(MANY).to_string(),
        };
        let sessions = &self.0.scripts.sessions;
        let (now, next, rows): (String, Option<String>, Vec<String>) =
            self.at(subject, sessions, to_list, what).await?;
        let now = row::time(&now)?;
        let rows = rows.iter().map(|row| row::readable(row::session(row)));
        Ok(SessionPage {
            sessions: rows.flatten().filter(|row| row.is_live(now)).collect(),
            next: next.map(|next| cursor(&next)).transpose()?,
        })
    }

    /// How many live sessions a subject has.
    pub(crate) async fn count(&self, subject: &Subject) -> Result<u64, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            subject: String,
            swept: &'a str,
        }
        let mut swept = Swept::default();
        loop {
            let what = What {
                subject: subject_text(subject),
                swept: &swept.by,
            };
            let count = &self.0.scripts.count;
            let answer: String = self.at(subject, count, to_list, what).await?;
            match answer.as_str() {
                "sweep" => swept = self.sweep(subject, false).await?,
                count => return row::number(count),
            }
        }
    }

    /// Logs a subject out everywhere: by a mark first, by which all that is read is
    /// judged from then on, and then row by row.
    pub(crate) async fn log_out(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let (what, mut application_tokens, has_tokens) = self.mark(subject).await?;
        if !has_tokens {
            // One may have been listed just before the mark.
            let keys = |shard: &Shard, subject: &str| [shard.tokens(subject)];
            let remove_tokens = &self.0.scripts.remove_tokens;
            (application_tokens,) = self
                .log_out_at::<(Vec<String>,), 1>(subject, remove_tokens, keys, &what)
                .await?;
        }
        let swept = self.sweep(subject, true).await?;
        let sessions = swept.ended.iter().map(|id| row::session_id(id));
        Ok(RevokedAll {
            sessions: sessions.collect::<Result<_, _>>()?,
            application_tokens,
        })
    }

    /// The first step of a log-out, which is enough if the caller goes away behind it: the
    /// mark, which application tokens went with it, and whether there were any. Where there
    /// are none their list is not touched: a key that is not there would hold the log-out up
    /// while its slot moves.
    async fn mark(&self, subject: &Subject) -> Result<(LoggedOut, Vec<String>, bool), StoreError> {
        // The number comes first: a login that takes its ticket later is later.
        let number = self.login_ticket().await?.sequence().to_string();
        let mut what = LoggedOut {
            subject: subject_text(subject),
            number,
            at: None,
        };
        let scripts = &self.0.scripts;
        let list = |shard: &Shard, subject: &str| [shard.tokens(subject)];
        let of_subject = OfSubject {
            subject: subject_text(subject),
        };
        let tokens: Vec<String> = self.at(subject, &scripts.tokens, list, of_subject).await?;
        let has_tokens = !tokens.is_empty();
        let keys = |shard: &Shard, subject: &str| {
            let of_tokens = has_tokens.then(|| shard.tokens(subject));
            [
                shard.feed(),
                shard.cut_offs(),
                shard.subject(subject),
                of_tokens.unwrap_or_else(|| shard.subject(subject)),
            ]
        };
        let (at, removed): (String, Vec<String>) = self
            .log_out_at(subject, &scripts.log_out, keys, &what)
            .await?;
        what.at = Some(at);
        Ok((what, removed, has_tokens))
    }

    /// Writes into rows and feed what a log-out has ended, and waits for replicas if it is
    /// part of one.
    pub(crate) async fn sweep(
        &self,
        subject: &Subject,
        is_log_out: bool,
    ) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let what = OfSome {
                subject: subject_text(subject),
                after,
                many: MANY.to_string(),
            };
            let keys = |shard: &Shard, subject: &str| {
                [shard.feed(), shard.cut_offs(), shard.subject(subject)]
            };
            let sweep = &self.0.scripts.sweep;
            let (ended, next, by): (Vec<String>, Option<String>, String) = match is_log_out {
                true => self.log_out_at(subject, sweep, keys, what).await?,
                false => self.at(subject, sweep, keys, what).await?,
            };
            swept.ended.extend(ended);
            swept.by = by;
            if next.is_none() {
                return Ok(swept);
            }
            after = next;
        }
    }

    /// Forgets who a subject was in its sessions that have ended.
    pub(crate) async fn forget(&self, subject: &Subject) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            subject: String,
            behind: String,
            many: String,
            grant: &'a str,
        }
        let grant = Grant::default().to_json()?;
        let mut behind = 0_u32;
        loop {
            let what = What {
                subject: subject_text(subject),
                behind: behind.to_string(),
                many: MANY.to_string(),
                grant: &grant,
            };
            let keys = |shard: &Shard, subject: &str| [shard.subject(subject)];
            let erase = &self.0.scripts.erase;
            let seen: String = self.at(subject, erase, keys, what).await?;
            let seen: u32 = row::number(&seen)?;
            if seen < MANY {
                return Ok(());
            }
            behind += seen;
        }
    }
}

/// The keys by which sessions are found and judged.
fn to_list(shard: &Shard, subject: &str) -> [String; 2] {
    [shard.cut_offs(), shard.subject(subject)]
}

/// Where a session stands, as the scripts say it.
fn place(after: &SessionCursor) -> String {
    let created = after.created_at.as_millis().clamp(0, PLACES - 1);
    format!("{created:014}{}", after.id.as_str())
}

/// One behind the last moment that has a place of its own.
const PLACES: i64 = 100_000_000_000_000;

fn cursor(place: &str) -> Result<SessionCursor, StoreError> {
    let (created, id) = place
        .split_at_checked(14)
        .ok_or_else(|| StoreError::corrupt("not a place"))?;
    Ok(SessionCursor {
        created_at: row::time(created)?,
        id: row::session_id(id)?,
    })
}

#[cfg(test)]
mod tests {
    use portcullis::{
        session::{ApplicationToken, TokenAdded},
        time::Timestamp,
    };

    use super::*;

    /// Whoever logs out may go away behind the first step.
    #[tokio::test]
    async fn application_tokens_go_with_the_mark() {
        let Some(url) = portcullis_testing::servers::redis_url() else {
            return;
        };
        let name = portcullis::session::SessionId::random().unwrap();
        let prefix = format!("portcullis-test-{name}");
        let store = RedisStore::builder(url.as_str()).prefix(&prefix);
        let store = store.connect().await.unwrap();
        let subject = Subject::new("users", "alice");
        let token = ApplicationToken {
            id: "token".to_owned(),
            subject: subject.clone(),
            created_at: Timestamp::from_millis(1),
        };
        let ticket = store.login_ticket().await.unwrap();
        let added = store.add_application_token(token, 10, ticket).await;
        assert_eq!(added.unwrap(), TokenAdded::Added);
        let is_live = async || store.application_token_is_live(&subject, "token").await;
        assert!(is_live().await.unwrap());
        let (_, removed, _) = store.mark(&subject).await.unwrap();
        let live = is_live().await.unwrap();
        let client = redis::Client::open(url.as_str()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let mut find = redis::cmd("KEYS");
        find.arg(format!("{{{prefix}[:}}]*"));
        let keys: Vec<String> = find.query(&mut connection).unwrap();
        redis::cmd("DEL").arg(keys).exec(&mut connection).unwrap();
        assert!(!live);
        assert_eq!(removed, ["token"]);
    }
}
