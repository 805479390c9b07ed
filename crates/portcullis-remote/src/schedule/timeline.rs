//! One time out of two clocks.

use std::time::Duration;

use portcullis::time::Timestamp;

use super::rules::Moment;

/// Time as a schedule sees it. It never goes back, and no slower than either of
/// two clocks: the monotonic one, which nobody sets but which may stand still
/// while the machine sleeps, and that of the application, by which tokens and
/// keys are judged, and which tests turn.
#[derive(Debug)]
pub(crate) struct Timeline {
    anchor: Anchor,
    last: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    moment: Moment,
    monotonic: Duration,
    wall: Timestamp,
}

/// By how much the clocks may drift apart: less is not worth a correction, which
/// each time adds what they differ by.
const DRIFT: Duration = Duration::from_secs(1);

impl Timeline {
    pub(crate) fn new(monotonic: Duration, wall: Timestamp) -> Self {
        Self {
            anchor: Anchor {
                moment: Moment::ZERO,
                monotonic,
                wall,
            },
            last: Moment::ZERO,
        }
    }

    /// What time it is when the two clocks show `monotonic` and `wall`, and
    /// whether the second was set: whatever was promised by it has to be said
    /// anew.
    pub(crate) fn advance(&mut self, monotonic: Duration, wall: Timestamp) -> (Moment, bool) {
        let ticked = monotonic.saturating_sub(self.anchor.monotonic);
        let shown = wall.saturating_duration_since(self.anchor.wall);
        let now = self.anchor.moment + ticked.max(shown);
        self.last = self.last.max(now);
        let was_set = ticked.abs_diff(shown) > DRIFT
            || self.anchor.wall.saturating_duration_since(wall) > DRIFT;
        if was_set {
            self.anchor = Anchor {
                moment: self.last,
                monotonic,
                wall,
            };
        }
        (self.last, was_set)
    }

    /// What the application's clock will show at `moment`.
    pub(crate) fn wall_at(&self, moment: Moment) -> Timestamp {
        let anchor = self.anchor;
        match moment.checked_sub(anchor.moment) {
            Some(ahead) => anchor.wall.saturating_add(ahead),
            None => anchor.wall.saturating_sub(anchor.moment - moment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn started() -> Timeline {
        Timeline::new(secs(7), Timestamp::from_secs(1_000))
    }

    #[test]
    fn both_clocks_together() {
        let mut line = started();
        let wall = Timestamp::from_secs(1_060);
        assert_eq!(line.advance(secs(67), wall), (secs(60), false));
        assert_eq!(line.wall_at(secs(61)), Timestamp::from_secs(1_061));
    }

    #[test]
    fn a_machine_that_slept_has_aged() {
        let mut line = started();
        let wall = Timestamp::from_secs(5_000);
        assert_eq!(line.advance(secs(8), wall), (secs(4_000), true));
        assert_eq!(line.wall_at(secs(4_000)), wall);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut line = started();
        let wall = Timestamp::from_secs(10);
        assert_eq!(line.advance(secs(17), wall), (secs(10), true));
        assert_eq!(line.wall_at(secs(20)), Timestamp::from_secs(20));
        assert_eq!(line.advance(secs(18), Timestamp::from_secs(11)).0, secs(11));
    }

    /// Rounding of one clock does not add up, however often time is asked for.
    #[test]
    fn asking_often_is_not_ageing() {
        let mut line = started();
        for micros in 0..1_000_000_u64 {
            let wall = Timestamp::from_millis(1_000_000 + i64::try_from(micros / 1000).unwrap());
            let (now, was_set) = line.advance(secs(7) + Duration::from_micros(micros), wall);
            assert!(!was_set && now == Duration::from_micros(micros));
        }
    }
}
