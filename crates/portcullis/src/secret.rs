//! Strings and bytes that must not be seen.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text: a token, a password, a private key.
///
/// `Debug` is redacted; there is no `Display` and no `Serialize`; the memory is
/// overwritten on drop. [`expose`](Self::expose) is the only way to the text.
///
/// ```
/// use portcullis::secret::SecretString;
///
/// let secret = SecretString::from("hunter2".to_owned());
/// assert_eq!(format!("{secret:?}"), "SecretString(..)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct SecretString(Zeroizing<String>);

impl SecretString {
    /// The text. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString(..)")
    }
}

/// Secret bytes; the same promises as [`SecretString`].
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// The bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}
