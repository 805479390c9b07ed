//! Both libraries at once, for tests: whatever one does the other does too, and both
//! must come to the same.
//!
//! Unit tests of keys ask for it by name. With `--cfg portcullis_differential` it is
//! the library of the whole crate, and so every test is one of both.

use std::fmt::Debug;

use super::{
    Backend, Curve, Hash, KeyKind, NoPrivateKey, PrivateForm, PrivatePart, PublicPart, RsaScheme,
    aws_lc::AwsLc, rust_crypto::RustCrypto,
};

/// aws-lc-rs, whose answers count, and RustCrypto, which must give the same.
pub(crate) struct Both;

/// The key in either library; in RustCrypto none where it only verifies.
pub(crate) struct PrivateKey {
    ours: <AwsLc as Backend>::PrivateKey,
    theirs: Option<<RustCrypto as Backend>::PrivateKey>,
}

type Pair<A, B> = (A, B);

impl Backend for Both {
    type Sha256 = Pair<<AwsLc as Backend>::Sha256, <RustCrypto as Backend>::Sha256>;
    type HmacKey = Pair<<AwsLc as Backend>::HmacKey, <RustCrypto as Backend>::HmacKey>;
    type Tag = <AwsLc as Backend>::Tag;
    type PublicKey = (
        <AwsLc as Backend>::PublicKey,
        Option<<RustCrypto as Backend>::PublicKey>,
    );
    type PrivateKey = PrivateKey;

    fn sha256() -> Self::Sha256 {
        (AwsLc::sha256(), RustCrypto::sha256())
    }

    fn update(digest: &mut Self::Sha256, bytes: &[u8]) {
        AwsLc::update(&mut digest.0, bytes);
        RustCrypto::update(&mut digest.1, bytes);
    }

    fn finish(digest: Self::Sha256) -> [u8; 32] {
        same(AwsLc::finish(digest.0), RustCrypto::finish(digest.1))
    }

    fn hmac_key(hash: Hash, secret: &[u8]) -> Self::HmacKey {
        (
            AwsLc::hmac_key(hash, secret),
            RustCrypto::hmac_key(hash, secret),
        )
    }

    fn hmac(key: &Self::HmacKey, message: &[&[u8]]) -> Self::Tag {
        let tag = AwsLc::hmac(&key.0, message);
        same(tag.as_ref(), RustCrypto::hmac(&key.1, message).as_ref());
        tag
    }

    fn hmac_fits(key: &Self::HmacKey, message: &[u8], tag: &[u8]) -> bool {
        same(
            AwsLc::hmac_fits(&key.0, message, tag),
            RustCrypto::hmac_fits(&key.1, message, tag),
        )
    }

    fn is_equal(one: &[u8], other: &[u8]) -> bool {
        same(
            AwsLc::is_equal(one, other),
            RustCrypto::is_equal(one, other),
        )
    }

    fn rsa_public(scheme: RsaScheme, n: &[u8], e: &[u8]) -> Option<Self::PublicKey> {
        let ours = AwsLc::rsa_public(scheme, n, e);
        let (ours, theirs) = both(ours, RustCrypto::rsa_public(scheme, n, e))?;
        Some((ours, Some(theirs)))
    }

    fn ec_public(curve: Curve, point: &[u8]) -> Option<(Self::PublicKey, Vec<u8>)> {
        let ours = AwsLc::ec_public(curve, point);
        let theirs = RustCrypto::ec_public(curve, point);
        let ((ours, coordinates), (theirs, others)) = both(ours, theirs)?;
        Some(((ours, Some(theirs)), same(coordinates, others)))
    }

    fn ed25519_public(point: &[u8; 32]) -> Option<Self::PublicKey> {
        let ours = AwsLc::ed25519_public(point);
        let (ours, theirs) = both(ours, RustCrypto::ed25519_public(point))?;
        Some((ours, Some(theirs)))
    }

    #[cfg(feature = "ml-dsa")]
    fn ml_dsa_public(set: super::MlDsa, bytes: &[u8]) -> Option<Self::PublicKey> {
        Some((AwsLc::ml_dsa_public(set, bytes)?, None))
    }

    fn fits(key: &Self::PublicKey, message: &[u8], signature: &[u8]) -> bool {
        let fits = AwsLc::fits(&key.0, message, signature);
        match &key.1 {
            Some(theirs) => same(fits, RustCrypto::fits(theirs, message, signature)),
            None => fits,
        }
    }

    /// One of RustCrypto's, which aws-lc-rs must be able to read.
    fn generate(kind: KeyKind) -> Result<PrivateKey, NoPrivateKey> {
        let theirs = match RustCrypto::generate(kind) {
            Err(NoPrivateKey::VerifiesOnly) => {
                return AwsLc::generate(kind).map(|ours| PrivateKey { ours, theirs: None });
            }
            theirs => theirs?,
        };
        let (Some(PrivatePart::Bytes(secret)), PublicPart::Bytes(public)) = (
            RustCrypto::private_part(&theirs),
            RustCrypto::public_part(&theirs),
        ) else {
            return Err(NoPrivateKey::Failed);
        };
        let form = match kind {
            KeyKind::Ec(_) => PrivateForm::Scalar {
                scalar: &secret,
                point: &public,
            },
            _ => PrivateForm::Seed {
                seed: &secret,
                public: &public,
            },
        };
        Self::private_key(kind, form)
    }

    fn private_key(kind: KeyKind, form: PrivateForm<'_>) -> Result<PrivateKey, NoPrivateKey> {
        let ours = AwsLc::private_key(kind, form);
        match RustCrypto::private_key(kind, form) {
            Err(NoPrivateKey::VerifiesOnly) => ours.map(|ours| PrivateKey { ours, theirs: None }),
            theirs => {
                same(ours.is_ok(), theirs.is_ok());
                let (ours, theirs) = (ours?, Some(theirs?));
                Ok(PrivateKey { ours, theirs })
            }
        }
    }

    fn public_part(key: &PrivateKey) -> PublicPart {
        let ours = AwsLc::public_part(&key.ours);
        if let Some(theirs) = &key.theirs {
            assert!(
                ours == RustCrypto::public_part(theirs),
                "the public keys differ"
            );
        }
        ours
    }

    fn private_part(key: &PrivateKey) -> Option<PrivatePart> {
        let ours = AwsLc::private_part(&key.ours);
        if let Some(theirs) = &key.theirs {
            assert!(
                ours == RustCrypto::private_part(theirs),
                "the secrets differ"
            );
        }
        ours
    }

    fn signature_length(key: &PrivateKey) -> usize {
        let ours = AwsLc::signature_length(&key.ours);
        match &key.theirs {
            Some(theirs) => same(ours, RustCrypto::signature_length(theirs)),
            None => ours,
        }
    }

    /// By RustCrypto where it signs: whoever verifies asks both.
    fn sign(key: &PrivateKey, message: &[u8]) -> Option<Vec<u8>> {
        match &key.theirs {
            Some(theirs) => RustCrypto::sign(theirs, message),
            None => AwsLc::sign(&key.ours, message),
        }
    }
}

fn both<A, B>(ours: Option<A>, theirs: Option<B>) -> Option<(A, B)> {
    same(ours.is_some(), theirs.is_some());
    ours.zip(theirs)
}

#[track_caller]
fn same<T: PartialEq + Debug>(ours: T, theirs: T) -> T {
    assert_eq!(ours, theirs, "aws-lc-rs and RustCrypto differ");
    ours
}
