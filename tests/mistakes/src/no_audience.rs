use portcullis::{ConfigError, jose::KeySet, verify::Verifier};

pub fn verifier(keys: KeySet) -> Result<Verifier, ConfigError> {
    let builder = Verifier::builder()
        .keys(keys)
        .issuer("https://issuer.example");
    #[cfg(not(mistake))]
    let builder = builder.audience("https://api.example");
    builder.build()
}
