//! With which requests from elsewhere browsers send a cookie.

/// With which requests of other sites browsers send the cookies (`SameSite`, RFC
/// 6265bis section 4.1.2.7). A site is a scheme and a registrable domain:
/// `app.example.com` and `evil.example.com` are of one.
///
/// It is a second line behind [`csrf`](crate::csrf), and what the requests of
/// other sites may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// When somebody follows a link, too, so that who is logged in still is after
    /// coming from elsewhere.
    #[default]
    Lax,
    /// With none, a link included.
    Strict,
    /// With all: for pages of other sites that call the service with
    /// `credentials: "include"`, or show it in a frame. Browsers demand `Secure`
    /// for it, and more and more of them keep such cookies only if they are
    /// [partitioned](super::SessionCookies::partitioned).
    None,
}
