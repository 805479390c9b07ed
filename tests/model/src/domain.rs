//! Everything that the rules can be asked within bounds, at one moment: for stores that
//! state them in their own language.
//!
//! The rules compare times and never look at one alone, so that one time of now is enough.
//! They stop at the first check that fails: what comes after the checks is combined in
//! full with checks that pass, and checks that fail, up to two at once, with one case of
//! each way in which an attempt can end.

use std::{collections::BTreeMap, time::Duration};

use portcullis::{
    session::{
        AttemptId, Device, Grant, NewSession, ReplayPolicy, RevocationReason, Revoked,
        RotationAttempt, RotationMode, RotationOutcome, RotationRules, SecretDigest, SessionId,
        SessionRecord, rules,
    },
    subject::Subject,
    time::Timestamp,
};

/// The time at which every case is decided.
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// When the session began of which all rows are copies.
pub const BEGAN: Timestamp = Timestamp::from_secs(1_799_990_000);

/// The grace window, where there is one.
const WINDOW: i64 = 2000;

/// Longer than any session lasts, and still counted in whole milliseconds by every store.
const LONGEST: Duration = Duration::from_secs(1 << 42);

const FAR: i64 = 1_000_000_000;

/// One question to the rules, at [`NOW`].
#[derive(Clone, Debug)]
pub struct Case {
    /// The row.
    pub row: SessionRecord,
    /// What is presented.
    pub attempt: RotationAttempt,
}

impl Case {
    /// What the rules say: the outcome, and the row afterwards.
    pub fn decided(&self) -> (RotationOutcome, SessionRecord) {
        let (outcome, next) = rules::decide(&self.row, &self.attempt, NOW);
        (outcome, next.unwrap_or_else(|| self.row.clone()))
    }

    /// The same case of the session with this number.
    #[must_use]
    pub fn of_session(mut self, number: usize) -> Self {
        self.row.id = session_id(number);
        self.attempt.session = self.row.id.clone();
        self
    }
}

/// The session whose row is copied.
pub fn new_session() -> NewSession {
    let mut grant = Grant::new();
    grant.scope = "demo:read".to_owned();
    NewSession {
        id: session_id(0),
        subject: alice(),
        client: Some("web".to_owned()),
        idle_ttl: Duration::from_secs(1_000_000),
        absolute_ttl: Duration::from_secs(1_000_000),
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: "k0".into(),
        grant,
        device: device(false),
        limit: None,
    }
}

/// All cases, each of a session of its own.
pub fn cases() -> Vec<Case> {
    let mut cases = after_the_checks();
    let representatives = representatives(&cases);
    for case in &representatives {
        cases.extend(with_failing_checks(case));
    }
    cases.extend(with_large_numbers());
    let numbered = cases.into_iter().enumerate();
    numbered
        .map(|(number, case)| case.of_session(number + 1))
        .collect()
}

/// Every check passes; all that decides then.
fn after_the_checks() -> Vec<Case> {
    let mut cases = Vec::new();
    for window in [WINDOW, 0] {
        for row in rows(window) {
            for presented in 0..4 {
                for left in lefts(window) {
                    for flags in 0..8_u8 {
                        let mut attempt = attempt(presented, window);
                        attempt.deadline = left.map_or(Timestamp::from_millis(i64::MAX), at);
                        attempt.device = device(flags & 1 != 0);
                        attempt.rules.until_used = flags & 2 != 0;
                        if flags & 4 != 0 {
                            attempt.rules.replay = ReplayPolicy::SameDevice;
                        }
                        let row = row.clone();
                        cases.push(Case { row, attempt });
                    }
                }
            }
        }
    }
    cases
}

/// How long until the deadline: for ever, as long as there is, a moment, none.
fn lefts(window: i64) -> [Option<i64>; 4] {
    let limit = rules_of(window).attempt_limit().as_millis();
    [
        None,
        Some(i64::try_from(limit).unwrap_or(i64::MAX)),
        Some(1),
        Some(0),
    ]
}

