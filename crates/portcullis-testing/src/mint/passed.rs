//! What a handler gets of a token, for tests that call handlers directly.
//!
//! Nothing is made up: the token is built, and verified as any other.

use http::{
    Request,
    header::{AUTHORIZATION, HeaderValue},
    request::Parts,
};
use portcullis::{
    guard::{Authentication, Authenticator, Check},
    verify::{FromToken, Verified},
};

use super::Draft;

impl Draft {
    /// The token as the mint's verifier accepts it, for handlers that are called
    /// directly.
    ///
    /// ```
    /// use portcullis_axum::Token;
    /// use portcullis_testing::mint::Mint;
    ///
    /// async fn hello(token: Token) -> String {
    ///     format!("hello, {}", token.subject_name().unwrap_or("nobody"))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let token = Token(Mint::new().token("alice").verified());
    /// assert_eq!(hello(token).await, "hello, alice");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the verifier refuses it: a token that is [expired](Self::expired), say.
    pub fn verified(&self) -> Verified {
        let verified = self.mint().verifier().verify_now(self.build().as_bytes());
        verified.expect("the mint's own verifier accepts the token")
    }

    /// The application's own type, made from the verified token.
    ///
    /// ```
    /// use portcullis_axum::Claims;
    /// use portcullis_testing::mint::Mint;
    ///
    /// #[derive(Clone, serde::Deserialize)]
    /// struct User {
    ///     sub: String,
    ///     department: String,
    /// }
    ///
    /// async fn where_to(Claims(user): Claims<User>) -> String {
    ///     format!("{} works in {}", user.sub, user.department)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let alice = Mint::new().token("alice").claim("department", "weather");
    /// assert_eq!(where_to(Claims(alice.claims())).await, "alice works in weather");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the verifier refuses the token, or it does not have the form of `T`.
    pub fn claims<T: FromToken>(&self) -> T {
        let claims = self.verified().claims();
        claims.expect("the token has the form that is asked for")
    }

    /// What a layer leaves in a request's extensions.
    ///
    /// # Panics
    ///
    /// If the mint's verifier refuses the token.
    pub fn authentication(&self) -> Authentication {
        let mut request = Request::new(());
        let field = self.authorization();
        request.headers_mut().insert(AUTHORIZATION, field);
        match Authenticator::new(self.mint().verifier()).check(&request) {
            Check::Ready(result) => result.expect("the mint's own verifier accepts the token"),
            Check::Pending(_) => unreachable!("the keys of a mint are at hand"),
        }
    }

    /// A request that a layer let pass with this token, for the extractors of axum whose
    /// value nobody else can make.
    ///
    /// ```
    /// use axum::RequestPartsExt;
    /// use portcullis::policy::RequiredScopes;
    /// use portcullis_axum::Scoped;
    /// use portcullis_testing::mint::Mint;
    ///
    /// struct ReadStations;
    ///
    /// impl RequiredScopes for ReadStations {
    ///     const SCOPES: &'static [&'static str] = &["stations:read"];
    /// }
    ///
    /// async fn stations(token: Scoped<ReadStations>) -> String {
    ///     format!("{:?} may read", token.subject_name())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), portcullis_axum::AuthRejection> {
    /// let alice = Mint::new().token("alice").claim("scope", "stations:read");
    /// let token = alice.passed().extract().await?;
    /// assert_eq!(stations(token).await, r#"Some("alice") may read"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the mint's verifier refuses the token.
    pub fn passed(&self) -> Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.headers.insert(AUTHORIZATION, self.authorization());
        parts.extensions.insert(self.authentication());
        parts
    }

    /// As [`passed`](Self::passed), for the extractors of actix-web.
    ///
    /// ```
    /// use actix_web::FromRequest;
    /// use portcullis_actix::{Scoped, Token};
    /// use portcullis_testing::mint::Mint;
    ///
    /// # struct ReadStations;
    /// # impl portcullis::policy::RequiredScopes for ReadStations {
    /// #     const SCOPES: &'static [&'static str] = &["stations:read"];
    /// # }
    /// async fn stations(token: Scoped<ReadStations>) -> String {
    ///     format!("{:?} may read", token.subject_name())
    /// }
    ///
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), portcullis_actix::AuthRejection> {
    /// let alice = Mint::new().token("alice").claim("scope", "stations:read");
    /// let token = Scoped::extract(&alice.passed_actix()).await?;
    /// assert_eq!(stations(token).await, r#"Some("alice") may read"#);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the mint's verifier refuses the token.
    #[cfg(feature = "actix")]
    pub fn passed_actix(&self) -> actix_web::HttpRequest {
        use actix_web::HttpMessage;

        let request = actix_web::test::TestRequest::default()
            .insert_header((actix_web::http::header::AUTHORIZATION, self.bearer()))
            .to_http_request();
        request.extensions_mut().insert(self.authentication());
        request
    }

    /// [`bearer`](Self::bearer), as a value that logs keep out.
    pub(super) fn authorization(&self) -> HeaderValue {
        let mut field = HeaderValue::try_from(self.bearer()).expect("base64url and dots");
        field.set_sensitive(true);
        field
    }
}
