use portcullis::{ConfigError, jose::KeySet, verify::Verifier};

pub fn verifier(keys: KeySet) -> Result<Verifier, ConfigError> {
    let builder = Verifier::builder().keys(keys);
    #[cfg(not(mistake))]
    let builder = builder.issuer("https://issuer.example");
    builder.audience("https://api.example").build()
}
