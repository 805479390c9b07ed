//! The table: requests and expected answers, by subject.

mod algorithms;
mod bodies;
mod claims;
mod credentials;
mod issuers;
mod policies;
mod protected;
mod refusals;
mod status;
mod tokens;
