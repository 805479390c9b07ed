//! Scopes in a handler's signature.

use portcullis::policy::RequiredScopes;

use super::{OptionalToken, Token, demanding::demanding};

demanding! {
    /// What `E` extracts, where the token has every scope of `S`.
    ///
    /// `E` is another extractor of this crate: [`Token`] unless another is chosen,
    /// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
    /// where there is no middleware.
    ///
    /// Scopes imply that there is a token. Never take actix's `Option<Scoped<S>>`:
    /// that calls the handler for whoever lacks a scope, and the refusal is told
    /// only afterwards. For what people without a token may do, there is
    /// [`ScopedIfPresent`].
    ///
    /// ```
    /// use portcullis::policy::RequiredScopes;
    /// use portcullis_actix::{Claims, Scoped};
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

    /// What `E` extracts, where the token, if there is one, has every scope of `S`.
    ///
    /// `E` is an extractor that can do without credentials: [`OptionalToken`] unless
    /// another is chosen, [`OptionalClaims<T>`](super::OptionalClaims) or
    /// [`OptionalAuthenticated<T>`](super::OptionalAuthenticated).
    ///
    /// Whoever lacks a scope can drop the token and come as nobody. So what a
    /// handler does for `None` must be less than what it does for everybody else;
    /// otherwise take [`Scoped`].
    ///
    /// ```
    /// # use portcullis::policy::RequiredScopes;
    /// use portcullis_actix::{OptionalToken, ScopedIfPresent};
    /// # struct ReadStations;
    /// # impl RequiredScopes for ReadStations {
    /// #     const SCOPES: &'static [&'static str] = &["stations:read"];
    /// # }
    ///
    /// async fn stations(token: ScopedIfPresent<ReadStations>) -> &'static str {
    ///     let OptionalToken(token) = token.into_inner();
    ///     match token {
    ///         Some(_) => "all stations",
    ///         None => "the public stations",
    ///     }
    /// }
    /// ```
    ScopedIfPresent
}
