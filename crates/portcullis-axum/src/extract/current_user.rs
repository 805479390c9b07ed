//! The application's own users.

use std::fmt;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis::{
    guard::{Authenticator, LoadedUser},
    user::LoadUser,
    verify::Verified,
};

use super::{
    Authenticated, Token,
    source::{Credentials, Source},
};
use crate::AuthRejection;

/// The application's own user behind the token that a layer verified.
///
/// `L` is a part of the router's state, or all of it, that says who the user is. It is
/// asked once per request, however many extractors and middlewares want to know. Whoever
/// is refused is told so by the layer: 401 for a user whom nobody knows any more, 403 for
/// one who is suspended, 503 if nobody can say.
///
/// As `Option<CurrentUser<L>>`, absent credentials are `None`, where the layer is
/// [`optional`](crate::AuthLayer::optional); a token without a user is refused all the
/// same.
///
/// ```
/// use axum::{Router, routing::get};
/// use portcullis::{user::{LoadUser, Loaded, UserUnavailable}, verify::{Verified, Verifier}};
/// use portcullis_axum::{AuthLayer, CurrentUser};
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
/// #[derive(Clone)]
/// struct Accounts;
///
/// impl LoadUser for Accounts {
///     type User = User;
///
///     async fn load(&self, token: &Verified) -> Result<Loaded<User>, UserUnavailable> {
///         Ok(match token.subject_name() {
///             // From a database, in earnest.
///             Some("alice") => Loaded::Found(User { name: "Alice".to_owned() }),
///             _ => Loaded::Unknown,
///         })
///     }
/// }
///
/// async fn hello(CurrentUser(user): CurrentUser<Accounts>) -> String {
///     format!("hello, {}", user.name)
/// }
///
/// # fn example(verifier: Verifier) {
/// let app: Router = Router::new()
///     .route("/hello", get(hello))
///     .layer(AuthLayer::new(verifier))
///     .with_state(Accounts);
/// # }
/// ```
pub struct CurrentUser<L: LoadUser>(pub L::User);

/// As [`CurrentUser`], of a token that this extractor verifies by itself, with the
/// [`Authenticator`] of the router's state: needs no layer, as [`Authenticated`] does not.
///
/// ```
/// # use portcullis::{user::{LoadUser, Loaded, UserUnavailable}, verify::Verified};
/// # #[derive(Clone)] struct User { name: String }
/// # #[derive(Clone)] struct Accounts;
/// # impl LoadUser for Accounts {
/// #     type User = User;
/// #     async fn load(&self, _: &Verified) -> Result<Loaded<User>, UserUnavailable> {
/// #         Ok(Loaded::Unknown)
/// #     }
/// # }
/// use std::sync::Arc;
///
/// use axum::{Router, extract::FromRef, routing::get};
/// use portcullis_axum::{AuthenticatedUser, Authenticator};
///
/// struct AppState {
///     authenticator: Authenticator,
///     accounts: Accounts,
/// }
///
/// // A type of one's own: the orphan rule forbids these for an `Arc<AppState>`.
/// #[derive(Clone)]
/// struct App(Arc<AppState>);
///
/// impl FromRef<App> for Authenticator {
///     fn from_ref(App(state): &App) -> Self {
///         state.authenticator.clone()
///     }
/// }
///
/// impl FromRef<App> for Accounts {
///     fn from_ref(App(state): &App) -> Self {
///         state.accounts.clone()
///     }
/// }
///
/// async fn hello(AuthenticatedUser(user): AuthenticatedUser<Accounts>) -> String {
///     format!("hello, {}", user.name)
/// }
///
/// # fn example(state: AppState) {
/// let state = App(Arc::new(state));
/// let app: Router = Router::new().route("/hello", get(hello)).with_state(state);
/// # }
/// ```
pub struct AuthenticatedUser<L: LoadUser>(pub L::User);

impl<S, L> FromRequestParts<S> for CurrentUser<L>
where
    S: Sync,
    L: LoadUser + FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        required::<S, L, Token>(parts, state).await.map(Self)
    }
}

impl<S, L> OptionalFromRequestParts<S> for CurrentUser<L>
where
    S: Sync,
    L: LoadUser + FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let user = optional::<S, L, Token>(parts, state).await?;
        Ok(user.map(Self))
    }
}

impl<S, L> FromRequestParts<S> for AuthenticatedUser<L>
where
    S: Sync,
    Authenticator: FromRef<S>,
    L: LoadUser + FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let user = required::<S, L, Authenticated<Verified>>(parts, state).await?;
        Ok(Self(user))
    }
}

impl<S, L> OptionalFromRequestParts<S> for AuthenticatedUser<L>
where
    S: Sync,
    Authenticator: FromRef<S>,
    L: LoadUser + FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let user = optional::<S, L, Authenticated<Verified>>(parts, state).await?;
        Ok(user.map(Self))
    }
}

/// The user behind the token that `E` finds.
async fn required<S, L, E>(parts: &mut Parts, state: &S) -> Result<L::User, AuthRejection>
where
    L: LoadUser + FromRef<S>,
    E: Source<S>,
{
    let found = E::authenticate(parts, state, Credentials::Required).await?;
    let authentication = found.into_owned();
    let loaded = load::<S, L>(parts, state, authentication.verified()?).await;
    Ok(loaded.user(&authentication)?)
}

/// The same, if there are credentials.
async fn optional<S, L, E>(parts: &mut Parts, state: &S) -> Result<Option<L::User>, AuthRejection>
where
    L: LoadUser + FromRef<S>,
    E: Source<S>,
{
    let found = E::authenticate(parts, state, Credentials::Optional).await?;
    let authentication = found.into_owned();
    let Some(token) = authentication.optional() else {
        return Ok(None);
    };
    let loaded = load::<S, L>(parts, state, token).await;
    Ok(Some(loaded.user(&authentication)?))
}

/// Asks once per request and token.
async fn load<S, L>(parts: &mut Parts, state: &S, token: &Verified) -> LoadedUser<L>
where
    L: LoadUser + FromRef<S>,
{
    let known = parts.extensions.get::<LoadedUser<L>>();
    if let Some(loaded) = known.filter(|loaded| loaded.is_of(token)) {
        return loaded.clone();
    }
    let loaded = LoadedUser::load(token, &L::from_ref(state)).await;
    parts.extensions.insert(loaded.clone());
    loaded
}

// Not derived: that is about the user, not about `L`.
impl<L: LoadUser<User: fmt::Debug>> fmt::Debug for CurrentUser<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentUser").field(&self.0).finish()
    }
}

impl<L: LoadUser<User: fmt::Debug>> fmt::Debug for AuthenticatedUser<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthenticatedUser").field(&self.0).finish()
    }
}
