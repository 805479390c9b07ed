//! The wire shapes that are known, each a list of routes.

mod api_key;
mod cookie;
mod password_grant;
mod session;

pub use api_key::ApiKeyApi;
pub use cookie::CookieApi;
pub use password_grant::PasswordGrantApi;
pub use session::SessionApi;
