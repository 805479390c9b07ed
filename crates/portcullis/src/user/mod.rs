//! The application's own users: who the subject of a token is.
//!
//! A verified token says that its issuer knew somebody when it was made. Whether the
//! application knows them now, only the application can say: it implements
//! [`LoadUser`], and the extractors of `portcullis-axum` and `portcullis-actix` give
//! its handlers the user. Elsewhere
//! [`Authentication::load_user`](crate::guard::Authentication::load_user) does.
//!
//! | what is [loaded] | answer |
//! |---|---|
//! | [`Loaded::Found`] | the handler's |
//! | [`Loaded::Unknown`] | 401 `invalid_token`, as for a token that was revoked |
//! | [`Loaded::Suspended`] | 403 `user_suspended`, without a challenge: another token would not help |
//! | [`UserUnavailable`] | 503 with `Retry-After` |
//!
//! [loaded]: LoadUser::load

mod load;
mod refusal;

pub use load::{LoadUser, Loaded, UserUnavailable};
pub use refusal::UserRefusal;
