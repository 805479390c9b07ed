//! The claims of access tokens, written straight as JSON.

use std::io;

use serde_json::json;

use super::draft::Draft;
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
    AuthTime,
    Client,
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
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let length = members.iter().map(|member| member.json.len() + 16).sum();
        Self { members, length }
    }

    /// Whether only the issuer writes the claim of this name.
    pub(super) fn reserve(&self, name: &str) -> bool {
        RESERVED.contains(&name) || self.members.iter().any(|member| *member.name == *name)
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

impl Member {
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
            Value::AuthTime => object.optional(name, token.auth_time.map(Timestamp::as_secs)),
            Value::Client => object.optional(name, token.client),
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
    use crate::{issue::AccessToken, subject::Subject};

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
        ) {
            let mut shape = TokenShape::rfc9068()
                .subject_claim(subject_claim.as_str())
                .kind_claim(kind_claim.as_str(), kind.as_str(), "");
            prop_assume!(shape.check().is_ok());
            shape.fresh = fresh.is_some();
            let claims = Claims::new(&shape, Some(&issuer), Some(&json!(audience)));
            let further: Option<Map<_, _>> = further.map(|further| {
                let further = further.into_iter().filter(|(name, _)| !claims.reserve(name));
                further.map(|(name, value)| (name, json!(value))).collect()
            });
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
        for name in [
            "identity", "type", "sub", "iss", "aud", "exp", "scope", "fresh",
        ] {
            assert!(claims.reserve(name), "{name}");
        }
        assert!(!claims.reserve("email"));
    }
}
