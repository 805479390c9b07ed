//! Logging out with cookies.

use bytes::Bytes;
use http::Response;

use super::answer::without_cookies;
use crate::{
    endpoint::{
        actions::{
            logout::end,
            present::{of_verification, verify},
            services::Services,
        },
        incoming::Incoming,
        protected_route::Access,
        refusal::Refusal,
        route::CookieRoute,
    },
    session::RefreshRequest,
};

/// A token as it came in its cookie.
enum Presented<'a> {
    Refresh(&'a [u8]),
    Access(&'a [u8]),
}

impl<'a> Presented<'a> {
    /// The refresh token, since access tokens die earlier; else the access token,
    /// which lies at more routes.
    fn of(route: &CookieRoute, request: &'a Incoming) -> Result<Self, Refusal> {
        let cookies = route.cookies.cookies();
        if let Some(token) = request.cookie(cookies.refresh_cookie())? {
            return Ok(Self::Refresh(token));
        }
        Self::access(route, request)
    }

    fn access(route: &CookieRoute, request: &'a Incoming) -> Result<Self, Refusal> {
        let access = request.cookie(route.cookies.cookies().access_cookie())?;
        access.map(Self::Access).ok_or(Refusal::NoToken)
    }
}

/// Ends the session of the cookies, whose tokens may have expired.
pub(in crate::endpoint::actions) async fn logout(
    services: &Services,
    route: &CookieRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let csrf = route.cookies.cookies().csrf();
    match Presented::of(route, request)? {
        Presented::Refresh(token) => {
            let family = route.sessions.read_expired(token)?.family;
            request.check_session(csrf, &family.session)?;
            let sessions = &route.sessions;
            sessions.log_out(&family.subject, &family.session).await?;
        }
        Presented::Access(token) => {
            let verifier = services.verifier.as_ref().ok_or(Refusal::BadToken)?;
            let verified = verifier.verify_for_logout(token).map_err(of_verification)?;
            request.check_access(csrf, &verified)?;
            end(services, &verified).await?;
        }
    }
    Ok(without_cookies(&route.cookies))
}

/// Ends all sessions of whom the cookies speak for, if their token is good.
pub(in crate::endpoint::actions) async fn logout_all(
    services: &Services,
    route: &CookieRoute,
    access: &Access,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let csrf = route.cookies.cookies().csrf();
    let sessions = &route.sessions;
    let presented = match access.has_policy() {
        // A refresh token has no claims that a policy could look at.
        true => Presented::access(route, request)?,
        false => Presented::of(route, request)?,
    };
    let subject = match presented {
        Presented::Refresh(token) => {
            let claims = sessions.read(token)?;
            let family = &claims.family;
            request.check_session(csrf, &family.session)?;
            let asked = RefreshRequest::new().client(family.client.as_deref());
            sessions.authorize(&claims, &asked).await?;
            claims.family.subject
        }
        Presented::Access(token) => {
            let verified = verify(services, token).await?;
            request.check_access(csrf, &verified)?;
            access.check(&verified).await?;
            verified.subject().ok_or(Refusal::BadToken)?
        }
    };
    sessions.log_out_everywhere(&subject).await?;
    Ok(without_cookies(&route.cookies))
}
