//! The token that the middleware verified.

use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use portcullis::{
    guard::Authentication,
    verify::{UntilEnded, Verified},
};

use super::source::{self, Demand, Source};
use crate::AuthRejection;

/// The token that [`Auth`](crate::Auth) verified, untyped: its subject, scopes,
/// dates.
///
/// Where there may be none, take [`OptionalToken`], never actix's
/// `Option<Token>`: where there is no [`Auth`](crate::Auth), that takes the
/// service's fault for nobody.
///
/// ```
/// use portcullis_actix::Token;
///
/// async fn name(token: Token) -> String {
///     token.subject_name().unwrap_or("nobody").to_owned()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Token(pub Verified);

impl Deref for Token {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.0
    }
}

impl Token {
    /// Resolves when the token is good no longer, for WebSockets and streams, which
    /// outlive the request that was checked: when it has expired or was revoked,
    /// whichever comes first. What else can be set, and what happens while nobody
    /// can say, [`UntilEnded`] tells.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis_actix::Token;
    ///
    /// async fn watch(token: Token) {
    ///     let mut ended = token.ended();
    ///     loop {
    ///         tokio::select! {
    ///             () = actix_web::rt::time::sleep(Duration::from_secs(1)) => println!("a second more"),
    ///             why = &mut ended => break println!("{why}"),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// Where there is no middleware, `Authenticated<Verified>` gives the token, and
    /// [`Verified::ended_with`] is the same with a timer to name.
    ///
    /// # Panics
    ///
    /// The future does when it is polled outside of actix's runtime.
    pub fn ended(&self) -> UntilEnded {
        self.0.ended_with(actix_web::rt::time::sleep)
    }
}

impl FromRequest for Token {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::extract_with(request, None)
    }
}

impl Source for Token {
    type Extraction = Ready<Result<Self, AuthRejection>>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        let token = |authentication: &Authentication| authentication.verified().cloned();
        ready(source::of_middleware(request, token, demand).map(Self))
    }
}

/// As [`Token`], where absent credentials are `None` and bad ones are still
/// refused.
#[derive(Clone, Debug)]
pub struct OptionalToken(pub Option<Verified>);

impl FromRequest for OptionalToken {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::extract_with(request, None)
    }
}

impl Source for OptionalToken {
    type Extraction = Ready<Result<Self, AuthRejection>>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        let token = |authentication: &Authentication| Ok(authentication.optional().cloned());
        ready(source::of_middleware(request, token, demand).map(Self))
    }
}