/// Rows that are live, by all that decides about them.
fn rows(window: i64) -> Vec<SessionRecord> {
    let own = Some(OWN);
    let other = Some(OTHER);
    let ages: &[i64] = match window {
        0 => &[-1, 0, 1],
        // Around the window, and twice the window: by when the attempt set out.
        _ => &[
            -1,
            0,
            window - 1,
            window,
            window + 1,
            2 * window - 2,
            2 * window - 1,
        ],
    };
    let mut rows = Vec::new();
    for generation in 0..4_u64 {
        let below = generation.saturating_sub(1);
        let made: &[_] = match generation {
            0 => &[(None, 0)],
            1 => &[(own, 0), (other, 0), (None, 0)],
            // The last one after the store lost writes.
            _ => &[
                (own, below),
                (other, below),
                (None, below),
                (own, below - 1),
            ],
        };
        let late: &[_] = match generation {
            0 => &[None],
            _ => &[None, own, other],
        };
        for age in ages {
            for (rotated_by, rotated_from) in made {
                for late in late {
                    rows.push(SessionRecord {
                        generation,
                        rotated_at: at(-age),
                        rotated_by: *rotated_by,
                        rotated_from: *rotated_from,
                        late_retry_by: *late,
                        ..row()
                    });
                }
            }
        }
    }
    rows
}

/// One case of each way in which an attempt can end, with and without a change.
fn representatives(cases: &[Case]) -> Vec<Case> {
    let mut found = BTreeMap::new();
    for case in cases {
        let (outcome, next) = rules::decide(&case.row, &case.attempt, NOW);
        let late = matches!(outcome, RotationOutcome::Replayed { late: true, .. });
        let kind = (outcome.as_str(), late, next.is_some());
        // Of a generation that can have been reached in every way.
        if case.row.generation >= 2 {
            found.entry(kind).or_insert_with(|| case.clone());
        }
    }
    found.into_values().collect()
}

/// What makes a check fail, or pass in another way.
type Change = fn(&mut Case);

/// Each list is of one check; what passes comes first, then what fails.
const CHECKS: [(&[Change], &[Change]); 7] = [
    (
        &[],
        &[
            |case| case.attempt.subject = Subject::new("users", "bob"),
            |case| case.attempt.subject = Subject::new("apis", "alice"),
        ],
    ),
    (
        &[],
        &[|case| case.attempt.secret_digest = SecretDigest::of(b"guess")],
    ),
    (
        &[],
        &[
            |case| revoke(case, RevocationReason::Reuse, Some(OWN)),
            |case| revoke(case, RevocationReason::Reuse, Some(OTHER)),
            |case| revoke(case, RevocationReason::Logout, None),
        ],
    ),
    (
        &[
            |case| deadlines(case, 1, FAR),
            |case| deadlines(case, 1, 1),
            |case| deadlines(case, 500, 500),
        ],
        &[
            |case| deadlines(case, 0, FAR),
            |case| deadlines(case, -1, FAR),
            |case| deadlines(case, 0, 0),
            |case| deadlines(case, -1, -1),
        ],
    ),
    (
        &[|case| clients(case, None, None)],
        &[
            |case| clients(case, Some("web"), Some("app")),
            |case| clients(case, Some("web"), None),
            |case| clients(case, None, Some("web")),
        ],
    ),
    (&[], &[|case| case.attempt.scope_allowed = false]),
    (&[], &[|case| case.attempt.mode = RotationMode::Keep]),
];

/// The case with up to two checks that fail, beside every other way in which the others
/// pass.
fn with_failing_checks(case: &Case) -> Vec<Case> {
    let mut cases = Vec::new();
    let changed = |case: &Case, change: &Change| {
        let mut case = case.clone();
        change(&mut case);
        case
    };
    for (at, (passing, failing)) in CHECKS.iter().enumerate() {
        for change in passing.iter().chain(*failing) {
            let one = changed(case, change);
            for (passing, failing) in &CHECKS[at + 1..] {
                let both = passing.iter().chain(*failing);
                cases.extend(both.map(|change| changed(&one, change)));
            }
            cases.push(one);
        }
    }
    cases
}

