//! What an issuer says of itself.

use std::fmt;

use serde::{
    Deserialize,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use url::Url;

use crate::{FetchError, FetchErrorKind, url_rules::UrlRules};

/// The metadata of an issuer, as OpenID Connect Discovery section 3 and RFC 8414
/// section 2 have it.
///
/// The issuer is the one that was asked for, and the URLs that are fetched from
/// here are https. Everything else is as the issuer wrote it.
#[derive(Clone, Debug)]
pub struct Metadata {
    issuer: String,
    jwks_uri: Option<Url>,
    introspection: Result<Option<Url>, FetchError>,
    members: Map<String, Value>,
}

impl Metadata {
    /// Reads a document that must be of this issuer.
    pub(crate) fn parse(json: &[u8], issuer: &str, rules: UrlRules) -> Result<Self, FetchError> {
        let Members(members) = serde_json::from_slice(json).map_err(|error| {
            malformed(format!(
                "it is no JSON object of metadata ({})",
                Place(&error)
            ))
        })?;
        let said = text(&members, "issuer")?.ok_or_else(|| malformed("it has no `issuer`"))?;
        if said != issuer {
            return Err(mismatch(issuer, said));
        }
        let jwks_uri = text(&members, "jwks_uri")?
            .map(|url| rules.check("`jwks_uri`", url))
            .transpose()?;
        // Only who introspects minds what is wrong with this.
        let introspection = text(&members, "introspection_endpoint").and_then(|endpoint| {
            endpoint
                .map(|url| rules.check("`introspection_endpoint`", url))
                .transpose()
        });
        Ok(Self {
            issuer: said.to_owned(),
            jwks_uri,
            introspection,
            members,
        })
    }

    /// The issuer, which is the one that was asked for.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys are. One whose tokens are all opaque has none.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_ref().map(Url::as_str)
    }

    pub(crate) fn jwks_url(&self) -> Result<&Url, FetchError> {
        self.jwks_uri.as_ref().ok_or_else(|| {
            malformed("the metadata has no `jwks_uri`: nobody can verify this issuer's tokens")
        })
    }

    /// Where it tells of opaque tokens (RFC 7662), if it does.
    ///
    /// # Errors
    ///
    /// It is no URL that may be fetched.
    pub fn introspection_endpoint(&self) -> Result<Option<&str>, FetchError> {
        match &self.introspection {
            Ok(url) => Ok(url.as_ref().map(Url::as_str)),
            Err(error) => Err(error.clone()),
        }
    }

    /// Any member, as the issuer wrote it. A URL in it was not checked.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The texts in a member that is a list of them, such as `scopes_supported` or
    /// `introspection_endpoint_auth_methods_supported`; none if it is anything else.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}

fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Result<Option<&'m str>, FetchError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(format!("its `{name}` is not a string"))),
    }
}

fn malformed(message: impl fmt::Display) -> FetchError {
    FetchError::new(FetchErrorKind::Malformed, message.to_string())
}

/// How much of a name that somebody else chose is shown, in characters.
const SHOWN: usize = 256;

fn mismatch(asked: &str, said: &str) -> FetchError {
    let end = said.char_indices().nth(SHOWN).map(|(end, _)| end);
    let shown = end.and_then(|end| said.get(..end)).unwrap_or(said);
    let mut message =
        format!("the metadata is of the issuer {shown:?}, and {asked:?} was asked for");
    if said.trim_end_matches('/') == asked.trim_end_matches('/') {
        message.push_str(": they differ by a trailing slash, which counts");
    } else {
        message.push_str(
            ": configure the issuer as it writes itself, and the metadata's URL beside it if that \
             is elsewhere",
        );
    }
    FetchError::new(FetchErrorKind::IssuerMismatch, message)
}

/// Where a JSON text goes wrong; the parser's own words may quote it.
struct Place<'e>(&'e serde_json::Error);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.0.line(), self.0.column())
    }
}

