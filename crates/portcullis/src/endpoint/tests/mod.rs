//! The wire shapes, line by line.

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
mod single_sign_on;
mod single_use;
mod store;
mod token_endpoint;
