//! The user behind a request that passed.

use std::fmt;

use super::Authentication;
use crate::{
    challenge::{Reason, Rejection},
    user::{LoadUser, Loaded, UserRefusal},
    verify::Verified,
};

/// What came of asking the application about one token: an adapter keeps it for the
/// rest of the request, so that several extractors ask once.
///
/// An adapter keeps one for each `L`, and asks again if [it is not](Self::is_of) that of
/// the token at hand: two guards of a route may look for tokens in different places.
pub struct LoadedUser<L: LoadUser> {
    token: Verified,
    user: Result<L::User, UserRefusal>,
}

impl<L: LoadUser> LoadedUser<L> {
    /// Asks `loader` about a token.
    pub async fn load(token: &Verified, loader: &L) -> Self {
        let user = match loader.load(token).await {
            Ok(Loaded::Found(user)) => Ok(user),
            Ok(Loaded::Unknown) => Err(UserRefusal::Unknown),
            Ok(Loaded::Suspended) => Err(UserRefusal::Suspended),
            Err(error) => {
                let (source, retry_after) = error.into_parts();
                tracing::warn!(
                    error = &*source as &dyn std::error::Error,
                    "nobody can say who the user of a token is"
                );
                Err(UserRefusal::Unavailable { retry_after })
            }
        };
        Self {
            token: token.clone(),
            user,
        }
    }

    /// Whether it is what was asked about this token.
    pub fn is_of(&self, token: &Verified) -> bool {
        self.token.is_same(token)
    }

    /// The user.
    ///
    /// # Errors
    ///
    /// If there is none, or nobody can say: refused as the guard of
    /// `authentication` refuses.
    pub fn user(&self, authentication: &Authentication) -> Result<L::User, Rejection> {
        let user = self.user.clone();
        user.map_err(|refusal| authentication.refuse_for(Reason::User(refusal)))
    }
}

impl Authentication {
    /// The application's own user behind the token, whom `loader` knows: for services
    /// without an extractor that does this. Each call asks once.
    ///
    /// ```
    /// use portcullis::{challenge::Rejection, guard::Authentication, user::LoadUser};
    ///
    /// async fn me<L: LoadUser>(request: http::Request<()>, users: &L) -> Result<L::User, Rejection> {
    ///     let authentication = request.extensions().get::<Authentication>();
    ///     let missing = || Rejection::missing_layer("put an `AuthLayer` around the service");
    ///     authentication.ok_or_else(missing)?.load_user(users).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no token, nobody knows its subject (401), the user is suspended
    /// (403), or nobody can say (503).
    pub async fn load_user<L: LoadUser>(&self, loader: &L) -> Result<L::User, Rejection> {
        let loaded = LoadedUser::load(self.verified()?, loader).await;
        loaded.user(self)
    }
}

// Not derived: `L` itself need not be cloned.
impl<L: LoadUser> Clone for LoadedUser<L> {
    fn clone(&self) -> Self {
        Self {
            token: self.token.clone(),
            user: self.user.clone(),
        }
    }
}

impl<L: LoadUser> fmt::Debug for LoadedUser<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedUser")
            .field("refusal", &self.user.as_ref().err())
            .finish_non_exhaustive()
    }
}