/// Generations and times as large as they get.
fn with_large_numbers() -> Vec<Case> {
    let max = rules::MAX_GENERATION;
    let mut cases = Vec::new();
    for generation in [0, 3, max - 1, max] {
        for presented in [0, 3, max - 2, max - 1, max, max + 1, u64::MAX] {
            for age in [-FAR, WINDOW - 1, FAR] {
                for absolute in [FAR, i64::MAX - NOW.as_millis()] {
                    let mut row = SessionRecord {
                        generation,
                        rotated_at: at(-age),
                        rotated_by: (generation > 0).then_some(OTHER),
                        rotated_from: generation.saturating_sub(1),
                        ..row()
                    };
                    row.absolute_deadline = at(absolute);
                    row.idle_deadline = at(FAR);
                    let mut attempt = attempt(presented, WINDOW);
                    if absolute > FAR {
                        attempt.idle_ttl = LONGEST;
                    }
                    cases.push(Case { row, attempt });
                }
            }
        }
    }
    cases
}

const OWN: AttemptId = AttemptId::from_bytes([1; 16]);
const OTHER: AttemptId = AttemptId::from_bytes([2; 16]);

fn row() -> SessionRecord {
    let mut row = new_session().into_record(BEGAN);
    (row.idle_deadline, row.absolute_deadline) = (at(FAR), at(FAR));
    row
}

fn attempt(generation: u64, window: i64) -> RotationAttempt {
    let session = new_session();
    RotationAttempt {
        id: OWN,
        deadline: Timestamp::from_millis(i64::MAX),
        session: session.id,
        subject: session.subject,
        generation,
        secret_digest: session.secret_digest,
        client: session.client,
        scope_allowed: true,
        mode: RotationMode::Rotate,
        idle_ttl: Duration::from_secs(10),
        refresh_key: "k1".into(),
        device: device(false),
        rules: rules_of(window),
    }
}

fn revoke(case: &mut Case, reason: RevocationReason, by: Option<AttemptId>) {
    let at = at(-1);
    case.row.revoked = Some(Revoked { at, reason, by });
}

fn deadlines(case: &mut Case, idle: i64, absolute: i64) {
    case.row.idle_deadline = at(idle);
    case.row.absolute_deadline = at(absolute);
}

fn clients(case: &mut Case, of_row: Option<&str>, presented: Option<&str>) {
    case.row.client = of_row.map(str::to_owned);
    case.attempt.client = presented.map(str::to_owned);
}

fn rules_of(window: i64) -> RotationRules {
    RotationRules::with_grace(Duration::from_millis(window.unsigned_abs()))
}

/// So many milliseconds from now.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis().saturating_add(millis))
}

fn alice() -> Subject {
    Subject::new("users", "alice")
}

fn device(other: bool) -> Device {
    let address = [192, 0, 2, u8::from(other)];
    Device::new(
        Some(if other { "curl" } else { "browser" }),
        Some(address.into()),
    )
}

fn session_id(number: usize) -> SessionId {
    let text = format!("00000000-0000-4000-8000-{number:012x}");
    SessionId::parse(&text).unwrap_or_else(|| unreachable!("{text} is a UUID"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_end_of_an_attempt_is_in_the_domain() {
        let cases = cases();
        assert!((10_000..100_000).contains(&cases.len()), "{}", cases.len());
        let mut seen = BTreeSet::new();
        for case in &cases {
            let (outcome, next) = rules::decide(&case.row, &case.attempt, NOW);
            let reason = match outcome {
                RotationOutcome::Refused(reason) => reason.as_str(),
                _ => "",
            };
            seen.insert((outcome.as_str(), reason, next.is_some()));
        }
        let seen: Vec<_> = seen.into_iter().collect();
        assert_eq!(
            seen,
            [
                ("overdue", "", false),
                ("refused", "absolute_deadline", false),
                ("refused", "client", false),
                ("refused", "generation", false),
                ("refused", "idle_deadline", false),
                ("refused", "other_device", false),
                ("refused", "revoked", false),
                ("refused", "scope", false),
                ("refused", "secret_mismatch", false),
                ("refused", "unknown", false),
                ("replayed", "", false),
                ("replayed", "", true),
                ("rested", "", false),
                ("reused", "", false),
                ("reused", "", true),
                ("rolled_back", "", false),
                ("rolled_back", "", true),
                ("rotated", "", false),
                ("rotated", "", true),
                ("valid", "", false),
            ]
        );
    }
}
