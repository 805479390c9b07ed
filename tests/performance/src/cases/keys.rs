//! Looking up a key by its id.

use portcullis::jose::{Algorithm, KeySet, VerifyingKey};

use crate::measure::Case;

/// One key of a set of a thousand.
pub fn look_up() -> Case {
    let keys = (0..1000_u32).map(|number| {
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        VerifyingKey::from_secret(Algorithm::HS256, &secret)
            .expect("it is long enough")
            .with_key_id(format!("key-of-2026-{number}"))
    });
    let keys = KeySet::new(keys.collect::<Vec<_>>());
    Case::new("a key of a set of 1000", move || {
        keys.candidates(Some("key-of-2026-567"), "HS256").count()
    })
}
