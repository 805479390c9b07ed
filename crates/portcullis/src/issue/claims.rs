//! The claims of access tokens, written straight as JSON.

use std::io;

use serde_json::json;

use super::{AccessToken, draft::Draft};
use crate::{
    claims::{RESERVED, TokenShape},
    json::ObjectWriter,
    time::Timestamp,
};

/// What an issuer's tokens claim, in the order of the names.
pub(super) struct Claims {
    members: Vec<Member>,
    /// How long the JSON is without what tokens differ in, roughly.
    length: usize,
}

struct Member {
    name: Box<str>,
    /// The name in JSON with its colon, and the value if it is constant.
    json: String,
    value: Value,
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Constant,
    Acr,
    Amr,
    AuthTime,
    Client,
    Confirmation,
    Expiry,
    Fresh,
    Now,
    Scope,
    Session,
    Subject,
    TokenId,
}

impl Claims {
    /// The claims of tokens of this shape, whose names
    /// [`TokenShape::check`] found to be different.
    pub(super) fn new(
        shape: &TokenShape,
        issuer: Option<&str>,
        audience: Option<&serde_json::Value>,
    ) -> Self {
        let mut members = vec![
            Member::new(&shape.subject, Value::Subject),
            Member::new("auth_time", Value::AuthTime),
            Member::new("client_id", Value::Client),
            Member::new("cnf", Value::Confirmation),
            Member::new("exp", Value::Expiry),
            Member::new("iat", Value::Now),
            Member::new("jti", Value::TokenId),
            Member::new("nbf", Value::Now),
            Member::new("scope", Value::Scope),
            Member::new("sid", Value::Session),
        ];
        members.extend(issuer.map(|issuer| Member::constant("iss", &json!(issuer))));
        members.extend(audience.map(|audience| Member::constant("aud", audience)));
        if let Some(kind) = &shape.kind {
            members.push(Member::constant(&kind.name, &json!(&*kind.access)));
        }
        if shape.fresh {
            members.push(Member::new("fresh", Value::Fresh));
        }
        for (name, value) in LOGIN {
            // An API may have called something else so before there were these.
            if members.iter().all(|member| *member.name != *name) {
                members.push(Member::new(name, value));
            }
        }
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let length = members.iter().map(|member| member.json.len() + 16).sum();
        Self { members, length }
    }

    /// A claim that `token` would have twice, or that only the issuer writes.
    pub(super) fn conflict<'t>(&self, token: &'t AccessToken<'_>) -> Option<&'t str> {
        let has = |value| self.members.iter().any(|member| member.value == value);
        let mut login = LOGIN.iter();
        if let Some((name, _)) = login.find(|(_, value)| value.is_in(token) && !has(*value)) {
            return Some(name);
        }
        let mut further = token.claims.into_iter().flatten();
        further
            .find(|(name, _)| self.reserve(name, token))
            .map(|(name, _)| name.as_str())
    }

    fn reserve(&self, name: &str, token: &AccessToken<'_>) -> bool {
        RESERVED.contains(&name)
            || self.members.iter().any(|member| {
                *member.name == *name && (member.value.is_in(token) || !member.is_of_login())
            })
    }

    /// The JSON of a token's claims; further ones stand where their names
    /// belong.
    pub(super) fn write(&self, draft: &Draft<'_>) -> io::Result<Vec<u8>> {
        let Draft { token, id, .. } = draft;
        let texts = [token.subject.name(), token.scope.as_str(), id];
        let texts = texts.into_iter().chain(token.session).chain(token.client);
        let length = self.length + texts.map(str::len).sum::<usize>();
        let mut object = ObjectWriter::new(Vec::with_capacity(length));
        let mut further = token.claims.into_iter().flatten().peekable();
        for member in &self.members {
            while let Some((name, value)) =
                further.next_if(|(name, _)| name.as_str() < &*member.name)
            {
                object.member(name, value)?;
            }
            member.write(draft, &mut object)?;
        }
        for (name, value) in further {
            object.member(name, value)?;
        }
        object.end()
    }
}

/// What a token says of the login only if it is told: as long as it is not, the
/// application may write it as it writes any further claim.
const LOGIN: [(&str, Value); 2] = [("acr", Value::Acr), ("amr", Value::Amr)];

impl Value {
    /// Whether `token` says how the login was.
    fn is_in(self, token: &AccessToken<'_>) -> bool {
        match self {
            Self::Acr => token.acr.is_some(),
            Self::Amr => !token.amr.is_empty(),
            _ => false,
        }
    }
}

impl Member {
    fn is_of_login(&self) -> bool {
        matches!(self.value, Value::Acr | Value::Amr)
    }

    fn new(name: &str, value: Value) -> Self {
        Self {
            json: format!("{}:", json!(name)),
            name: name.into(),
            value,
        }
    }

    fn constant(name: &str, value: &serde_json::Value) -> Self {
        Self {
            json: format!("{}:{value}", json!(name)),
            name: name.into(),
            value: Value::Constant,
        }
    }

