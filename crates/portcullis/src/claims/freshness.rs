//! The `fresh` claim: whether a login with credentials gave the token.

use serde::{
    Deserialize,
    de::{Deserializer, Error as _},
};
use serde_json::value::RawValue;

use super::NumericDate;
use crate::time::Timestamp;

/// What the claim says: yes, no, or until when, as Flask-JWT-Extended writes
/// it where freshness runs out before the token does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Always,
    Never,
    Until(Timestamp),
}

impl Freshness {
    /// Whether the token is fresh at this point in time; like its expiry, the
    /// end is excluded.
    pub(crate) fn holds_at(self, now: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Until(end) => now < end,
        }
    }

    /// When it runs out.
    pub(crate) fn ends_at(self) -> Option<Timestamp> {
        match self {
            Self::Until(end) => Some(end),
            Self::Always | Self::Never => None,
        }
    }
}

impl<'de> Deserialize<'de> for Freshness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As with dates, not any value: a number may be shown as a map.
        match <&RawValue>::deserialize(deserializer)?.get() {
            "true" => Ok(Self::Always),
            "false" => Ok(Self::Never),
            date => match serde_json::from_str::<NumericDate>(date) {
                Ok(end) => Ok(Self::Until(end.0)),
                Err(_) => Err(D::Error::custom("neither true, false nor a date")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_and_dates_are_read() {
        let read = |json: &str| serde_json::from_str::<Freshness>(json).ok();
        assert_eq!(read("true"), Some(Freshness::Always));
        assert_eq!(read(" false "), Some(Freshness::Never));
        let end = Timestamp::from_millis(1500);
        assert_eq!(read("1.5"), Some(Freshness::Until(end)));
        for bad in ["\"true\"", "\"1\"", "[]", "{}", "1e400"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_date_ends_freshness() {
        let until = Freshness::Until(Timestamp::from_secs(10));
        assert!(until.holds_at(Timestamp::from_millis(9_999)));
        assert!(!until.holds_at(Timestamp::from_secs(10)));
        assert!(Freshness::Always.holds_at(Timestamp::from_secs(10)));
        assert!(!Freshness::Never.holds_at(Timestamp::from_secs(10)));
    }
}
