//! What is asked of a cryptographic library.

#[cfg(feature = "ml-dsa")]
use super::keys::MlDsa;
use super::keys::{
    Curve, Hash, KeyKind, NoPrivateKey, PrivateForm, PrivatePart, PublicPart, RsaScheme,
};

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
