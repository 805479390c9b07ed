//! The sessions of a subject, which may be many: each script looks at so many of them.

use portcullis::{
    session::{Grant, RevokedAll, SessionCursor, SessionPage, SessionStore, StoreError},
    subject::Subject,
};
use serde::Serialize;

use crate::{
    RedisStore,
    ask::OfSome,
    layout::{Shard, subject_text},
    row,
};

/// How many sessions a script looks at. Others wait for as long as that takes, some
/// milliseconds.
const MANY: u32 = 200;

/// What a sweep has done.
#[derive(Default)]
struct Swept {
    /// The sessions that it ended.
    ended: Vec<String>,
    /// By which log-outs.
    by: String,
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
                "sweep" => swept = self.sweep(subject).await?,
                count => return row::number(count),
            }
        }
    }

    /// Logs a subject out everywhere: by a mark first, by which all that is read is
    /// judged from then on, and then row by row.
    pub(crate) async fn log_out(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            subject: String,
            number: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            at: Option<String>,
        }
        // The number comes first: a login that takes its ticket later is later.
        let number = self.login_ticket().await?.sequence().to_string();
        let mut what = What {
            subject: subject_text(subject),
            number: &number,
            at: None,
        };
        let scripts = &self.0.scripts;
        let keys =
            |shard: &Shard, subject: &str| [shard.feed(), shard.cut_offs(), shard.subject(subject)];
        what.at = Some(
            self.log_out_at(subject, &scripts.log_out, keys, &what)
                .await?,
        );
        let keys = |shard: &Shard, subject: &str| [shard.tokens(subject)];
        let remove_tokens = &scripts.remove_tokens;
        let application_tokens = self.log_out_at(subject, remove_tokens, keys, &what).await?;
        let swept = self.sweep(subject).await?;
        let sessions = swept.ended.iter().map(|id| row::session_id(id));
        Ok(RevokedAll {
            sessions: sessions.collect::<Result<_, _>>()?,
            application_tokens,
        })
    }

    /// Writes into rows and feed what a log-out has ended.
    async fn sweep(&self, subject: &Subject) -> Result<Swept, StoreError> {
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
            let (ended, next, by): (Vec<String>, Option<String>, String) =
                self.log_out_at(subject, sweep, keys, what).await?;
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
