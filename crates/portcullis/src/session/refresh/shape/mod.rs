//! The claims of refresh tokens, in the names of an API.

use std::{io, sync::Arc};

use serde::de::MapAccess;
use serde_json::{Deserializer, json, value::RawValue};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{RefreshClaims, RefreshErrorKind, RefreshFamily, SessionSecret};
use crate::{
    claims::{KeyConfirmation, ScopeSet, is_canonical},
    issue::TokenIssuer,
    jose::{decode_array, encode_segment_into},
    json::{Member, Members, Name, ObjectWriter, read_object},
    secret::SecretBuffer,
    session::{SessionData, SessionId, Successor, rules::MAX_GENERATION},
    subject::Subject,
    time::Timestamp,
};

/// The names under which an API's refresh tokens say what they say: those of
/// its access tokens.
#[derive(Debug)]
pub(super) struct Shape {
    realm: Arc<str>,
    subject_claim: Arc<str>,
    /// The name and the value of the claim that marks a refresh token.
    kind: (Arc<str>, Arc<str>),
    issuer: Option<String>,
    /// The `aud` claim, in JSON.
    audience: Option<String>,
    /// What all tokens claim, in JSON.
    constant: String,
    /// The name of the subject's claim, in JSON with its colon.
    subject: String,
    /// Whether two claims share a name, so that no token can be made.
    is_ambiguous: bool,
    /// Whether one of those that not every token has does, so that only a token
    /// without them can be made.
    is_plain: bool,
}

/// What a token's claims take besides those that are of any length: 13 names
/// and what punctuates them, two UUIDs, a secret and six numbers.
const FIXED_LENGTH: usize = 400;

/// The names of all claims but the kind and the subject.
const NAMES: [&str; 15] = [
    "iss",
    "aud",
    "fresh",
    "realm",
    "sid",
    "gen",
    "sec",
    "client_id",
    "scope",
    "auth_time",
    "iat",
    "nbf",
    "exp",
    "session_exp",
    "jti",
];

/// The names of claims that tokens have only if there is something to say: an API may
/// have taken them for its own before there were these.
const OPTIONAL_NAMES: [&str; 4] = ["acr", "amr", "cnf", "data"];

