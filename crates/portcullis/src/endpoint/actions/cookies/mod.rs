//! What the routes of a cookie API do.

mod answer;
mod login;
mod logout;
mod refresh;

pub(super) use answer::without_cookies;
pub(super) use login::login;
pub(super) use logout::{logout, logout_all};
pub(super) use refresh::refresh;
