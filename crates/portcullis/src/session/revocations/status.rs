//! The snapshot as a verifier's source of revocations.

use super::{Checked, Revocations, TokenFacts};
use crate::verify::{Status, TokenStatus, Verified};

impl TokenStatus for Revocations {
    fn status(&self, token: &Verified) -> Status {
        let subject = token.subject();
        let facts = TokenFacts {
            subject: subject.as_ref(),
            session: token.session_id(),
            token_id: token.token_id(),
            issued_at: token.issued_at(),
            application: token.is_application(),
        };
        match self.check(&facts) {
            Checked::Clear => Status::Clear,
            Checked::Revoked => Status::Revoked,
            Checked::Unknown => Status::Unknown,
            Checked::AskStore(question) => {
                let answer = self.ask(question);
                Status::Pending(Box::pin(async move {
                    match answer.await {
                        Ok(true) => Status::Clear,
                        Ok(false) => Status::Revoked,
                        Err(error) => {
                            tracing::warn!(%error, "the store cannot say whether a token is revoked");
                            Status::Unknown
                        }
                    }
                }))
            }
        }
    }

    fn lists_application_tokens(&self) -> bool {
        true
    }
}
