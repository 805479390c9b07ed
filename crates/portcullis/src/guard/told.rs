//! How those whom an authenticator refuses are told.

use std::sync::Arc;

use super::{Authenticator, LoginPage, answers::Bodies};
use crate::challenge::{RefusalFormat, Rejection, RejectionBody};

impl Authenticator {
    /// What refusals look like, for an application that wants them alike from guards
    /// and [endpoints](crate::endpoint::EndpointsBuilder::refusal_format). This and
    /// [`rejection_body`](Self::rejection_body) are two ways to say it: the later
    /// call counts.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) {
    /// use portcullis::{challenge::RefusalFormat, guard::Authenticator};
    ///
    /// let authenticator =
    ///     Authenticator::new(verifier).refusal_format(RefusalFormat::problem_details());
    /// # }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn refusal_format(self, format: RefusalFormat) -> Self {
        self.with_answers(|answers| answers.bodies = Bodies::Format(format))
    }

    /// Writes the bodies of refusals, with their [reasons](Rejection::reason) at
    /// hand. Status and headers stay as they are. In place of a
    /// [`refusal_format`](Self::refusal_format): the later call counts.
    #[must_use = "returns the changed authenticator"]
    pub fn rejection_body(
        self,
        body: impl Fn(&Rejection) -> RejectionBody + Send + Sync + 'static,
    ) -> Self {
        let bodies = Bodies::Own(Arc::new(body));
        self.with_answers(|answers| answers.bodies = bodies)
    }

    /// Sends browsers that would see a 401 to a page where their users log in: where
    /// they navigate, that is, and not where a script of theirs asks.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), portcullis::ConfigError> {
    /// use portcullis::guard::{Authenticator, LoginPage};
    ///
    /// let authenticator = Authenticator::new(verifier).login_page(LoginPage::new("/login")?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn login_page(self, page: LoginPage) -> Self {
        self.with_answers(|answers| answers.login = Some(page))
    }

    /// Tells calls of gRPC as such that they are refused: `POST` with `application/grpc`
    /// or `application/grpc-web`, `+proto` and the like. All others are told as before.
    ///
    /// A call gets 200 and an answer that is nothing but a header ("trailers-only"),
    /// whatever the [format](Self::refusal_format): its own media type, `grpc-status`
    /// and `grpc-message`, and the challenge and `retry-after` as metadata.
    ///
    /// | HTTP has | gRPC has |
    /// |---|---|
    /// | 400, 401 | 16 `UNAUTHENTICATED` |
    /// | 403 | 7 `PERMISSION_DENIED` |
    /// | 503 | 14 `UNAVAILABLE` |
    /// | 500 | 13 `INTERNAL` |
    ///
    /// It is not for a service that a proxy asks whether a request may pass (nginx's
    /// `auth_request`, ForwardAuth of Traefik, `ext_authz` of Envoy): those read the HTTP
    /// status, and a client would be let in by the media type that it sends.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) {
    /// use portcullis::guard::Authenticator;
    ///
    /// let authenticator = Authenticator::new(verifier).grpc();
    /// # }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn grpc(self) -> Self {
        self.with_answers(|answers| answers.grpc = true)
    }
}
