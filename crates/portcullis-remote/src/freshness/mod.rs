//! How long answers are good.

mod cache_control;
mod lifetime;
#[cfg(test)]
mod tests;

pub(crate) use lifetime::{LONGEST, SHORTEST, fresh_for, retry_after};
