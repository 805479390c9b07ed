//! Issuers over real HTTP: roll-overs, outages, hanging answers, and who waits.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod bench;
mod faults;
mod keys;
mod lifetimes;
mod outages;
mod providers;
mod seeds;
mod waiting;
