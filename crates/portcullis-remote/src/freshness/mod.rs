//! How long answers are good.

mod cache_control;
mod lifetime;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use lifetime::SHORTEST;
pub(crate) use lifetime::{LONGEST, fresh_for, retry_after};
