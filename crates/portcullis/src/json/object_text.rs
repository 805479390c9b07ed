//! JSON objects that are kept as their text.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::value::{RawValue, to_raw_value};

use super::{StrictJsonError, check_unique};

/// One JSON object whose names are unique at every level, as the text that it came as.
/// So it is written again byte for byte, whatever would become of its numbers, or of
/// the order of its names, if it were taken apart in between.
#[derive(Clone)]
pub(crate) struct ObjectText(Box<RawValue>);

impl ObjectText {
    /// What `value` is in JSON.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, StrictJsonError> {
        let json = to_raw_value(value).map_err(|_| StrictJsonError::Syntax)?;
        Self::checked(json)
    }

    fn checked(json: Box<RawValue>) -> Result<Self, StrictJsonError> {
        check_unique(json.get().as_bytes())?;
        Ok(Self(json))
    }

    /// The text.
    pub(crate) fn get(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for ObjectText {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for ObjectText {}

impl Serialize for ObjectText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ObjectText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Self::checked(json).map_err(|_| D::Error::custom("not a JSON object of unique names"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_as_it_is() {
        for json in [
            "{}",
            r#"{"b":1.0,"a":0.30000000000000004,"c":1e300}"#,
            r#"{"a":{"b":[{}]},"\u0062":"é"}"#,
        ] {
            let text: ObjectText = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&text).unwrap(), json);
        }
    }

    #[test]
    fn what_is_no_object_or_says_something_twice_is_refused() {
        for json in [
            "[]",
            "1",
            "null",
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":1}}"#,
        ] {
            assert!(serde_json::from_str::<ObjectText>(json).is_err(), "{json}");
        }
        assert!(ObjectText::of(&[1]).is_err());
        assert!(ObjectText::of(&Option::<()>::None).is_err());
    }
}
