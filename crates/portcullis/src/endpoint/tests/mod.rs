//! The wire shapes, line by line.
//!
//! Entra ID signs with RSA, and so does whoever stands for it here: what it takes part in
//! is tested where RSA keys sign.

#![cfg_attr(
    not(feature = "aws-lc"),
    allow(dead_code, unused_imports, reason = "for the tests with Entra ID")
)]

mod api_key;
mod arbitrary;
mod clients;
mod common;
mod cookie_api;
mod documents;
mod entra;
mod faults;
mod fixture;
mod formats;
mod key_ring;
mod password_grant;
mod protected_route;
mod router;
mod secrecy;
mod session;
#[cfg(feature = "aws-lc")]
mod single_sign_on;
#[cfg(feature = "aws-lc")]
mod single_use;
mod store;
mod token_endpoint;
