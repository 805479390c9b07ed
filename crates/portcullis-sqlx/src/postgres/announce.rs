//! Announcing what was revoked.

/// Tells the feed of every node that something was revoked at `$at`, once the
/// transaction is committed. An expression that is never null.
macro_rules! tell {
    ($at:literal) => {
        concat!(
            "pg_notify('portcullis', current_schema() || ' ' || ",
            $at,
            ") IS NULL"
        )
    };
}
pub(super) use tell;
