//! A real token on each request of a test.

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "tower")]
mod tower;

use super::Draft;

/// Puts a token, minted for each anew, on requests that have no `Authorization` of their
/// own; made by [`Draft::on_each_request`].
///
/// It is a `tower::Layer` with the feature `tower`, and a `Transform` of actix-web with the
/// feature `actix`. It stands around the whole application, where its client would be; and
/// decides nothing: the application's own layer verifies the token, as ever.
#[derive(Clone, Debug)]
#[must_use = "does nothing until something is wrapped in it"]
pub struct OnEachRequest {
    token: Draft,
}

/// A service whose requests get a token on the way; made by [`OnEachRequest`].
#[derive(Clone, Debug)]
pub struct WithToken<S> {
    inner: S,
    token: Draft,
}

impl Draft {
    /// Puts this token, [renewed](Self::renewed) for each, on the requests of a test that
    /// bring no `Authorization` of their own.
    ///
    /// ```
    /// # #[cfg(feature = "tower")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use portcullis::verify::Verifier;
    /// use portcullis_axum::{AuthLayer, Token};
    /// use portcullis_testing::mint::Mint;
    /// use tower::ServiceExt;
    ///
    /// fn app(verifier: Verifier) -> Router {
    ///     let hello = async |token: Token| format!("hello, {:?}", token.subject_name());
    ///     Router::new().route("/", get(hello)).layer(AuthLayer::new(verifier))
    /// }
    ///
    /// let mint = Mint::new();
    /// let app = app(mint.verifier()).layer(mint.token("alice").on_each_request());
    ///
    /// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "tower"))] fn main() {}
    /// ```
    pub fn on_each_request(self) -> OnEachRequest {
        OnEachRequest { token: self }
    }
}

impl OnEachRequest {
    fn around<S>(&self, inner: S) -> WithToken<S> {
        WithToken {
            inner,
            token: self.token.clone(),
        }
    }
}
