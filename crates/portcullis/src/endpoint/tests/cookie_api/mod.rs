//! The API for pages in a browser.

mod arbitrary;
mod browser;
mod end_session;
mod login;
mod logout;
mod races;
mod refresh;
mod sessions;
mod set_up;
