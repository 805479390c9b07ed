//! The wire shapes that are known, each a list of routes.

mod api_key;
mod password_grant;
mod session;

pub use api_key::ApiKeyApi;
pub use password_grant::PasswordGrantApi;
pub use session::SessionApi;
