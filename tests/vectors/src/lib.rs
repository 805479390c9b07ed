//! Published test vectors, run against the core; the vectors are in `tests/`.

use portcullis::jose::{CompactJws, KeySet, MAX_SIGNATURE, decode_segment};

/// Verifies a token as a verifier does, and answers with its payload.
///
/// # Errors
///
/// What the first failing step said.
pub fn open(keys: &KeySet, token: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let jws = CompactJws::parse(token.as_bytes(), 8192)?;
    let (mut header, mut signature) = (Vec::new(), [0; MAX_SIGNATURE]);
    let header = jws.decode_header(&mut header)?;
    let signature = jws.decode_signature(&mut signature)?;
    keys.candidates(header.kid.as_deref(), &header.alg)
        .find(|key| key.verify(jws.signing_input(), signature).is_ok())
        .ok_or("no key fits")?;
    let mut payload = Vec::new();
    jws.decode_payload(&mut payload)?;
    Ok(payload)
}

/// The bytes of the last block of a PEM text.
pub fn der(pem: &str) -> Option<Vec<u8>> {
    let block = pem.rsplit("-----BEGIN ").next()?;
    let body: String = block
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('-'))
        .collect();
    let body = body
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    let mut der = Vec::new();
    decode_segment(body.as_bytes(), &mut der).ok()?;
    Some(der)
}
