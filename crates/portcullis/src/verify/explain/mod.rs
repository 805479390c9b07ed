//! Saying what a verifier finds of a token, check by check.

mod advice;
mod recorder;
mod report;

pub use report::{CheckReport, Outcome, Report};

use self::recorder::Recorder;
use super::Verifier;

impl Verifier {
    /// Says what is found of a token, check by check, for whoever wonders why it is
    /// refused: what came, what is configured, and what to change.
    ///
    /// It goes the same way as [`verify`](Self::verify) and comes to the same verdict,
    /// but asks nobody: it fetches no keys, sends no token to its issuer, takes nothing
    /// from the [cache](super::TokenCache) and puts nothing there. Where somebody
    /// would have to be asked, the check is [`Unknown`](Outcome::Unknown), and the
    /// verdict is what [`verify_now`](Self::verify_now) says where waiting is not
    /// possible.
    ///
    /// After a check that failed it goes on as far as there is something to look at,
    /// so that everything that is wrong is told at once. What follows a signature that
    /// did not verify is what the token says of itself, and proves nothing. The
    /// application's own checks and revocation are only asked about a token that is
    /// good otherwise.
    ///
    /// The report is for logs, tools and tests: it names what is configured, so it is
    /// nothing for a client. It holds neither the token nor its signature; what came
    /// is escaped and cut to a length that a line can bear.
    ///
    /// ```
    /// # use portcullis::{jose::{Algorithm, SigningKey}, verify::Verifier};
    /// use portcullis::verify::Outcome;
    ///
    /// # let key = SigningKey::generate(Algorithm::ES256)?;
    /// # let verifier = Verifier::builder()
    /// #     .keys(key.verifying_key())
    /// #     .issuer("https://login.example.com")
    /// #     .audience("https://api.example.com")
    /// #     .build()?;
    /// let report = verifier.explain(b"Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
    /// assert!(!report.is_accepted());
    /// let failed = report.checks().iter().find(|check| check.outcome() == Outcome::Failed);
    /// let failed = failed.expect("one of them failed");
    /// assert_eq!(failed.name(), "form");
    /// assert!(failed.advice().is_some_and(|advice| advice.contains("Bearer")));
    /// println!("{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, token: &[u8]) -> Report {
        let mut recorder = Recorder::new(token);
        let verification = self.trusted().judge(token, &mut recorder);
        recorder.finish(verification)
    }
}