impl Shape {
    pub(super) fn new(issuer: &TokenIssuer) -> Self {
        let shape = issuer.shape();
        let kind = match &shape.kind {
            Some(kind) => (kind.name.clone(), kind.refresh.clone()),
            None => ("type".into(), "refresh".into()),
        };
        let audience = issuer.audience_claim().map(|audience| audience.to_string());
        let mut constant = format!("{}:{}", json!(&*kind.0), json!(&*kind.1));
        if let Some(issuer) = issuer.issuer() {
            constant += &format!(r#","iss":{}"#, json!(issuer));
        }
        if let Some(audience) = &audience {
            constant += &format!(r#","aud":{audience}"#);
        }
        if shape.fresh {
            constant += r#","fresh":false"#;
        }
        let is_taken = |name: &Arc<str>| NAMES.contains(&&**name);
        let is_optional = |name: &Arc<str>| OPTIONAL_NAMES.contains(&&**name);
        Self {
            realm: shape.realm.clone(),
            subject_claim: shape.subject.clone(),
            issuer: issuer.issuer().map(str::to_owned),
            audience,
            constant,
            subject: format!("{}:", json!(&*shape.subject)),
            is_ambiguous: is_taken(&kind.0) || is_taken(&shape.subject) || kind.0 == shape.subject,
            is_plain: is_optional(&kind.0) || is_optional(&shape.subject),
            kind,
        }
    }

    /// The claims in their one order, which is what makes a token the same
    /// whenever it is made.
    pub(super) fn write(
        &self,
        family: &RefreshFamily,
        token: &Successor,
    ) -> io::Result<SecretBuffer> {
        if self.is_ambiguous || (self.is_plain && has_optional(family)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (subject, session) = (&family.subject, family.session.as_str());
        let (client, scope) = (family.client.as_deref(), family.scope.as_str());
        let data = family.data.as_ref().map(SessionData::as_json);
        let texts = [subject.realm(), subject.name(), scope];
        let texts = texts.into_iter().chain(client).chain(data).map(str::len);
        let known = self.constant.len() + self.subject.len() + FIXED_LENGTH;
        let buffer = SecretBuffer::with_capacity(known + texts.sum::<usize>());

        let (mut secret, mut id) = (Zeroizing::new([0; 43]), Uuid::encode_buffer());
        let secret = encode_segment_into(family.secret.expose(), &mut *secret);
        let id = family.token_id(token).hyphenated().encode_lower(&mut id);
        let auth_time = family.auth_time.map(Timestamp::as_secs);
        let mut claims = ObjectWriter::new(buffer);
        claims.json(&self.constant)?;
        claims.value(r#""realm":"#, subject.realm())?;
        claims.value(&self.subject, subject.name())?;
        claims.plain(r#""sid":"#, session)?;
        claims.value(r#""gen":"#, token.generation)?;
        claims.plain(r#""sec":"#, secret.unwrap_or_default())?;
        claims.optional(r#""client_id":"#, client)?;
        if !scope.is_empty() {
            claims.plain(r#""scope":"#, scope)?;
        }
        claims.optional(r#""auth_time":"#, auth_time)?;
        claims.optional(r#""acr":"#, family.acr.as_deref())?;
        if !family.amr.is_empty() {
            claims.value(r#""amr":"#, &family.amr)?;
        }
        claims.optional(r#""cnf":"#, family.confirmation.as_ref())?;
        claims.optional(r#""data":"#, family.data.as_ref())?;
        claims.value(r#""iat":"#, token.rotated_at.as_secs())?;
        claims.value(r#""nbf":"#, token.rotated_at.as_secs())?;
        claims.value(r#""exp":"#, token.idle_deadline.as_secs())?;
        claims.value(r#""session_exp":"#, token.absolute_deadline.as_secs())?;
        claims.plain(r#""jti":"#, id)?;
        claims.end()
    }

    /// Reads the claims of a token whose signature is good.
    pub(super) fn read(&self, json: &[u8]) -> Result<RefreshClaims, RefreshErrorKind> {
        let mut reader = ClaimsReader {
            shape: self,
            claims: Claims::default(),
        };
        read_object(Deserializer::from_slice(json), &mut reader)
            .map_err(|_| RefreshErrorKind::Claims)?;
        let claims = reader.claims;
        if !claims.are_of(self) {
            return Err(RefreshErrorKind::WrongKind);
        }
        claims.check(&self.realm).ok_or(RefreshErrorKind::Claims)
    }
}

/// Whether its tokens have claims that not every token has.
fn has_optional(family: &RefreshFamily) -> bool {
    family.acr.is_some()
        || !family.amr.is_empty()
        || family.confirmation.is_some()
        || family.data.is_some()
}

/// The claims as they stand in a token.
#[derive(Default)]
struct Claims<'a> {
    kind: Option<Name<'a>>,
    issuer: Option<Name<'a>>,
    audience: Option<&'a RawValue>,
    realm: Option<Name<'a>>,
    subject: Option<Name<'a>>,
    session: Option<Name<'a>>,
    generation: Option<u64>,
    secret: Option<Name<'a>>,
    client: Option<Name<'a>>,
    scope: Option<Name<'a>>,
    auth_time: Option<i64>,
    acr: Option<String>,
    amr: Option<Vec<String>>,
    confirmation: Option<KeyConfirmation>,
    data: Option<SessionData>,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
    session_ends_at: Option<i64>,
    /// Whether there are others.
    is_newer: bool,
}

impl Claims<'_> {
    /// Whether they are those of a refresh token of this API.
    fn are_of(&self, shape: &Shape) -> bool {
        self.kind.as_deref() == Some(&*shape.kind.1)
            && self.realm.as_deref() == Some(&*shape.realm)
            && self.issuer.as_deref() == shape.issuer.as_deref()
            && self.audience.map(RawValue::get) == shape.audience.as_deref()
            && self.subject.is_some()
    }

    fn check(self, realm: &Arc<str>) -> Option<RefreshClaims> {
        let secret = decode_array(self.secret?.as_bytes()).ok()?;
        Some(RefreshClaims {
            family: RefreshFamily {
                subject: Subject::new(Arc::clone(realm), &*self.subject?),
                session: SessionId::parse(&self.session?)?,
                secret: SessionSecret::from_bytes(secret),
                client: self.client.map(|client| client.0.into_owned()),
                scope: match self.scope {
                    None => ScopeSet::new(),
                    Some(scope) if !is_canonical(&scope) => return None,
                    Some(scope) => ScopeSet::of_part(&Arc::from(&*scope), 0..scope.len()),
                },
                auth_time: self.auth_time.map(Timestamp::from_secs),
                acr: self.acr,
                amr: self.amr.unwrap_or_default(),
                confirmation: self.confirmation,
                data: self.data,
            },
            generation: self
                .generation
                .filter(|generation| *generation <= MAX_GENERATION)?,
            issued_at: Timestamp::from_secs(self.issued_at?),
            expires_at: Timestamp::from_secs(self.expires_at?),
            session_ends_at: Timestamp::from_secs(self.session_ends_at?),
            is_newer: self.is_newer,
        })
    }
}

/// The claims while they are read, by the names of an API.
struct ClaimsReader<'s, 'a> {
    shape: &'s Shape,
    claims: Claims<'a>,
}

impl<'de> Members<'de> for ClaimsReader<'_, 'de> {
    type Fault = ();

    fn read<'m, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        member: Member<'m, A, ()>,
    ) -> Result<Option<Member<'m, A, ()>>, A::Error> {
        let Self { shape, claims } = self;
        match name {
            name if *name == *shape.kind.0 => member.into(&mut claims.kind, ()),
            name if *name == *shape.subject_claim => member.into(&mut claims.subject, ()),
            "iss" => member.into(&mut claims.issuer, ()),
            "aud" => member.into(&mut claims.audience, ()),
            "realm" => member.into(&mut claims.realm, ()),
            "sid" => member.into(&mut claims.session, ()),
            "gen" => member.into(&mut claims.generation, ()),
            "sec" => member.into(&mut claims.secret, ()),
            "client_id" => member.into(&mut claims.client, ()),
            "scope" => member.into(&mut claims.scope, ()),
            "auth_time" => member.into(&mut claims.auth_time, ()),
            "acr" => member.into(&mut claims.acr, ()),
            "amr" => member.into(&mut claims.amr, ()),
            "cnf" => member.into(&mut claims.confirmation, ()),
            "data" => member.into(&mut claims.data, ()),
            "iat" => member.into(&mut claims.issued_at, ()),
            "exp" => member.into(&mut claims.expires_at, ()),
            "session_exp" => member.into(&mut claims.session_ends_at, ()),
            "fresh" | "nbf" | "jti" => Ok(Some(member)),
            _ => {
                claims.is_newer = true;
                Ok(Some(member))
            }
        }
    }
}

#[cfg(test)]
mod tests;
