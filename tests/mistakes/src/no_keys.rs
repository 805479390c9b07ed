use portcullis::{ConfigError, jose::KeySet, verify::Verifier};

pub fn verifier(keys: KeySet) -> Result<Verifier, ConfigError> {
    let builder = Verifier::builder();
    #[cfg(not(mistake))]
    let builder = builder.keys(keys);
    builder
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
}
