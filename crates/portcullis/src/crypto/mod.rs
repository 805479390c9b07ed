//! Digests, MACs and signatures: the cryptographic libraries behind one trait.
//!
//! Which library does the work is decided when the crate is compiled: [`Chosen`].
//! Nothing here knows tokens. What a key must be before it comes here, and what is
//! stricter than a library, is the business of `jose`, which is why both libraries
//! answer alike.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod backend;
#[cfg(all(
    any(test, portcullis_differential),
    feature = "aws-lc",
    feature = "rust-crypto"
))]
pub(crate) mod both;
mod keys;
#[cfg(all(
    feature = "rust-crypto",
    any(test, portcullis_differential, not(feature = "aws-lc"))
))]
mod rust_crypto;

pub(crate) use backend::Backend;
#[cfg(feature = "ml-dsa")]
pub(crate) use keys::MlDsa;
pub(crate) use keys::{
    Curve, Hash, KeyKind, NoPrivateKey, PrivateForm, PrivatePart, PublicPart, RsaNumbers, RsaScheme,
};

/// Where both are compiled in, aws-lc-rs wins.
#[cfg(all(feature = "aws-lc", not(portcullis_differential)))]
pub(crate) type Chosen = aws_lc::AwsLc;

#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
pub(crate) type Chosen = rust_crypto::RustCrypto;

#[cfg(all(feature = "aws-lc", portcullis_differential))]
pub(crate) type Chosen = both::Both;

#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
compile_error!(
    "portcullis needs a library for its cryptography: leave its default features on, or turn on \
     `aws-lc` (quicker, needs a C compiler) or `rust-crypto` (pure Rust)"
);

/// A secret, prepared for HMAC.
pub(crate) type HmacKey = <Chosen as Backend>::HmacKey;

/// A MAC.
pub(crate) type Tag = <Chosen as Backend>::Tag;

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = Chosen::sha256();
    Chosen::update(&mut digest, bytes);
    Chosen::finish(digest)
}

pub(crate) fn hmac_key(hash: Hash, secret: &[u8]) -> HmacKey {
    Chosen::hmac_key(hash, secret)
}

/// The MAC of a message in parts.
pub(crate) fn hmac(key: &HmacKey, message: &[&[u8]]) -> Tag {
    Chosen::hmac(key, message)
}

/// Whether both are the same, in a time that does not tell where they differ.
pub(crate) fn is_equal(one: &[u8], other: &[u8]) -> bool {
    Chosen::is_equal(one, other)
}
