//! Issuers over real HTTP: roll-overs, outages, hanging answers, and who waits.

mod bench;
mod faults;
mod keys;
mod lifetimes;
mod outages;
mod seeds;
mod waiting;
