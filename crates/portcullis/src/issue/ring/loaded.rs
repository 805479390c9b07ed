//! A key of a ring, ready to sign and to verify.

use crate::{
    claims::Typ,
    crypto::sha256,
    jose::{EncodedHeader, MAX_KEY_ID, SigningKey, encode_segment},
};

/// A key that was read, under the name that all nodes know it by.
#[derive(Clone, Debug)]
pub(crate) struct LoadedKey {
    pub(super) id: String,
    /// Tells keys of one id apart, and nothing else about them.
    pub(super) check: String,
    pub(crate) key: SigningKey,
    headers: [EncodedHeader; 2],
}

impl LoadedKey {
    /// A key from a file whose name, without its ending, is `stem`.
    ///
    /// Its id is the one it has; without, the thumbprint of a public key, by which
    /// anybody may know it, and the file's name for a secret.
    pub(super) fn new(key: SigningKey, stem: &str) -> Result<Self, String> {
        let id = match key.key_id() {
            Some(id) => id.to_owned(),
            None if key.algorithm().is_symmetric() => stem.to_owned(),
            None => key.thumbprint(),
        };
        if id.is_empty() || id.len() > MAX_KEY_ID {
            return Err(format!(
                "the key id is empty or longer than {MAX_KEY_ID} bytes: use another one"
            ));
        }
        let key = key.with_key_id(&id);
        let header = |typ: Typ| {
            EncodedHeader::new(key.header_json(Some(typ.as_str())).as_bytes(), &key)
                .map_err(|_| "the key id is too long for a token's header".to_owned())
        };
        Ok(Self {
            check: check(&key),
            headers: [header(Typ::Jwt)?, header(Typ::AtJwt)?],
            id,
            key,
        })
    }

    /// The header of the tokens that it signs.
    pub(crate) fn header(&self, typ: Typ) -> &EncodedHeader {
        let [jwt, at_jwt] = &self.headers;
        match typ {
            Typ::Jwt => jwt,
            Typ::AtJwt => at_jwt,
        }
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.id == other.id && self.check == other.check
    }

    /// What the record knows it by.
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.id, &self.check)
    }
}

/// Eight bytes of a digest, which no key can be had from: a secret has 32 random
/// bytes at least.
fn check(key: &SigningKey) -> String {
    let mut message = b"portcullis key ring\0".to_vec();
    message.extend_from_slice(key.algorithm().name().as_bytes());
    message.push(0);
    message.extend_from_slice(key.thumbprint().as_bytes());
    encode_segment(&sha256(&message)[..8])
}
