//! Keys that are being retired.

use std::sync::Arc;

use super::{
    VerifyError,
    VerifyErrorKind::UnknownKey,
    lease::Lease,
    observer::{Check, Observer, Seen},
    shown::Shown,
    signature::Signed,
};
use crate::time::Timestamp;

/// Whether a key that is too weak may still be used; that it was is told. A token that
/// is remembered is so until the key's last day.
pub(super) fn check_weak_key<O: Observer>(
    signed: &mut Signed,
    now: Timestamp,
    observer: &mut O,
) -> Result<(), VerifyError> {
    let Some(key) = &signed.limited else {
        return Ok(());
    };
    let Some(retiring) = key.retiring() else {
        return Ok(());
    };
    let until = retiring.until();
    let seen = || {
        let over = format!("a weak key, trusted until {} (Unix time)", until.as_secs());
        Seen::found(over).advise(Some("sign with a key that is strong enough"))
    };
    observer.require(Check::WeakKey, now < until, UnknownKey, seen)?;
    if !O::LOOKS
        && let Some(uses) = retiring.note_use(now)
    {
        tracing::warn!(
            event = "weak_key_used",
            key = %Shown(key.key_id().unwrap_or_default()),
            uses,
            "a key that is too weak verified tokens: it is trusted until its date only"
        );
    }
    signed.lease = Some(Arc::new(Lease::until(until)));
    Ok(())
}
