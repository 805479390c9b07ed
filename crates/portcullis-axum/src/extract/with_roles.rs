//! Roles in a handler's signature.

use portcullis::policy::RequiredRoles;

use super::{Token, demanding::demanding};

demanding! {
    /// What `E` extracts, where the token has every role of `R`.
    ///
    /// `E` is another extractor of this crate: [`Token`] unless another is chosen,
    /// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
    /// where there is no layer.
    ///
    /// Roles imply that there is a token, so there is no `Option` of it; see
    /// [`WithRolesIfPresent`].
    ///
    /// ```
    /// use portcullis::policy::RequiredRoles;
    /// use portcullis_axum::{Claims, WithRoles};
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

    /// What `E` extracts, if there is a token and it has every role of `R`: `None` if
    /// there are no credentials.
    ///
    /// Whoever lacks a role can drop the token and come as nobody. So what a handler does
    /// for `None` must be less than what it does for everybody else; otherwise take
    /// [`WithRoles`], which there is no `Option` of.
    WithRolesIfPresent
}
