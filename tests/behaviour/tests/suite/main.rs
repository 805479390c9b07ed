//! The table: requests and expected answers, by subject.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod algorithms;
mod apis;
mod asking;
mod backchannel;
mod bindings;
mod bodies;
mod browsers;
mod claims;
mod connections;
mod credentials;
mod dates;
mod documents;
mod everybody;
mod extractors;
mod grpc;
mod inner_policies;
mod issuers;
mod keys;
mod login_page;
mod policies;
mod protected;
mod refusal_formats;
mod refusals;
mod revocations;
mod roles;
mod scope_hierarchy;
mod status;
mod step_up;
mod tenants;
mod tokens;
mod users;
