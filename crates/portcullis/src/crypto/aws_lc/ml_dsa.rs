//! ML-DSA (FIPS 204).

use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87,
    ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};
use zeroize::Zeroizing;

use crate::crypto::{MlDsa, PrivateForm};

pub(super) fn verification(set: MlDsa) -> &'static PqdsaVerificationAlgorithm {
    match set {
        MlDsa::Set44 => &ML_DSA_44,
        MlDsa::Set65 => &ML_DSA_65,
        MlDsa::Set87 => &ML_DSA_87,
    }
}

pub(super) fn signing(set: MlDsa) -> &'static PqdsaSigningAlgorithm {
    match set {
        MlDsa::Set44 => &ML_DSA_44_SIGNING,
        MlDsa::Set65 => &ML_DSA_65_SIGNING,
        MlDsa::Set87 => &ML_DSA_87_SIGNING,
    }
}

/// A pair whose seed is known, so that it can be stored.
pub(super) fn pair(set: MlDsa, form: PrivateForm<'_>) -> Option<PqdsaKeyPair> {
    match form {
        PrivateForm::Pkcs8(der) => {
            let pair = PqdsaKeyPair::from_pkcs8(signing(set), der).ok()?;
            seed(&pair).map(|_| pair)
        }
        PrivateForm::Seed { seed, public } => {
            let pair = PqdsaKeyPair::from_seed(signing(set), seed).ok()?;
            let is_own = pair.public_key().as_ref() == public;
            is_own.then_some(pair)
        }
        PrivateForm::Bare(_) | PrivateForm::Rsa(_) | PrivateForm::Scalar { .. } => None,
    }
}

/// What the pair was made from.
pub(super) fn seed(pair: &PqdsaKeyPair) -> Option<Zeroizing<Vec<u8>>> {
    let der = pair.to_pkcs8v1().ok()?;
    // RFC 9881 section 6: the last of it is `[0] OCTET STRING (SIZE (32))`.
    let (rest, seed) = der.as_ref().split_last_chunk::<32>()?;
    rest.ends_with(&[0x04, 0x22, 0x80, 0x20])
        .then(|| Zeroizing::new(seed.to_vec()))
}
