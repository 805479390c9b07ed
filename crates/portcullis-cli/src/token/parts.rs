//! What a token consists of, without a look at who made it.

use portcullis::{
    jose::{Header, decode_segment},
    time::Timestamp,
};
use serde_json::Value;

use super::members::Members;

/// A token, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parts {
    /// Three parts, the first of which is a JSON object (RFC 7515).
    Signed {
        header: Members,
        payload: Payload,
        signature: usize,
    },
    /// Five parts: what is in it is for the holder of a key (RFC 7516).
    Encrypted { header: Members },
    /// Anything else: it means something to its issuer only.
    Opaque,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Payload {
    Claims(Members),
    /// Not a JSON object, be it text or not.
    Other(Vec<u8>),
}

impl Parts {
    pub(super) fn of(token: &[u8]) -> Self {
        let segments: Vec<_> = token.split(|byte| *byte == b'.').collect();
        let header = segments.first().and_then(|segment| decoded(segment));
        let header = header.and_then(|json| Members::parse(&json));
        match (header, segments.as_slice()) {
            (Some(header), [_, payload, signature]) => {
                let payload = decoded(payload).unwrap_or_else(|| payload.to_vec());
                Self::Signed {
                    header,
                    payload: match Members::parse(&payload) {
                        Some(claims) => Payload::Claims(claims),
                        None => Payload::Other(payload),
                    },
                    signature: decoded(signature).map_or(0, |bytes| bytes.len()),
                }
            }
            (Some(header), [_, _, _, _, _]) => Self::Encrypted { header },
            _ => Self::Opaque,
        }
    }

    pub(super) fn header(&self) -> Option<&Members> {
        match self {
            Self::Signed { header, .. } | Self::Encrypted { header } => Some(header),
            Self::Opaque => None,
        }
    }

    pub(super) fn claims(&self) -> Option<&Members> {
        match self {
            Self::Signed {
                payload: Payload::Claims(claims),
                ..
            } => Some(claims),
            _ => None,
        }
    }

    /// What a verifier is going to dislike, whatever its settings.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let Self::Signed {
            header,
            payload,
            signature,
        } = self
        else {
            return problems;
        };
        let json = Value::Object(header.object()).to_string();
        for name in header.repeated() {
            problems.push(format!(
                "the header parameter `{name}` is there more than once"
            ));
        }
        if header.get("alg").and_then(Value::as_str) == Some("none") {
            problems.push("it is not signed (`alg` is `none`): anybody can make one".to_owned());
        } else if let Err(error) = Header::parse(json.as_bytes()) {
            problems.push(format!("the header is refused: {error}"));
        } else if *signature == 0 {
            problems.push("the signature is empty, or not in base64url".to_owned());
        }
        match payload {
            Payload::Claims(claims) => claim_problems(claims, &mut problems),
            Payload::Other(_) => problems.push("the claims are not a JSON object".to_owned()),
        }
        problems
    }
}

fn claim_problems(claims: &Members, problems: &mut Vec<String>) {
    for name in claims.repeated() {
        problems.push(format!("the claim `{name}` is there more than once"));
    }
    if claims.get("exp").is_none() {
        problems.push("it has no `exp`, so that it would never expire".to_owned());
    }
    for (name, value) in claims.iter() {
        if !DATES.contains(&name) {
            continue;
        }
        match value.as_f64() {
            None => problems.push(format!("`{name}` is not a number of seconds")),
            Some(secs) if secs >= MILLIS => problems.push(format!(
                "`{name}` is in milliseconds, it seems: tokens have seconds"
            )),
            Some(_) => {}
        }
    }
}

/// Claims that are dates (RFC 7519 section 4.1, OpenID Connect Core 1.0 section 2 and
/// 5.1).
const DATES: [&str; 5] = ["exp", "nbf", "iat", "auth_time", "updated_at"];

/// As seconds, the year 5138; as milliseconds, 1973.
const MILLIS: f64 = 1e11;

/// The point in time that a claim means, if it is one that is a date.
pub(super) fn date(name: &str, value: &Value) -> Option<Timestamp> {
    let secs = value.as_f64().filter(|_| DATES.contains(&name))?;
    // `as` saturates.
    Some(Timestamp::from_millis((secs * 1000.0) as i64))
}

fn decoded(segment: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    decode_segment(segment, &mut bytes).ok()?;
    Some(bytes)
}
