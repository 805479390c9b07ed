//! How values are written in a configuration.

use std::{fmt, marker::PhantomData, ops::Deref, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, IntoDeserializer, SeqAccess, Visitor,
        value::{SeqAccessDeserializer, StrDeserializer},
    },
};

/// A list, for which a single text does as well: environment variables have no lists.
///
/// ```
/// use portcullis::config::OneOrMany;
///
/// let one: OneOrMany<String> = serde_json::from_str(r#""stations""#)?;
/// let two: OneOrMany<String> = serde_json::from_str(r#"["stations", "sites"]"#)?;
/// assert_eq!((one.len(), two.len()), (1, 2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> FromIterator<T> for OneOrMany<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> From<T> for OneOrMany<T> {
    fn from(value: T) -> Self {
        Self(vec![value])
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList<T>(PhantomData<fn() -> T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for TextOrList<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
                let text: StrDeserializer<'_, E> = text.into_deserializer();
                Ok(vec![T::deserialize(text)?])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list))
            }
        }

        let values = deserializer.deserialize_any(TextOrList(PhantomData))?;
        Ok(Self(values))
    }
}

/// A span of time as people write it: `30s`, `5m`, `1h 30m`. A bare number has no
/// unit, and is none.
///
/// ```
/// use std::time::Duration;
/// use portcullis::config::TimeSpan;
///
/// let span: TimeSpan = serde_json::from_str(r#""1h 30m""#)?;
/// assert_eq!(Duration::from(span), Duration::from_secs(5400));
/// assert!(serde_json::from_str::<TimeSpan>("5400").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan(Duration);

impl From<Duration> for TimeSpan {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<TimeSpan> for Duration {
    fn from(span: TimeSpan) -> Self {
        span.0
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(A_TIME_SPAN)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
                // It takes a zero without a unit.
                if text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(E::custom(format_args!(
                        "the unit is missing: expected {A_TIME_SPAN}"
                    )));
                }
                humantime::parse_duration(text)
                    .map_err(|error| E::custom(format_args!("{error}: expected {A_TIME_SPAN}")))
            }
        }

        deserializer.deserialize_str(Text).map(Self)
    }
}

const A_TIME_SPAN: &str = "a span of time with its unit, such as \"30s\", \"5m\" or \"1h 30m\"";
