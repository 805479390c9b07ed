//! How long answers are good.

mod cache_control;
mod lifetime;
#[cfg(test)]
mod tests;

pub(crate) use lifetime::{LONGEST, SHORTEST, UNSAID, fresh_for, retry_after};
