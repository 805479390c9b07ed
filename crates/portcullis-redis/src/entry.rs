//! The entries of the feed, as the scripts write them: read here, listened for
//! in `watch.rs`.

use portcullis::{
    session::{Revocation, RevocationReason, SessionId, StoreError},
    time::Timestamp,
};

use crate::{
    layout::{parse_subject, split_counted},
    row,
};

/// Reads an entry that was made at `at`. `None`: it is about a session that no token of
/// ours can have, so that nothing is lost by leaving it out.
///
/// Everything else that cannot be read is an error, a kind of a newer version too: it
/// may be about a token that is to be refused.
pub(crate) fn parse(entry: &str, at: Timestamp) -> Result<Option<Revocation>, StoreError> {
    let corrupt = || StoreError::corrupt("not a revocation");
    let (kind, rest) = entry.split_once('|').ok_or_else(corrupt)?;
    Ok(Some(match kind {
        "s" => {
            let (why, rest) = rest.split_once('|').ok_or_else(corrupt)?;
            let (id, subject) = rest.split_once('|').ok_or_else(corrupt)?;
            let Some(id) = SessionId::parse(id) else {
                tracing::warn!("the feed has a session whose name is none of ours");
                return Ok(None);
            };
            Revocation::Session {
                id,
                subject: parse_subject(subject)?,
                at,
                reason: RevocationReason::from_stored(Some(why)),
            }
        }
        "t" => {
            let (until, rest) = rest.split_once('|').ok_or_else(corrupt)?;
            let (id, subject) = split_counted(rest).ok_or_else(corrupt)?;
            Revocation::Token {
                id: id.to_owned(),
                subject: parse_subject(subject)?,
                at,
                until: row::time(until)?,
            }
        }
        "u" => Revocation::Subject {
            subject: parse_subject(rest)?,
            at,
        },
        "r" => Revocation::Realm {
            realm: rest.to_owned(),
            at,
        },
        "a" => Revocation::ApplicationToken {
            id: rest.to_owned(),
            at,
        },
        _ => return Err(corrupt()),
    }))
}

/// Reads a message: an entry with its time.
pub(crate) fn parse_message(message: &str) -> Result<Option<Revocation>, StoreError> {
    let (at, entry) = message
        .split_once('|')
        .ok_or_else(|| StoreError::corrupt("not a message"))?;
    parse(entry, row::time(at)?)
}

/// Whether what was revoked has expired by now.
pub(crate) fn is_over(revocation: &Revocation, now: Timestamp) -> bool {
    matches!(revocation, Revocation::Token { until, .. } if *until <= now)
}

#[cfg(test)]
mod tests {
    use portcullis::subject::Subject;

    use super::*;

    #[test]
    fn odd_names_come_back() {
        let at = Timestamp::from_millis(7);
        let message = "7|t|9|5:a|b:c6:rea|lm:na|me";
        assert_eq!(
            parse_message(message).unwrap(),
            Some(Revocation::Token {
                id: "a|b:c".to_owned(),
                subject: Subject::new("rea|lm", "na|me"),
                at,
                until: Timestamp::from_millis(9),
            })
        );
        let message = parse_message("7|r|rea|lm:").unwrap();
        let realm = "rea|lm:".to_owned();
        assert_eq!(message, Some(Revocation::Realm { realm, at }));
        // No token has it.
        let odd = parse_message("7|s|logout|x|1:ab").unwrap();
        assert_eq!(odd, None);
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for entry in ["", "s", "s|", "t|1|9:a", "u|", "z|1", "u|9:a"] {
            assert!(parse(entry, Timestamp::from_millis(0)).is_err(), "{entry}");
        }
        for message in ["", "1", "x|a|id", "|a|id"] {
            assert!(parse_message(message).is_err(), "{message}");
        }
    }
}
