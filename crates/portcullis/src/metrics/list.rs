//! All metrics, with their names, their labels and what they say.

use super::{
    instruments::{Counter, Gauge, Histogram, Instrument, count_often},
    metric::Metric,
};

pub(crate) const REQUESTS: Counter<2> = Counter(Instrument::new(
    "portcullis_requests_total",
    &["outcome", "reason"],
    "requests that a guard has decided about",
));

pub(crate) const HANDLER_REFUSALS: Counter<1> = Counter(Instrument::new(
    "portcullis_handler_refusals_total",
    &["reason"],
    "refusals by what comes after a guard: extractors, inner policies",
));

pub(crate) const ENDPOINT_REQUESTS: Counter<3> = Counter(Instrument::new(
    "portcullis_endpoint_requests_total",
    &["endpoint", "outcome", "reason"],
    "requests to the token endpoints",
));

pub(crate) const CACHE_LOOKUPS: Counter<1> = Counter(Instrument::new(
    "portcullis_token_cache_lookups_total",
    &["result"],
    "look-ups of tokens among those that were verified before",
));

pub(crate) const CACHE_EVICTIONS: Counter<0> = Counter(Instrument::new(
    "portcullis_token_cache_evictions_total",
    &[],
    "tokens that were forgotten because there was no room",
));

pub(crate) const CACHE_TOKENS: Gauge<0> = Gauge(Instrument::new(
    "portcullis_token_cache_tokens",
    &[],
    "tokens that are remembered, by all verifiers together",
));

pub(crate) const CACHE_BYTES: Gauge<0> = Gauge(Instrument::new(
    "portcullis_token_cache_bytes",
    &[],
    "what the remembered tokens weigh, of all verifiers together",
));

pub(crate) const ROTATIONS: Counter<2> = Counter(Instrument::new(
    "portcullis_rotations_total",
    &["outcome", "reason"],
    "refresh tokens that were presented",
));

pub(crate) const SESSIONS_OPENED: Counter<1> = Counter(Instrument::new(
    "portcullis_sessions_opened_total",
    &["by"],
    "sessions that were opened",
));

pub(crate) const SESSIONS_ENDED: Counter<1> = Counter(Instrument::new(
    "portcullis_sessions_ended_total",
    &["reason"],
    "sessions that somebody ended before their time",
));

pub(crate) const SINGLE_USE_REFUSALS: Counter<0> = Counter(Instrument::new(
    "portcullis_single_use_refusals_total",
    &[],
    "credentials of single use that were presented again and refused",
));

pub(crate) const SESSION_EVENTS_DROPPED: Counter<0> = Counter(Instrument::new(
    "portcullis_session_events_dropped_total",
    &[],
    "events for which an application's queue had no room",
));

pub(crate) const SNAPSHOT_TIMESTAMP: Gauge<0> = Gauge(Instrument::new(
    "portcullis_revocation_snapshot_timestamp_seconds",
    &[],
    "when the snapshot of revocations was last read from the store, in Unix time",
));

pub(crate) const SNAPSHOT_MAX_AGE: Gauge<0> = Gauge(Instrument::new(
    "portcullis_revocation_snapshot_max_age_seconds",
    &[],
    "how old the snapshot of revocations may be before tokens are answered 503; infinite for a sole writer",
));

pub(crate) const SNAPSHOT_ENTRIES: Gauge<1> = Gauge(Instrument::new(
    "portcullis_revocation_snapshot_entries",
    &["kind"],
    "what the snapshot of revocations holds",
));

pub(crate) const SNAPSHOT_READS: Counter<1> = Counter(Instrument::new(
    "portcullis_revocation_snapshot_reads_total",
    &["outcome"],
    "readings of the store for the snapshot of revocations",
));

pub(crate) const STORE_OPERATIONS: Histogram<2> = Histogram(Instrument::new(
    "portcullis_store_operation_duration_seconds",
    &["operation", "outcome"],
    "how long the session store took to answer",
));

pub(crate) const PURGED_ROWS: Counter<0> = Counter(Instrument::new(
    "portcullis_store_purged_rows_total",
    &[],
    "rows that this node has forgotten because they were over",
));

