//! Asking the application.

use std::{error::Error, fmt, future::Future, time::Duration};

use crate::verify::Verified;

/// Loads the application's own users. A handler asks for them by the type that
/// implements this, such as `CurrentUser<Accounts>`.
///
/// ```
/// use portcullis::{
///     user::{LoadUser, Loaded, UserUnavailable},
///     verify::Verified,
/// };
/// # #[derive(Clone)] struct Pool;
/// # impl Pool {
/// #     async fn user(&self, name: &str) -> Result<Option<User>, std::io::Error> {
/// #         Ok((name == "alice").then(|| User { name: name.to_owned(), suspended: false }))
/// #     }
/// # }
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
///     suspended: bool,
/// }
///
/// #[derive(Clone)]
/// struct Accounts(Pool);
///
/// impl LoadUser for Accounts {
///     type User = User;
///
///     async fn load(&self, token: &Verified) -> Result<Loaded<User>, UserUnavailable> {
///         let Some(name) = token.subject_name() else {
///             return Ok(Loaded::Unknown);
///         };
///         // Whatever error the database has becomes a 503.
///         Ok(match self.0.user(name).await? {
///             None => Loaded::Unknown,
///             Some(user) if user.suspended => Loaded::Suspended,
///             Some(user) => Loaded::Found(user),
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not load users",
    label = "implement `portcullis::user::LoadUser` for it",
    note = "`CurrentUser<L>` names the type that loads, not the user: `CurrentUser<Accounts>` gives \
            an `<Accounts as LoadUser>::User`"
)]
pub trait LoadUser: Send + Sync + 'static {
    /// A user. It is cloned for every extractor that asks: where that is dear, make it
    /// an `Arc` of one.
    type User: Clone + Send + Sync + 'static;

    /// Who `token` speaks for. It has been verified, and tells its
    /// [subject](Verified::subject), which is unique within the realm.
    ///
    /// Extractors ask once per request, however many of them there are.
    ///
    /// The future is `Send`, so that one implementation is good for every framework.
    /// What is not, such as actix-web's own client, is called in a task of its own
    /// (`actix_web::rt::spawn`), whose handle is `Send`.
    ///
    /// # Errors
    ///
    /// If nobody can say now.
    fn load(
        &self,
        token: &Verified,
    ) -> impl Future<Output = Result<Loaded<Self::User>, UserUnavailable>> + Send;
}

/// Who the subject of a token is, as far as the application knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loaded<U> {
    /// This user.
    Found(U),
    /// Nobody, or nobody any more: the token is as good as revoked.
    Unknown,
    /// Somebody who may not do anything for now.
    Suspended,
}

/// Nobody can say who a user is: 503.
///
/// It is made of any error by `?`. So that this works it is no
/// [`Error`] itself.
#[derive(Debug)]
pub struct UserUnavailable {
    source: Box<dyn Error + Send + Sync>,
    retry_after: Duration,
}

impl UserUnavailable {
    /// For this reason, which goes to the log. Whoever asked may come back after a
    /// second.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: reason.into(),
            retry_after: Duration::from_secs(1),
        }
    }

    /// When it is worth coming back, in whole seconds, rounded up.
    #[must_use = "returns the changed error"]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = after;
        self
    }

    pub(crate) fn into_parts(self) -> (Box<dyn Error + Send + Sync>, Duration) {
        (self.source, self.retry_after)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for UserUnavailable {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for UserUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody can say who the user is")
    }
}