    /// Writes the claim, unless there is nothing to claim.
    fn write(&self, draft: &Draft<'_>, object: &mut ObjectWriter<Vec<u8>>) -> io::Result<()> {
        let Draft {
            token,
            id,
            now,
            end,
        } = draft;
        let name = &self.json;
        match self.value {
            Value::Constant => object.json(name),
            Value::Acr => object.optional(name, token.acr),
            Value::Amr if token.amr.is_empty() => Ok(()),
            Value::Amr => object.value(name, &token.amr),
            Value::AuthTime => object.optional(name, token.auth_time.map(Timestamp::as_secs)),
            Value::Client => object.optional(name, token.client),
            Value::Confirmation => object.optional(name, token.confirmation),
            Value::Expiry => object.optional(name, end.map(Timestamp::as_secs)),
            Value::Fresh => object.value(name, token.fresh),
            Value::Now => object.value(name, now.as_secs()),
            Value::Scope if token.scope.is_empty() => Ok(()),
            Value::Scope => object.plain(name, token.scope.as_str()),
            Value::Session => object.optional(name, token.session),
            Value::Subject => object.value(name, token.subject.name()),
            Value::TokenId => object.plain(name, id),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::btree_map, option, prelude::*};
    use serde_json::Map;

    use super::*;
    use crate::{claims::KeyConfirmation, subject::Subject};

    proptest! {
        #[test]
        fn claims_are_written_as_serde_json_writes_them(
            [subject_claim, kind_claim]: [String; 2],
            [subject, kind, issuer]: [String; 3],
            audience: Vec<String>,
            client: Option<String>,
            session: Option<String>,
            scope in "([!#-\\[\\]-~]{1,4} ?){0,4}",
            times: (i64, Option<i64>, Option<i64>),
            further in option::of(btree_map(any::<String>(), any::<(String, i64, bool)>(), 0..9)),
            fresh: Option<bool>,
            acr: Option<String>,
            amr in proptest::collection::vec(any::<String>(), 0..3),
            key: Option<String>,
        ) {
            let mut shape = TokenShape::rfc9068()
                .subject_claim(subject_claim.as_str())
                .kind_claim(kind_claim.as_str(), kind.as_str(), "");
            prop_assume!(shape.check().is_ok());
            shape.fresh = fresh.is_some();
            let claims = Claims::new(&shape, Some(&issuer), Some(&json!(audience)));
            let subject = Subject::new("users", subject);
            let (now, end, auth_time) = times;
            let [end, auth_time] = [end, auth_time].map(|time| time.map(Timestamp::from_millis));
            let now = Timestamp::from_millis(now);
            let mut token = AccessToken::new(&subject)
                .client(client.as_deref())
                .scope(scope.parse().unwrap())
                .fresh(fresh.unwrap_or_default())
                .auth_time(auth_time);
            token.session = session.as_deref();
            let key = key.map(KeyConfirmation::jkt);
            token = token.acr(acr.as_deref()).amr(amr.iter().map(String::as_str));
            token = token.confirmation(&key);
            prop_assume!(claims.conflict(&token).is_none());
            let further: Option<Map<_, _>> = further.map(|further| {
                let further = further.into_iter().filter(|(name, _)| !claims.reserve(name, &token));
                further.map(|(name, value)| (name, json!(value))).collect()
            });
            token.claims = further.as_ref();

            let mut expected = BTreeMap::from([
                (&*subject_claim, json!(subject.name())),
                (&*kind_claim, json!(kind)),
                ("iss", json!(issuer)),
                ("aud", json!(audience)),
                ("iat", json!(now.as_secs())),
                ("nbf", json!(now.as_secs())),
                ("jti", json!("the-id")),
            ]);
            let scope = Some(token.scope.to_string()).filter(|scope| !scope.is_empty());
            let optional = [
                ("acr", acr.as_ref().map(|acr| json!(acr))),
                ("amr", Some(json!(amr)).filter(|_| !amr.is_empty())),
                ("cnf", key.as_ref().map(|key| json!(key))),
                ("auth_time", auth_time.map(|time| json!(time.as_secs()))),
                ("client_id", client.as_ref().map(|client| json!(client))),
                ("exp", end.map(|end| json!(end.as_secs()))),
                ("fresh", fresh.map(|fresh| json!(fresh))),
                ("scope", scope.map(|scope| json!(scope))),
                ("sid", session.as_ref().map(|session| json!(session))),
            ];
            expected.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
            for (name, value) in further.iter().flatten() {
                expected.insert(name, value.clone());
            }

            let id = "the-id".to_owned();
            let written = claims.write(&Draft { token: &token, id, now, end }).unwrap();
            let written = String::from_utf8(written).unwrap();
            prop_assert_eq!(written, serde_json::to_string(&expected).unwrap());
        }
    }

    #[test]
    fn what_the_issuer_writes_is_reserved() {
        let claims = Claims::new(&TokenShape::session(), None, None);
        let alice = Subject::new("users", "alice");
        let token = AccessToken::new(&alice);
        let conflict = |token: &AccessToken<'_>, name: &str| {
            let further = Map::from_iter([(name.to_owned(), json!(1))]);
            claims.conflict(&token.clone().claims(&further)).is_some()
        };
        for name in [
            "identity", "type", "sub", "iss", "aud", "exp", "scope", "fresh", "cnf",
        ] {
            assert!(conflict(&token, name), "{name}");
        }
        for name in ["email", "acr", "amr"] {
            assert!(!conflict(&token, name), "{name}");
        }
        let strong = token.acr("mfa").amr(["pwd", "otp"]);
        assert!(conflict(&strong, "acr") && conflict(&strong, "amr"));
        assert!(!conflict(&strong, "email"));
    }

    #[test]
    fn a_shape_that_has_the_name_for_something_else_keeps_it() {
        let shape = TokenShape::plain().kind_claim("acr", "access", "refresh");
        let claims = Claims::new(&shape, None, None);
        let alice = Subject::new("users", "alice");
        let token = AccessToken::new(&alice).amr(["pwd"]);
        assert_eq!(claims.conflict(&token), None);
        assert_eq!(claims.conflict(&token.acr("mfa")), Some("acr"));
    }
}
