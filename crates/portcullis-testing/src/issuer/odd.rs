//! Entries of key sets that are no use to whoever verifies tokens.

/// The modulus of the RSA key in `crate::keys`: nothing is wrong with it.
macro_rules! good_modulus {
    () => {
        concat!(
            "mlgymL0x3apo-HLgPHcBGg_LfyNlNjHrow3yxIdfAkN7VkbzkXSSRdMpNfG8P5R7KWt93IRnvYLl",
            "bdpwK5PQB3CVwc-Yj8LDLCN-OrKBPvrkYieaIxEVB9KRKCeBIM53wbHsJd6I6vLMu28jhp5AWbdV",
            "BA71R4yVLigCipOPnSH8pDjoeQC35uvxt_H3uBW7GEqh3DqMtdN0JvMuLiSQjeMFs2ig-AEBMVrP",
            "bf0obMnsGxDObESMQKC7hdUVJrBhHZZz3Y1W-rTJ0pe_qQJvNd6SoqKkGOvkqMHZbmgzkWRe1zG6",
            "yWfHBwFCCvy7VAF1HEmEB0CV6HMOOkhkhmpl8w"
        )
    };
}

/// An entry of a key set that a verifier has to leave out, without leaving
/// out the others.
///
/// Only [`Secret`](Self::Secret) asks for more care: the whole of a set that
/// has it may be refused (RFC 8725 section 3.1), but providers' other keys are
/// as good as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OddKey {
    /// A type that nobody knows yet.
    UnknownType,
    /// ML-DSA, of the type `AKP` (RFC 9964).
    PostQuantum,
    /// A curve that is for signing, but seldom known: secp256k1.
    UnknownCurve,
    /// An algorithm that nobody knows, on a good RSA key.
    UnknownAlgorithm,
    /// `use: enc`: for encryption, as Keycloak publishes beside the others.
    ForEncryption,
    /// For encryption by its `key_ops`.
    ForWrapping,
    /// RSA of 1024 bits.
    WeakRsa,
    /// A shared secret, `oct`, which nobody should publish.
    Secret,
    /// A point that is not on its curve.
    OffCurve,
    /// A coordinate that is too short.
    ShortCoordinate,
    /// Base64 with padding, as no JWK has it.
    Padded,
    /// No `kty`.
    NoType,
    /// `kid` is a number.
    NumberAsKeyId,
    /// A member occurs twice.
    Twice,
    /// An entry that is no object.
    NoObject,
}

impl OddKey {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::UnknownType,
        Self::PostQuantum,
        Self::UnknownCurve,
        Self::UnknownAlgorithm,
        Self::ForEncryption,
        Self::ForWrapping,
        Self::WeakRsa,
        Self::Secret,
        Self::OffCurve,
        Self::ShortCoordinate,
        Self::Padded,
        Self::NoType,
        Self::NumberAsKeyId,
        Self::Twice,
        Self::NoObject,
    ];

    /// The entry, as it stands in a key set. A `kid` is `odd` in all of them.
    pub const fn json(self) -> &'static str {
        match self {
            Self::UnknownType => r#"{"kty":"LATTICE","kid":"odd","alg":"RS256","use":"sig"}"#,
            Self::PostQuantum => r#"{"kty":"AKP","kid":"odd","alg":"ML-DSA-44","pub":"AAECAw"}"#,
            Self::UnknownCurve => concat!(
                r#"{"kty":"EC","crv":"secp256k1","kid":"odd","alg":"ES256K","use":"sig","#,
                r#""x":"eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g","#,
                r#""y":"SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"}"#
            ),
            Self::UnknownAlgorithm => concat!(
                r#"{"kty":"RSA","kid":"odd","alg":"RS1024","use":"sig","e":"AQAB","n":""#,
                good_modulus!(),
                r#""}"#
            ),
            Self::ForEncryption => concat!(
                r#"{"kty":"RSA","kid":"odd","alg":"RSA-OAEP","use":"enc","e":"AQAB","n":""#,
                good_modulus!(),
                r#""}"#
            ),
            Self::ForWrapping => concat!(
                r#"{"kty":"RSA","kid":"odd","key_ops":["wrapKey"],"e":"AQAB","n":""#,
                good_modulus!(),
                r#""}"#
            ),
            Self::WeakRsa => concat!(
                r#"{"kty":"RSA","kid":"odd","alg":"RS256","use":"sig","e":"AQAB","#,
                r#""n":"yPKXnIBavmghG9sYW6LI2GC9iMWnrKEnKnCagY8bjK58ayMTL1ThblDEho3CkyhZ2aoCgvyYc3bLcn-LJnRBF7_Mnjr1X3ClY9e_rfmKwOzMXE2Jp0KdiPsoCpMD0nIuZNaKre6-8D5Em56eNvkmOMmbFu7muMzUX8SFJrtu-SM"}"#
            ),
            Self::Secret => concat!(
                r#"{"kty":"oct","kid":"odd","alg":"HS256","#,
                r#""k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"}"#
            ),
            Self::OffCurve => concat!(
                r#"{"kty":"EC","crv":"P-256","kid":"odd","alg":"ES256","use":"sig","#,
                r#""x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","#,
                r#""y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}"#
            ),
            Self::ShortCoordinate => concat!(
                r#"{"kty":"EC","crv":"P-256","kid":"odd","alg":"ES256","use":"sig","#,
                r#""x":"AQ","y":"AQ"}"#
            ),
            Self::Padded => concat!(
                r#"{"kty":"OKP","crv":"Ed25519","kid":"odd","alg":"EdDSA","use":"sig","#,
                r#""x":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}"#
            ),
            Self::NoType => r#"{"kid":"odd","alg":"ES256","use":"sig"}"#,
            Self::NumberAsKeyId => concat!(
                r#"{"kty":"OKP","crv":"Ed25519","kid":7,"#,
                r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
            ),
            Self::Twice => concat!(
                r#"{"kty":"OKP","kty":"EC","crv":"Ed25519","kid":"odd","#,
                r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
            ),
            Self::NoObject => "null",
        }
    }
}
