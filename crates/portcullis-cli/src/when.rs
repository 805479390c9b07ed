//! Dates, as people read them.

use std::time::{Duration, UNIX_EPOCH};

use portcullis::time::{Clock, SharedClock, SystemClock, Timestamp};

/// The first second of the year 10000: no date of a token is later.
const END: i64 = 253_402_300_800;

/// `2026-11-27T18:00:00Z`; outside of the years 1970 to 9999 the number of seconds.
pub(crate) fn date(time: Timestamp) -> String {
    let secs = time.as_secs();
    match u64::try_from(secs) {
        Ok(since) if secs < END => {
            let time = UNIX_EPOCH + Duration::from_secs(since);
            humantime::format_rfc3339_seconds(time).to_string()
        }
        _ => format!("{secs} seconds after 1970"),
    }
}

/// `12 minutes ago`, `in 3 days`, `now`.
pub(crate) fn relative(time: Timestamp, now: Timestamp) -> String {
    let secs = time.as_secs().saturating_sub(now.as_secs());
    let count = secs.unsigned_abs();
    let (count, unit) = match count {
        0 => return "now".to_owned(),
        1..60 => (count, "second"),
        60..3600 => (count / 60, "minute"),
        3600..86_400 => (count / 3600, "hour"),
        _ => (count / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if secs < 0 {
        format!("{count} {unit}{plural} ago")
    } else {
        format!("in {count} {unit}{plural}")
    }
}

/// A time of the arguments: `2026-11-27T18:00:00Z`, or seconds since 1970.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    if let Ok(secs) = text.parse() {
        return Ok(Timestamp::from_secs(secs));
    }
    let time = humantime::parse_rfc3339_weak(text).map_err(|_| {
        "not a time: write it as 2026-11-27T18:00:00Z, or as seconds since 1970".to_owned()
    })?;
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_secs(0).saturating_add(since))
}

/// The system's clock, or one that stands at the time given.
pub(crate) fn clock(at: Option<Timestamp>) -> SharedClock {
    match at {
        Some(time) => SharedClock::new(Standing(time)),
        None => SharedClock::new(SystemClock),
    }
}

struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_beyond_the_calendar_are_numbers() {
        for (secs, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_802_400, "2026-11-27T18:00:00Z"),
            (END - 1, "9999-12-31T23:59:59Z"),
            (END, "253402300800 seconds after 1970"),
            (-1, "-1 seconds after 1970"),
        ] {
            assert_eq!(date(Timestamp::from_secs(secs)), expected);
        }
        assert!(date(Timestamp::from_secs(i64::MAX)).ends_with("after 1970"));
    }

    #[test]
    fn distances_have_one_unit() {
        for (secs, expected) in [
            (0, "now"),
            (1, "in 1 second"),
            (-59, "59 seconds ago"),
            (60, "in 1 minute"),
            (-7199, "1 hour ago"),
            (7200, "in 2 hours"),
            (-86_400 * 400, "400 days ago"),
        ] {
            let now = Timestamp::from_secs(1_700_000_000);
            let time = Timestamp::from_secs(1_700_000_000 + secs);
            assert_eq!(relative(time, now), expected);
        }
        let far = [i64::MIN, i64::MAX].map(Timestamp::from_millis);
        assert!(relative(far[0], far[1]).ends_with("days ago"));
    }

    #[test]
    fn times_are_dates_or_seconds() {
        for (text, secs) in [
            ("1795802400", 1_795_802_400),
            ("2026-11-27T18:00:00Z", 1_795_802_400),
            ("2026-11-27 18:00:00", 1_795_802_400),
            ("-1", -1),
        ] {
            assert_eq!(parse(text), Ok(Timestamp::from_secs(secs)));
        }
        assert!(parse("yesterday").is_err());
    }
}
