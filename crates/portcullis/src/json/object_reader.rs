//! JSON objects, read member by member.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize,
    de::{Deserializer as _, Error as _, MapAccess, Visitor},
};
use serde_json::{Deserializer, de::Read};

use super::{Name, UniqueNames, UniqueSeed};

/// The members of an object that mean something to somebody.
pub(crate) trait Members<'de> {
    /// What can be wrong with a member.
    type Fault: Copy;

    /// Reads the member of this name, or hands its value back, which is then
    /// skipped.
    fn read<'m, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        member: Member<'m, A, Self::Fault>,
    ) -> Result<Option<Member<'m, A, Self::Fault>>, A::Error>;
}

/// Why an object could not be read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ObjectError<F> {
    /// Not exactly one JSON object in UTF-8.
    Syntax,
    /// A name occurs twice within one object, however deep.
    Duplicate,
    /// A member is not what it must be.
    Member(F),
}

/// Reads exactly one object, whose names are unique at every level, into
/// `members`: they are filled in where they are, since handing them on by value
/// would copy them at every step.
pub(crate) fn read_object<'de, R: Read<'de>, M: Members<'de>>(
    mut json: Deserializer<R>,
    members: &mut M,
) -> Result<(), ObjectError<M::Fault>> {
    let faults = Faults {
        duplicate: Cell::new(false),
        member: Cell::new(None),
    };
    json.deserialize_map(ObjectVisitor {
        members,
        faults: &faults,
    })
    .and_then(|()| json.end())
    .map_err(|_| match faults.member.get() {
        _ if faults.duplicate.get() => ObjectError::Duplicate,
        Some(fault) => ObjectError::Member(fault),
        None => ObjectError::Syntax,
    })
}

/// What was found wrong; the parser's own errors say less, and may quote.
struct Faults<F> {
    duplicate: Cell<bool>,
    member: Cell<Option<F>>,
}

/// A member whose name was read, and whose value comes next.
pub(crate) struct Member<'m, A, F> {
    map: &'m mut A,
    faults: &'m Faults<F>,
}

impl<A, F: Copy> Member<'_, A, F> {
    /// Reads the value into its place, which must be empty: no name occurs
    /// twice. If it does not have the type of the place, that is the `fault`.
    pub(crate) fn into<'de, T>(
        self,
        place: &mut Option<T>,
        fault: F,
    ) -> Result<Option<Self>, A::Error>
    where
        A: MapAccess<'de>,
        T: Deserialize<'de>,
    {
        if place.is_some() {
            self.faults.duplicate.set(true);
            return Err(A::Error::custom(TWICE));
        }
        self.faults.member.set(Some(fault));
        *place = Some(self.map.next_value()?);
        self.faults.member.set(None);
        Ok(None)
    }

    /// Refuses the object, whatever the value.
    pub(crate) fn refuse<'de>(self, fault: F) -> Result<Option<Self>, A::Error>
    where
        A: MapAccess<'de>,
    {
        self.faults.member.set(Some(fault));
        Err(A::Error::custom("a member is not allowed"))
    }
}

const TWICE: &str = "a member name occurs twice";

struct ObjectVisitor<'v, M, F> {
    members: &'v mut M,
    faults: &'v Faults<F>,
}

impl<'de, M: Members<'de>> Visitor<'de> for ObjectVisitor<'_, M, M::Fault> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { members, faults } = self;
        // Those that matter have places of their own, which know what is there.
        let mut others = UniqueNames::new(&faults.duplicate);
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let member = Member {
                map: &mut map,
                faults,
            };
            if let Some(other) = members.read(&name, member)? {
                others.admit(&name)?;
                other.map.next_value_seed(UniqueSeed(&faults.duplicate))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Copy, Clone, Debug, PartialEq, Eq)]
    enum Fault {
        NoText,
        NoNumber,
        Forbidden,
    }

    #[derive(Debug, Default)]
    struct Known<'a> {
        text: Option<Name<'a>>,
        number: Option<u8>,
        raw: Option<&'a RawValue>,
    }

    impl<'de> Members<'de> for Known<'de> {
        type Fault = Fault;

        fn read<'m, A: MapAccess<'de>>(
            &mut self,
            name: &str,
            member: Member<'m, A, Fault>,
        ) -> Result<Option<Member<'m, A, Fault>>, A::Error> {
            match name {
                "text" => member.into(&mut self.text, Fault::NoText),
                "number" => member.into(&mut self.number, Fault::NoNumber),
                "raw" => member.into(&mut self.raw, Fault::NoText),
                "forbidden" => member.refuse(Fault::Forbidden),
                _ => Ok(Some(member)),
            }
        }
    }

    fn read(json: &str) -> Result<Known<'_>, ObjectError<Fault>> {
        let mut known = Known::default();
        read_object(Deserializer::from_str(json), &mut known).map(|()| known)
    }

    #[test]
    fn known_members_are_read_and_others_skipped() {
        let json = r#" {"x":{"number":[null]},"text":"a","number":7,"raw":{"y":"\u0061"},"z":1} "#;
        let known = read(json).unwrap();
        assert!(matches!(&known.text, Some(Name(text)) if text == "a"));
        assert_eq!(known.number, Some(7));
        assert_eq!(known.raw.map(RawValue::get), Some(r#"{"y":"\u0061"}"#));
        assert!(read("{}").unwrap().text.is_none());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        use ObjectError::{Duplicate, Member, Syntax};
        for (json, expected) in [
            ("", Syntax),
            ("[]", Syntax),
            ("{} {}", Syntax),
            (r#"{"number":7"#, Syntax),
            (r#"{"x":1,}"#, Syntax),
            (r#"{"number":7,"number":7}"#, Duplicate),
            (r#"{"number":7,"n\u0075mber":8}"#, Duplicate),
            (r#"{"x":1,"number":7,"x":2}"#, Duplicate),
            (r#"{"x":[{"y":1,"y":2}]}"#, Duplicate),
            (r#"{"text":7}"#, Member(Fault::NoText)),
            (r#"{"text":null}"#, Member(Fault::NoText)),
            (r#"{"number":256}"#, Member(Fault::NoNumber)),
            (r#"{"forbidden":[]}"#, Member(Fault::Forbidden)),
        ] {
            assert_eq!(read(json).unwrap_err(), expected, "{json}");
        }
    }
}