/// The members of an object, whose names are unique.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member name occurs twice"));
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.example.com/realms/main";

    fn parse(json: &str) -> Result<Metadata, FetchError> {
        Metadata::parse(json.as_bytes(), ISSUER, UrlRules::default())
    }

    fn kind(json: &str) -> Option<FetchErrorKind> {
        parse(json).err().map(|error| error.kind())
    }

    #[test]
    fn what_is_understood_is_read_and_the_rest_is_kept() {
        let metadata = parse(&format!(
            r#"{{"issuer":"{ISSUER}","jwks_uri":"https://keys.example.com/a?b=c",
                "introspection_endpoint":"https://login.example.com/introspect",
                "scopes_supported":["openid",7,"email"],"mtls_endpoint_aliases":{{"a":1}},
                "backchannel_logout_supported":true,"registration_endpoint":null}}"#
        ))
        .unwrap();
        assert_eq!(metadata.issuer(), ISSUER);
        assert_eq!(metadata.jwks_uri(), Some("https://keys.example.com/a?b=c"));
        assert_eq!(
            metadata.introspection_endpoint(),
            Ok(Some("https://login.example.com/introspect"))
        );
        assert!(metadata.list("scopes_supported").eq(["openid", "email"]));
        assert_eq!(metadata.list("nothing").count(), 0);
        assert_eq!(metadata.list("issuer").count(), 0);
        let logout = metadata.get("backchannel_logout_supported");
        assert_eq!(logout, Some(&Value::Bool(true)));
    }

    #[test]
    fn the_issuer_is_compared_byte_by_byte_and_both_are_shown() {
        for (said, hint) in [
            ("https://login.example.com/realms/main/", "trailing slash"),
            ("https://login.example.com/realms/Main", "configure"),
            ("https://evil.example", "configure"),
            ("", "configure"),
        ] {
            let error = parse(&format!(
                r#"{{"issuer":"{said}","jwks_uri":"https://k.example"}}"#
            ))
            .unwrap_err();
            assert_eq!(error.kind(), FetchErrorKind::IssuerMismatch);
            let message = error.to_string();
            assert!(message.contains(&format!("{said:?}")), "{message}");
            assert!(message.contains(&format!("{ISSUER:?}")), "{message}");
            assert!(message.contains(hint), "{message}");
        }
    }

    #[test]
    fn one_without_keys_says_so_where_they_are_asked_for() {
        for json in [
            format!(r#"{{"issuer":"{ISSUER}"}}"#),
            format!(r#"{{"issuer":"{ISSUER}","jwks_uri":null}}"#),
        ] {
            let metadata = parse(&json).unwrap();
            assert_eq!(metadata.jwks_uri(), None);
            let error = metadata.jwks_url().unwrap_err();
            assert!(error.to_string().contains("no `jwks_uri`"), "{error}");
        }
    }

    #[test]
    fn a_template_is_compared_as_it_is_written() {
        let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
        let json = format!(r#"{{"issuer":"{template}","jwks_uri":"https://k.example"}}"#);
        let metadata = Metadata::parse(json.as_bytes(), template, UrlRules::default()).unwrap();
        assert_eq!(metadata.issuer(), template);
        assert_eq!(kind(&json), Some(FetchErrorKind::IssuerMismatch));
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        for json in [
            String::new(),
            "[]".to_owned(),
            "<html>".to_owned(),
            "{}".to_owned(),
            r#"{"issuer":7,"jwks_uri":"https://k.example"}"#.to_owned(),
            format!(r#"{{"issuer":"{ISSUER}","jwks_uri":["https://k.example"]}}"#),
            format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"https://k.example"}} {{}}"#),
            format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"https://k.example","x":1,"x":1}}"#),
            format!(r#"{{"issuer":"x","iss\u0075er":"{ISSUER}","jwks_uri":"https://k.example"}}"#),
        ] {
            assert_eq!(kind(&json), Some(FetchErrorKind::Malformed), "{json}");
        }
    }

    #[test]
    fn urls_in_the_document_are_checked_too() {
        for url in [
            "http://keys.example.com/",
            "http://localhost/keys",
            "file:///etc/passwd",
            "/keys",
            "https://user@keys.example.com/",
        ] {
            let not_allowed = Some(FetchErrorKind::UrlNotAllowed);
            let jwks = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{url}"}}"#);
            assert_eq!(kind(&jwks), not_allowed, "{url}");
            let introspection = parse(&format!(
                r#"{{"issuer":"{ISSUER}","jwks_uri":"https://k.example","introspection_endpoint":"{url}"}}"#
            ))
            .unwrap();
            let error = introspection.introspection_endpoint().unwrap_err();
            assert_eq!(Some(error.kind()), not_allowed, "{url}");
        }
    }
}
