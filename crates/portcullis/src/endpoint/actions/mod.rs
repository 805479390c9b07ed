//! What routes do.

mod application_token;
mod backchannel_logout;
mod client;
mod cookies;
mod end_session;
mod login;
mod logout;
mod present;
mod refresh;
mod run;
mod services;
mod sessions;
mod single_sign_on;
mod token_endpoint;
mod tokens;

pub(super) use run::run;
pub(super) use services::{NoAddress, Services};
