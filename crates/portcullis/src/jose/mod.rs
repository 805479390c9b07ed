//! Algorithms, keys and signed tokens (RFC 7515 to 7518, RFC 7638, RFC 8037, RFC
//! 9964).
//!
//! A key is made for exactly one [`Algorithm`], checked and prepared when it is
//! loaded; a token only says which key it wants. A token is read in steps: cut
//! ([`CompactJws`]), its [`Header`], the keys it may be tried with
//! ([`KeySet::candidates`]), its signature, and only then its payload.
//!
//! ```
//! use portcullis::jose::{
//!     Algorithm, CompactJws, KeySet, MAX_SIGNATURE, SigningKey, encode_compact,
//! };
//!
//! let key = SigningKey::generate(Algorithm::ES256)?;
//! let header = key.header_json(Some("at+jwt"));
//! let token = encode_compact(header.as_bytes(), br#"{"sub":"alice"}"#, &key)?;
//!
//! let keys = KeySet::from(key.verifying_key());
//! let jws = CompactJws::parse(token.as_bytes(), 8192)?;
//! let (mut buffer, mut signature) = (Vec::new(), [0; MAX_SIGNATURE]);
//! let header = jws.decode_header(&mut buffer)?;
//! let signature = jws.decode_signature(&mut signature)?;
//! let signed = keys
//!     .candidates(header.kid.as_deref(), &header.alg)
//!     .any(|key| key.verify(jws.signing_input(), signature).is_ok());
//! assert!(signed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which library
//!
//! Features say who does the cryptography: `aws-lc` (default), or `rust-crypto` for
//! targets without a C compiler, where RSA keys verify and do not sign
//! (RUSTSEC-2023-0071). Keys and tokens are accepted and refused alike;
//! `docs/crypto.md` says how that is seen to, and more of targets and audits.

mod algorithm;
mod base64url;
mod compact;
mod dangerous_keys;
mod der;
#[cfg(all(feature = "aws-lc", feature = "rust-crypto"))]
mod differential;
mod ed25519;
mod eddsa_name;
mod error;
mod header;
#[cfg(feature = "jsonwebtoken")]
mod jsonwebtoken;
mod jwk;
mod key_set;
mod load;
mod pem;
mod private;
mod public;
mod public_jwks;
mod secret_key;
mod signing;
mod source;
mod thumbprint;
mod verifying;
mod weak;

pub use algorithm::{Algorithm, MAX_SIGNATURE};
pub(crate) use base64url::{Uninit, decode_front, encode_segment_into, uninit};
pub use base64url::{decode_array, decode_segment, decode_segment_into, encode_segment};
pub use compact::{CompactJws, MAX_HEADER, encode_compact};
pub(crate) use compact::{EncodedHeader, Limits};
pub use dangerous_keys::DangerousKeys;
pub use error::{
    JwsError, JwsErrorKind, KeyError, KeyErrorKind, SignError, SignErrorKind, SignatureError,
};
pub use header::{Header, MAX_KEY_ID};
pub use key_set::{KeySet, MAX_CANDIDATES, SkippedKey};
pub use public_jwks::MAX_PUBLIC_KEYS;
pub use signing::SigningKey;
pub(crate) use source::file as read_key_file;
pub use verifying::VerifyingKey;
