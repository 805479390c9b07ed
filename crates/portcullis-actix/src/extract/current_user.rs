//! The application's own users.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    ptr,
    task::{Context, Poll},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use futures_util::future::{FutureExt, LocalBoxFuture, Shared};
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, LoadedUser},
    user::LoadUser,
    verify::Verified,
};

use super::{authenticated::AuthenticatedFuture, source};
use crate::{AuthRejection, refused};

/// The application's own user behind the token that [`Auth`](crate::Auth) verified.
///
/// The `web::Data<L>` of the app data says who it is. It is asked once per request,
/// however many extractors want to know, at once or one after the other. Whoever is
/// refused is told so by the middleware: 401 for a user whom nobody knows any more, 403
/// for one who is suspended, 503 if nobody can say.
///
/// Where there may be no credentials, take [`OptionalCurrentUser`], never actix's
/// `Option<CurrentUser<L>>`: that calls the handler as if nobody had come, and the refusal
/// is told only afterwards.
///
/// ```
/// use actix_web::{App, web};
/// use portcullis::{user::{LoadUser, Loaded, UserUnavailable}, verify::{Verified, Verifier}};
/// use portcullis_actix::{Auth, CurrentUser};
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
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
/// let accounts = web::Data::new(Accounts);
/// let app = App::new()
///     .app_data(accounts.clone())
///     .wrap(Auth::new(verifier))
///     .route("/hello", web::get().to(hello));
/// # }
/// ```
pub struct CurrentUser<L: LoadUser>(pub L::User);

/// As [`CurrentUser`], where absent credentials are `None`, and a token without a user is
/// still refused. For an [`Auth`](crate::Auth) that is
/// [`optional`](crate::Auth::optional).
pub struct OptionalCurrentUser<L: LoadUser>(pub Option<L::User>);

/// As [`CurrentUser`], of a token that this extractor verifies by itself, with the
/// [`Authenticator`](crate::Authenticator) of the app data: needs no middleware, as
/// [`Authenticated`](super::Authenticated) does not.
pub struct AuthenticatedUser<L: LoadUser>(pub L::User);

/// As [`AuthenticatedUser`], where absent credentials are `None`, and a token without a
/// user is still refused.
pub struct OptionalAuthenticatedUser<L: LoadUser>(pub Option<L::User>);

impl<L: LoadUser> FromRequest for CurrentUser<L> {
    type Error = AuthRejection;
    type Future = UserFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = source::of_middleware(request, whole, None);
        required::<L, _>(request, std::future::ready(found), Self)
    }
}

impl<L: LoadUser> FromRequest for OptionalCurrentUser<L> {
    type Error = AuthRejection;
    type Future = UserFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = source::of_middleware(request, any, None);
        optional::<L, _>(request, std::future::ready(found), Self)
    }
}

impl<L: LoadUser> FromRequest for AuthenticatedUser<L> {
    type Error = AuthRejection;
    type Future = UserFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = AuthenticatedFuture::required(request, None, whole);
        required::<L, _>(request, found, Self)
    }
}

impl<L: LoadUser> FromRequest for OptionalAuthenticatedUser<L> {
    type Error = AuthRejection;
    type Future = UserFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = AuthenticatedFuture::optional(request, None, any);
        optional::<L, _>(request, found, Self)
    }
}

/// What is known of a request with a token.
fn whole(authentication: &Authentication) -> Result<Authentication, Rejection> {
    authentication.verified()?;
    any(authentication)
}

fn any(authentication: &Authentication) -> Result<Authentication, Rejection> {
    Ok(authentication.clone())
}

fn required<L: LoadUser, E: 'static>(
    request: &HttpRequest,
    found: impl Future<Output = Result<Authentication, AuthRejection>> + 'static,
    wrap: fn(L::User) -> E,
) -> UserFuture<E> {
    let request = request.clone();
    UserFuture(Box::pin(async move {
        let authentication = found.await?;
        let token = authentication.verified()?;
        let user = user::<L>(&request, &authentication, token).await?;
        Ok(wrap(user))
    }))
}

fn optional<L: LoadUser, E: 'static>(
    request: &HttpRequest,
    found: impl Future<Output = Result<Authentication, AuthRejection>> + 'static,
    wrap: fn(Option<L::User>) -> E,
) -> UserFuture<E> {
    let request = request.clone();
    UserFuture(Box::pin(async move {
        let authentication = found.await?;
        let user = match authentication.optional() {
            Some(token) => Some(user::<L>(&request, &authentication, token).await?),
            None => None,
        };
        Ok(wrap(user))
    }))
}

async fn user<L: LoadUser>(
    request: &HttpRequest,
    authentication: &Authentication,
    token: &Verified,
) -> Result<L::User, AuthRejection> {
    let user = match loading::<L>(request, token) {
        Ok(loading) => loading.await.user(authentication),
        Err(rejection) => Err(rejection),
    };
    user.map_err(|rejection| refused::refuse(request, rejection))
}

/// The question about the user of one token, in the extensions of its request. It holds
/// no request, which would then never be freed.
struct Loading<L: LoadUser> {
    token: Verified,
    /// Who was asked: a scope may have another one than the app.
    loader: web::Data<L>,
    answer: Shared<LocalBoxFuture<'static, LoadedUser<L>>>,
}

/// Asks once per request and token: actix runs the extractors of a handler at once.
fn loading<L: LoadUser>(
    request: &HttpRequest,
    token: &Verified,
) -> Result<impl Future<Output = LoadedUser<L>> + use<L>, Rejection> {
    let loader = request.app_data::<web::Data<L>>().cloned();
    let loader = loader.ok_or_else(|| Rejection::misconfigured(MISSING))?;
    if let Some(known) = request.extensions().get::<Loading<L>>()
        && known.token.is_same(token)
        && ptr::eq(known.loader.get_ref(), loader.get_ref())
    {
        return Ok(known.answer.clone());
    }
    let (asked, asking) = (token.clone(), loader.clone());
    let answer = async move { LoadedUser::load(&asked, &**asking).await };
    let answer = answer.boxed_local().shared();
    request.extensions_mut().insert(Loading {
        token: token.clone(),
        loader,
        answer: answer.clone(),
    });
    Ok(answer)
}

const MISSING: &str = "add `.app_data(web::Data::new(…))` to the app, the scope or the resource, \
                       with what implements `LoadUser`";

/// The future of extractors of users.
#[must_use = "futures do nothing unless polled"]
pub struct UserFuture<E>(LocalBoxFuture<'static, Result<E, AuthRejection>>);

impl<E> Future for UserFuture<E> {
    type Output = Result<E, AuthRejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<E> fmt::Debug for UserFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserFuture").finish_non_exhaustive()
    }
}

/// Not derived: that is about the user, not about `L`.
macro_rules! debug {
    ($($name:ident)*) => {$(
        impl<L: LoadUser<User: fmt::Debug>> fmt::Debug for $name<L> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    )*};
}

debug!(CurrentUser OptionalCurrentUser AuthenticatedUser OptionalAuthenticatedUser);
