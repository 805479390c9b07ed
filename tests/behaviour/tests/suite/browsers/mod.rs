//! What browsers need: other places for a token, and what goes with cookies.

mod csrf;
mod preflight;
mod sources;
