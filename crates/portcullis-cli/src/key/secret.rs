//! Shared secrets as their bytes are.

use portcullis::jose::{Algorithm, SigningKey};

use super::loaded::unusable;
use crate::{failure::Failure, input::Input};

/// A shared secret in a file: its bytes without the line end that editors and `echo` leave
/// behind them, or a JWK.
pub(crate) fn secret(input: &Input, algorithm: Algorithm) -> Result<SigningKey, Failure> {
    let bytes = input.read()?;
    // Random bytes may begin so, too, but they are no text.
    let text = std::str::from_utf8(&bytes);
    let key = match text.is_ok_and(|text| text.trim_ascii_start().starts_with('{')) {
        true => SigningKey::from_jwk(bytes.as_slice(), Some(algorithm)),
        false => SigningKey::from_secret(algorithm, without_line_end(&bytes)),
    };
    key.map_err(|error| unusable(input, &error))
}

fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}
