//! Presenting a refresh token.

use std::time::Instant;

use portcullis::{
    session::{RefusalReason, RotationAttempt, RotationOutcome, StoreError, Successor, rules},
    time::{Clock, Timestamp},
};

use crate::{
    RedisStore,
    attempt::{Exchange, Presented},
    keys::{of_session, to_exchange, to_judge},
    layout::subject_text,
    row,
    script::Way,
};

impl RedisStore {
    /// Presents a refresh token: the short way first, which is what nearly all attempts take.
    pub(crate) async fn present(
        &self,
        attempt: &RotationAttempt,
    ) -> Result<RotationOutcome, StoreError> {
        // It knows of no older layout.
        if attempt.may_change()
            && self.0.old.is_none()
            && let Some(outcome) = self.exchange(attempt).await?
        {
            return Ok(outcome);
        }
        let what = Presented::new(attempt);
        let scripts = &self.0.scripts;
        let (id, subject) = (&attempt.session, &attempt.subject);
        let (now, row): (String, Option<String>) = if attempt.may_change() {
            self.at(subject, &scripts.rotate, of_session(id), what)
                .await?
        } else {
            self.at(subject, &scripts.check, to_judge(id), what).await?
        };
        let now = row::time(&now)?;
        self.0.server_clock.heard(now, Instant::now());
        let Some(row) = row else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        match rules::decide(&row::session(&row)?, attempt, now) {
            (outcome, None) => Ok(outcome),
            (_, Some(_)) => Err(StoreError::corrupt("the script does not follow the rules")),
        }
    }

    /// Exchanges the current token of a session that goes on; none if anything else is the
    /// case, and nothing has changed then.
    async fn exchange(
        &self,
        attempt: &RotationAttempt,
    ) -> Result<Option<RotationOutcome>, StoreError> {
        let now = self.0.test_clock.as_ref().map(|clock| clock.now());
        let subject = subject_text(&attempt.subject);
        let keys = to_exchange(&self.0.layout, &attempt.session, &subject);
        let exchange = Exchange::new(attempt, &subject, self.0.keep.now(), now)?;
        let (step, way) = (&self.0.scripts.advance, Way::Plain(&self.0.link));
        let exchanged: Option<(i64, i64, String, String)> =
            step.run_with(way, &keys, &exchange).await?;
        let Some((now, made, idle, absolute)) = exchanged else {
            return Ok(None);
        };
        let now = Timestamp::from_millis(now);
        self.0.server_clock.heard(now, Instant::now());
        Ok(Some(RotationOutcome::Rotated(Successor {
            generation: attempt.generation + 1,
            rotated_at: Timestamp::from_millis(made),
            idle_deadline: row::time(&idle)?,
            absolute_deadline: row::time(&absolute)?,
            refresh_key: attempt.refresh_key.clone(),
        })))
    }
}
