//! Random numbers, which come from the operating system.

use std::fmt;

/// The operating system had no random numbers to give.
///
/// Nothing can be issued without them; the request is answered 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomError(());

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system has no random numbers")
    }
}

impl std::error::Error for RandomError {}

/// Fresh random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes` with fresh random ones.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(|_| RandomError(()))
}

/// A fresh UUID (version 4) that nobody can guess.
pub(crate) fn random_uuid() -> Result<uuid::Uuid, RandomError> {
    random().map(uuid_of)
}

/// A UUID (version 4) of these random bytes.
pub(crate) fn uuid_of(random: [u8; 16]) -> uuid::Uuid {
    uuid::Builder::from_random_bytes(random).into_uuid()
}
