//! The clock that decides: the server's, or one that a test turns.

use std::time::Instant;

use portcullis::{
    session::RemoteClock,
    time::{Clock, SharedClock, Timestamp},
};
use sqlx::PgConnection;

use super::error::Failure;

/// A row with the time in milliseconds, `clock.now`: one for the whole
/// statement. The parameter is null, or what a test says. A double is exact to less than a
/// microsecond until the year 2242, and costs less than a decimal number.
macro_rules! clock {
    ($parameter:literal) => {
        concat!(
            "(SELECT coalesce(",
            $parameter,
            "::bigint, ",
            "floor(date_part('epoch', clock_timestamp()) * 1000)::bigint",
            ") AS now) AS clock"
        )
    };
}
pub(super) use clock;

/// What is known of the clock.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    test: Option<SharedClock>,
    heard: RemoteClock,
}

impl ServerClock {
    pub(super) fn new(test: Option<SharedClock>) -> Self {
        Self {
            test,
            heard: RemoteClock::default(),
        }
    }

    /// What goes in place of the server's time.
    pub(super) fn told(&self) -> Option<i64> {
        self.test.as_ref().map(|clock| clock.now().as_millis())
    }

    /// Takes in the time that an answer carried.
    pub(super) fn heard(&self, time: Timestamp) {
        self.heard.heard(time, Instant::now());
    }

    /// The time as far as it is known.
    pub(super) fn now(&self) -> Option<Timestamp> {
        match &self.test {
            Some(clock) => Some(clock.now()),
            None => self.heard.at(Instant::now()),
        }
    }

    /// Asks the server for its own time.
    pub(super) async fn ask(&self, connection: &mut PgConnection) -> Result<Timestamp, Failure> {
        let now = sqlx::query_scalar(concat!("SELECT clock.now FROM ", clock!("$1")))
            .bind(None::<i64>)
            .fetch_one(connection)
            .await?;
        let now = Timestamp::from_millis(now);
        self.heard(now);
        Ok(now)
    }
}
