//! A token that is looked for.

/// A token with the hash under which it is looked for.
#[derive(Clone, Copy)]
pub(in super::super) struct Presented<'t> {
    pub(super) token: &'t [u8],
    pub(super) hash: u64,
}
