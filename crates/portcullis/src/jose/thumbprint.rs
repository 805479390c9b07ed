//! Thumbprints of keys (RFC 7638).

use std::io;

use super::{KeyError, base64url::encode_segment};
use crate::{
    crypto::{Backend, Chosen},
    json::ObjectWriter,
};

type Sha256 = <Chosen as Backend>::Sha256;

/// The SHA-256 thumbprint in base64url of the required members of a key, which
/// come in the order of their names and need no escape (RFC 7638 section 3).
pub(super) fn thumbprint(members: &[(&str, &str)]) -> Result<String, KeyError> {
    hash(members)
        .map(|hash| encode_segment(&Chosen::finish(hash)))
        .map_err(|_| KeyError::backend())
}

fn hash(members: &[(&str, &str)]) -> io::Result<Sha256> {
    let mut object = ObjectWriter::new(Hash(Chosen::sha256()));
    for (name, text) in members {
        object.plain_member(name, text)?;
    }
    object.end().map(|hash| hash.0)
}

/// Hashes what is written. It is kept nowhere: it may be a secret.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Chosen::update(&mut self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 section 3.1 and RFC 8037 appendix A.3.
    #[test]
    fn the_vectors_fit() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1\
                 L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F\
                 DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6We\
                 Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let rsa = [("e", "AQAB"), ("kty", "RSA"), ("n", n)];
        assert_eq!(
            thumbprint(&rsa).unwrap(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        let ed25519 = [
            ("crv", "Ed25519"),
            ("kty", "OKP"),
            ("x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        ];
        assert_eq!(
            thumbprint(&ed25519).unwrap(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}
