//! The token that the middleware verified.

use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use portcullis::{guard::Authentication, verify::Verified};

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
