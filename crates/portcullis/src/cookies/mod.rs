//! Tokens in cookies, for pages in a browser.
//!
//! A page that keeps tokens where scripts can read them loses them to the first
//! script that somebody smuggles in. [`SessionCookies`] says how the cookies look
//! that no script can read; [`CookieApi`](crate::endpoint::CookieApi) sets,
//! renews and clears them;
//! [`Authenticator::session_cookies`](crate::guard::Authenticator::session_cookies)
//! lets routes take the access token from there, too. Programs go on sending
//! headers, to the same routes.
//!
//! A browser sends cookies along whoever made it send the request. So wherever a
//! token came from a cookie, and only there, the request must prove that a page
//! of one's own sent it: [`csrf`](crate::csrf).
//!
//! # The three cookies
//!
//! | cookie | scripts can read it | sent to | lives for as long as |
//! |---|---|---|---|
//! | `__Host-access_token` | no | the whole host | the access token |
//! | `__Secure-refresh_token` | no | the cookie API's path | the refresh token |
//! | `__Host-csrf_token` | yes | the whole host | the session |
//!
//! # Why these names and paths
//!
//! A server sees of a cookie its name and its value: not who wrote it, nor for
//! which host. Without a prefix, whoever controls a sibling of the host
//! (`evil.example.com` beside `app.example.com`) can plant a cookie of the same
//! name there, and so put their own session under a stranger's hands. What begins
//! with `__Host-` browsers take only over TLS, without `Domain` and with `Path=/`
//! (RFC 6265bis section 4.1.3.2), and so from this very host.
//!
//! The refresh token is worth most and is needed least: at its own routes. A path
//! keeps it out of every other request, with their logs and error reports. `__Host-`
//! demands `Path=/`, so it has the weaker `__Secure-`: over TLS, but from a sibling
//! as well. What a sibling could plant opens nothing. Beside the
//! real one there are two of a name, which is refused with 400; alone it does not
//! fit the `X-CSRF-Token` of the page's session, which is refused with 403. It can
//! do harm, though: for as long as such a cookie lies there, no refresh and no
//! log-out succeed, and the server cannot clear it. Nobody else's hosts should be
//! siblings of the service's.
//!
//! The CSRF cookie is for pages of the service's own origin that were loaded anew
//! and have lost the token that the login gave them. The server never reads it.

mod mounted;
mod same_site;
mod session_cookies;

pub(crate) use mounted::MountedCookies;
pub use same_site::SameSite;
pub use session_cookies::SessionCookies;

#[cfg(test)]
mod tests;
