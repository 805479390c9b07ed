//! Roles in a handler's signature.

use portcullis::policy::RequiredRoles;

use super::{OptionalToken, Token, demanding::demanding};

demanding! {
    /// What `E` extracts, where the token has every role of `R`.
    ///
    /// `E` is another extractor of this crate: [`Token`] unless another is chosen,
    /// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
    /// where there is no middleware.
    ///
    /// Roles imply that there is a token. Never take actix's `Option<WithRoles<R>>`: that
    /// calls the handler for whoever lacks a role, and the refusal is told only
    /// afterwards. For what people without a token may do, there is
    /// [`WithRolesIfPresent`].
    ///
    /// ```
    /// use portcullis::policy::RequiredRoles;
    /// use portcullis_actix::{Claims, WithRoles};
    ///
    /// struct Operator;
    ///
    /// impl RequiredRoles for Operator {
    ///     const PATH: &'static [&'static str] = &["realm_access", "roles"];
    ///     const ROLES: &'static [&'static str] = &["operator"];
    /// }
    ///
    /// async fn by_token(token: WithRoles<Operator>) -> String {
    ///     format!("{:?} may switch it off", token.subject_name())
    /// }
    ///
    /// # #[derive(Clone, serde::Deserialize)] struct User { sub: String }
    /// async fn by_claims(user: WithRoles<Operator, Claims<User>>) -> String {
    ///     let Claims(user) = user.into_inner();
    ///     format!("{} may switch it off", user.sub)
    /// }
    /// ```
    WithRoles<R, E = Token>: RequiredRoles, require_roles;

    /// What `E` extracts, where the token, if there is one, has every role of `R`.
    ///
    /// `E` is an extractor that can do without credentials: [`OptionalToken`] unless
    /// another is chosen, [`OptionalClaims<T>`](super::OptionalClaims) or
    /// [`OptionalAuthenticated<T>`](super::OptionalAuthenticated).
    ///
    /// Whoever lacks a role can drop the token and come as nobody. So what a handler does
    /// for `None` must be less than what it does for everybody else; otherwise take
    /// [`WithRoles`].
    WithRolesIfPresent
}
