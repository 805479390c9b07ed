//! `NumericDate` (RFC 7519 section 2): seconds, possibly with a fraction.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::time::Timestamp;

/// A date as a token carries it: before 1970, too, since some libraries write
/// the year 1 for "always". Non-finite and non-numeric values are refused;
/// values beyond what fits are the farthest past or future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumericDate(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not any value: with its feature `arbitrary_precision`, which every crate
        // of an application can switch on, `serde_json` shows a number as a map then.
        deserializer.deserialize_f64(NumericDateVisitor)
    }
}

struct NumericDateVisitor;

impl Visitor<'_> for NumericDateVisitor {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds since the epoch")
    }

    fn visit_u64<E: de::Error>(self, secs: u64) -> Result<NumericDate, E> {
        let secs = i64::try_from(secs).unwrap_or(i64::MAX);
        Ok(NumericDate(Timestamp::from_secs(secs)))
    }

    fn visit_i64<E: de::Error>(self, secs: i64) -> Result<NumericDate, E> {
        Ok(NumericDate(Timestamp::from_secs(secs)))
    }

    fn visit_f64<E: de::Error>(self, secs: f64) -> Result<NumericDate, E> {
        if !secs.is_finite() {
            return Err(E::custom("a date without end"));
        }
        // `as` saturates; the fraction is kept to the millisecond.
        Ok(NumericDate(Timestamp::from_millis((secs * 1000.0) as i64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str::<NumericDate>(json)
            .ok()
            .map(|date| date.0.as_millis())
    }

    #[test]
    fn fractions_and_exponents_are_dates() {
        assert_eq!(read("1700000000"), Some(1_700_000_000_000));
        assert_eq!(read("1700000000.5"), Some(1_700_000_000_500));
        assert_eq!(read("1.7e9"), Some(1_700_000_000_000));
        assert_eq!(read("0"), Some(0));
    }

    #[test]
    fn the_far_future_does_not_overflow() {
        assert_eq!(read("18446744073709551615"), Some(i64::MAX));
        assert_eq!(read("1e300"), Some(i64::MAX));
    }

    #[test]
    fn there_was_a_time_before_1970() {
        assert_eq!(read("-1"), Some(-1000));
        assert_eq!(read("-0.5"), Some(-500));
        // The first of January of the year 1.
        assert_eq!(read("-62135596800"), Some(-62_135_596_800_000));
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(read("-1e300"), Some(i64::MIN));
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "1e400",
            "-1e400",
            "\"1700000000\"",
            "null",
            "true",
            "[]",
            "{}",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
