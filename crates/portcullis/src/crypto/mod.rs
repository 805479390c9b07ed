//! Digests, MACs and signatures: the cryptographic libraries behind one trait.
//!
//! Which library does the work is decided when the crate is compiled: [`Chosen`].
//! Nothing here knows tokens. What a key must be before it comes here, and what is
//! stricter than a library, is the business of `jose`, which is why both libraries
//! answer alike.

#[cfg(feature = "aws-lc")]
mod aws_lc;
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

/// What a cryptographic library has to offer.
pub(crate) trait Backend: Sized + 'static {
    /// A digest in the making.
    type Sha256;
    /// A secret, prepared.
    type HmacKey: Send + Sync;
    /// A whole MAC.
    type Tag: AsRef<[u8]>;
    /// A public key, prepared for one algorithm.
    type PublicKey: Send + Sync;
    /// A private key, prepared for one algorithm.
    type PrivateKey: Send + Sync;

    fn sha256() -> Self::Sha256;
    fn update(digest: &mut Self::Sha256, bytes: &[u8]);
    fn finish(digest: Self::Sha256) -> [u8; 32];

    fn hmac_key(hash: Hash, secret: &[u8]) -> Self::HmacKey;
    /// The MAC of a message in parts.
    fn hmac(key: &Self::HmacKey, message: &[&[u8]]) -> Self::Tag;
    /// In a time that does not tell where the tags differ.
    fn hmac_fits(key: &Self::HmacKey, message: &[u8], tag: &[u8]) -> bool;
    /// In a time that does not tell where they differ.
    fn is_equal(one: &[u8], other: &[u8]) -> bool;

    /// From modulus and exponent, most significant byte first, without leading
    /// zeros, of 2048 to 8192 and 17 to 33 bits, both odd.
    fn rsa_public(scheme: RsaScheme, n: &[u8], e: &[u8]) -> Option<Self::PublicKey>;
    /// From a point of SEC 1 section 2.3.3, compressed or not; with its coordinates.
    fn ec_public(curve: Curve, point: &[u8]) -> Option<(Self::PublicKey, Vec<u8>)>;
    /// From a canonical point that is not of small order.
    fn ed25519_public(point: &[u8; 32]) -> Option<Self::PublicKey>;
    /// From the bytes of FIPS 204 section 5.3, of their exact length.
    #[cfg(feature = "ml-dsa")]
    fn ml_dsa_public(set: MlDsa, bytes: &[u8]) -> Option<Self::PublicKey>;
    /// Whether the signature is raw, of its exact length, and the key's.
    fn fits(key: &Self::PublicKey, message: &[u8], signature: &[u8]) -> bool;

    /// A new key. RSA keys have 3072 bits, as strong as SHA-256.
    fn generate(kind: KeyKind) -> Result<Self::PrivateKey, NoPrivateKey>;
    fn private_key(kind: KeyKind, form: PrivateForm<'_>) -> Result<Self::PrivateKey, NoPrivateKey>;
    /// The public part.
    fn public_part(key: &Self::PrivateKey) -> PublicPart;
    /// The private part, to be stored.
    fn private_part(key: &Self::PrivateKey) -> Option<PrivatePart>;
    fn signature_length(key: &Self::PrivateKey) -> usize;
    fn sign(key: &Self::PrivateKey, message: &[u8]) -> Option<Vec<u8>>;
}

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