pub(crate) const KEY_RING_PROBLEMS: Gauge<1> = Gauge(Instrument::new(
    "portcullis_key_ring_problems",
    &["severity"],
    "what is wrong with the own key rings, of all rings together",
));

/// Fetches of keys.
pub const KEY_FETCHES: Histogram<1> = Histogram(Instrument::new(
    "portcullis_key_fetch_duration_seconds",
    &["outcome"],
    "how long fetches of issuers' keys took",
));

/// Issuers by how their keys are.
pub const KEY_SETS: Gauge<1> = Gauge(Instrument::new(
    "portcullis_key_sets",
    &["state"],
    "issuers whose keys are fetched, by how their keys are",
));

/// Keys that were fetched.
pub const KEYS: Gauge<0> = Gauge(Instrument::new(
    "portcullis_keys",
    &[],
    "keys that were fetched and are trusted, of all issuers together",
));

/// Changes of keys.
pub const KEY_CHANGES: Counter<0> = Counter(Instrument::new(
    "portcullis_key_changes_total",
    &[],
    "how often an issuer had other keys than before",
));

/// Since when keys are known.
pub const KEYS_TIMESTAMP: Gauge<1> = Gauge(Instrument::new(
    "portcullis_keys_timestamp_seconds",
    &["issuer"],
    "when the keys of an issuer that the application has named were last fetched, in Unix time",
));

/// Questions about tokens.
pub const INTROSPECTIONS: Histogram<1> = Histogram(Instrument::new(
    "portcullis_introspection_duration_seconds",
    &["outcome"],
    "how long issuers took to answer questions about tokens",
));

/// All metrics of the family, those of `portcullis-remote` too.
pub const ALL: &[Metric] = &[
    REQUESTS.metric(),
    HANDLER_REFUSALS.metric(),
    ENDPOINT_REQUESTS.metric(),
    CACHE_LOOKUPS.metric(),
    CACHE_EVICTIONS.metric(),
    CACHE_TOKENS.metric(),
    CACHE_BYTES.metric(),
    ROTATIONS.metric(),
    SESSIONS_OPENED.metric(),
    SESSIONS_ENDED.metric(),
    SINGLE_USE_REFUSALS.metric(),
    SESSION_EVENTS_DROPPED.metric(),
    SNAPSHOT_TIMESTAMP.metric(),
    SNAPSHOT_MAX_AGE.metric(),
    SNAPSHOT_ENTRIES.metric(),
    SNAPSHOT_READS.metric(),
    STORE_OPERATIONS.metric(),
    PURGED_ROWS.metric(),
    KEY_RING_PROBLEMS.metric(),
    KEY_FETCHES.metric(),
    KEY_SETS.metric(),
    KEYS.metric(),
    KEY_CHANGES.metric(),
    KEYS_TIMESTAMP.metric(),
    INTROSPECTIONS.metric(),
];

/// What other crates of the family report.
pub mod family {
    pub use super::super::instruments::{ARE_ON, Stopwatch};
    pub use super::{INTROSPECTIONS, KEY_CHANGES, KEY_FETCHES, KEY_SETS, KEYS, KEYS_TIMESTAMP};
}

/// The value of a label about which there is nothing to say.
pub(crate) const NONE: &str = "none";

/// What hardly ever happens, and matters when it does.
#[cfg(feature = "metrics")]
pub(super) fn begin_at_zero() {
    for outcome in ["reused", "rolled_back", "overdue"] {
        ROTATIONS.add(0, [outcome, NONE]);
    }
    ROTATIONS.add(0, ["refused", "secret_mismatch"]);
    ROTATIONS.add(0, ["failed", "unavailable"]);
    for reason in ["missing_layer", "misconfigured"] {
        HANDLER_REFUSALS.add(0, [reason]);
    }
}

/// A request with a good token.
#[inline]
pub(crate) fn accepted() {
    count_often!(REQUESTS, "outcome" => "accepted", "reason" => "none");
}

/// A request without credentials, which needs none.
#[inline]
pub(crate) fn anonymous() {
    count_often!(REQUESTS, "outcome" => "anonymous", "reason" => "none");
}

/// A token that is remembered.
#[inline]
pub(crate) fn cache_hit() {
    count_often!(CACHE_LOOKUPS, "result" => "hit");
}
