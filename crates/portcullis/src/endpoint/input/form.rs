//! `application/x-www-form-urlencoded`.

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::fields::Fields;
use crate::{
    endpoint::{
        name::Name,
        refusal::{FieldProblem, Refusal},
    },
    secret::SecretString,
};

/// Reads the `wanted` fields of a form.
///
/// Decoding is that of the URL standard, but what is not UTF-8 is refused
/// instead of replaced: two passwords must never become the same.
pub(super) fn read(body: &[u8], wanted: &[Name]) -> Result<Fields, Refusal> {
    let mut fields = Fields::default();
    for pair in body.split(|byte| *byte == b'&') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        let Some(name) = decode(name) else {
            return Err(Refusal::Body("a field name is not UTF-8"));
        };
        let Some(name) = wanted.iter().find(|own| **own == name.expose()) else {
            continue;
        };
        let Some(value) = decode(value) else {
            return Err(Refusal::Field(name.clone(), FieldProblem::Malformed));
        };
        fields.insert(name, value)?;
    }
    Ok(fields)
}

/// Undoes the encoding of one name or value; `None` if it is not UTF-8. No copy
/// stays in memory.
pub(super) fn decode(bytes: &[u8]) -> Option<SecretString> {
    // No longer than it was, so that the buffer never moves.
    let mut decoded = Zeroizing::new(Vec::with_capacity(bytes.len()));
    for (index, part) in bytes.split(|byte| *byte == b'+').enumerate() {
        if index > 0 {
            decoded.push(b' ');
        }
        percent_decode(part).for_each(|byte| decoded.push(byte));
    }
    // Bytes that are no text are wiped here; a `String` would hand them back.
    std::str::from_utf8(&decoded).ok()?;
    let text = String::from_utf8(std::mem::take(&mut *decoded)).ok()?;
    Some(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: [Name; 2] = [Name::Borrowed("a"), Name::Borrowed("b c")];

    /// The values of the wanted fields.
    fn values(body: &str) -> Result<[Option<String>; 2], Refusal> {
        let mut fields = read(body.as_bytes(), &WANTED)?;
        Ok(WANTED.map(|name| Some(fields.take(&name)?.expose().to_owned())))
    }

    #[test]
    fn names_and_values_are_decoded() {
        let fields = values("b+c=%C3%A9%26+%3D=x&&=&x=%ff&a").unwrap();
        assert_eq!(fields, [None, Some("é& ==x".to_owned())]);
        // The URL standard keeps a percent sign that is none.
        assert_eq!(values("a=50%").unwrap()[0].as_deref(), Some("50%"));
    }

    #[test]
    fn a_field_twice_is_refused_however_its_name_is_spelt() {
        for body in ["a=1&a=1", "a=1&%61=2", "a&a"] {
            assert!(
                matches!(values(body), Err(Refusal::Field(name, FieldProblem::Repeated)) if name == "a"),
                "{body}"
            );
        }
        assert!(values("x=1&x=2").is_ok());
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(matches!(
            values("a=%ff"),
            Err(Refusal::Field(name, FieldProblem::Malformed)) if name == "a"
        ));
        assert!(matches!(
            values("a=x%00"),
            Err(Refusal::Field(name, FieldProblem::Malformed)) if name == "a"
        ));
        assert!(matches!(values("%ff=a"), Err(Refusal::Body(_))));
        assert!(matches!(read(b"a=\xc3", &WANTED), Err(Refusal::Field(..))));
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>) {
            let _ = read(&body, &WANTED);
        }

        #[test]
        fn what_a_client_encodes_comes_out(value in "[^\0]*") {
            let body: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("a", &value)
                .finish();
            let sent = Some(value).filter(|value| !value.is_empty());
            prop_assert_eq!(&values(&body).unwrap()[0], &sent);
        }
    }
}
