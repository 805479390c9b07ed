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
}
