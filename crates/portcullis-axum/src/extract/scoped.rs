//! Scopes in a handler's signature.

use portcullis::policy::RequiredScopes;

use super::{Token, demanding::demanding};

demanding! {
    /// What `E` extracts, where the token has every scope of `S`.
    ///
    /// `E` is another extractor of this crate: [`Token`] unless another is chosen,
    /// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
    /// where there is no layer.
    ///
    /// Scopes imply that there is a token, so there is no `Option` of it; see
    /// [`ScopedIfPresent`].
    ///
    /// ```
    /// use portcullis::policy::RequiredScopes;
    /// use portcullis_axum::{Claims, Scoped};
    ///
    /// struct ReadStations;
    ///
    /// impl RequiredScopes for ReadStations {
    ///     const SCOPES: &'static [&'static str] = &["stations:read"];
    /// }
    ///
    /// # #[derive(Clone, serde::Deserialize)] struct User { sub: String }
    /// async fn by_token(token: Scoped<ReadStations>) -> String {
    ///     format!("{:?} may read", token.subject_name())
    /// }
    ///
    /// async fn by_claims(user: Scoped<ReadStations, Claims<User>>) -> String {
    ///     let Claims(user) = user.into_inner();
    ///     format!("{} may read", user.sub)
    /// }
    /// ```
    Scoped<S, E = Token>: RequiredScopes, require_scopes;

    /// What `E` extracts, if there is a token and it has every scope of `S`: `None`
    /// if there are no credentials.
    ///
    /// Whoever lacks a scope can drop the token and come as nobody. So what a
    /// handler does for `None` must be less than what it does for everybody else;
    /// otherwise take [`Scoped`], which there is no `Option` of.
    ///
    /// ```
    /// # use portcullis::policy::RequiredScopes;
    /// use portcullis_axum::extract::ScopedIfPresent;
    /// # struct ReadStations;
    /// # impl RequiredScopes for ReadStations {
    /// #     const SCOPES: &'static [&'static str] = &["stations:read"];
    /// # }
    ///
    /// async fn stations(token: ScopedIfPresent<ReadStations>) -> &'static str {
    ///     match token.into_inner() {
    ///         Some(_) => "all stations",
    ///         None => "the public stations",
    ///     }
    /// }
    /// ```
    ScopedIfPresent
}
