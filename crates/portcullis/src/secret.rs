//! Strings and bytes that must not be seen.

use std::{fmt, io, mem, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use zeroize::optimization_barrier;

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
pub struct SecretString(String);

impl SecretString {
    /// The text. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for SecretString {
    fn drop(&mut self) {
        wipe(mem::take(&mut self.0).into_bytes());
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString(..)")
    }
}

/// Read as a text, and as nothing else. What is wrong is told without what was there: a
/// secret of digits that somebody forgot to put in quotes must not get into a log.
impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Secret;

        impl Visitor<'_> for Secret {
            type Value = SecretString;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret, which is a text")
            }

            fn visit_string<E: Error>(self, text: String) -> Result<SecretString, E> {
                Ok(SecretString(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SecretString, E> {
                Ok(SecretString(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<SecretString, E> {
                Err(no_text())
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<SecretString, E> {
                Err(no_text())
            }

            fn visit_i128<E: Error>(self, _: i128) -> Result<SecretString, E> {
                Err(no_text())
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<SecretString, E> {
                Err(no_text())
            }

            fn visit_u128<E: Error>(self, _: u128) -> Result<SecretString, E> {
                Err(no_text())
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<SecretString, E> {
                Err(no_text())
            }
        }

        fn no_text<E: Error>() -> E {
            E::custom("a secret is a text: put it in quotes")
        }

        // Asked for a text, some formats tell what they have instead.
        deserializer.deserialize_any(Secret)
    }
}

/// Secret bytes; the same promises as [`SecretString`].
#[derive(Clone)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// The bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        wipe(mem::take(&mut self.0));
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// Secret bytes while they are written. What it leaves behind when it grows is
/// overwritten, too.
pub(crate) struct SecretBuffer(Vec<u8>);

impl SecretBuffer {
    /// Room for `capacity` bytes; beyond that it grows.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// What was written, where it is. `None` if it is no text.
    pub(crate) fn into_text(mut self) -> Option<SecretString> {
        match String::from_utf8(mem::take(&mut self.0)) {
            Ok(text) => Some(SecretString(text)),
            Err(error) => {
                wipe(error.into_bytes());
                None
            }
        }
    }
}

impl io::Write for SecretBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut grown = Vec::with_capacity(length * 2);
            grown.extend_from_slice(&self.0);
            wipe(mem::replace(&mut self.0, grown));
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Deref for SecretBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        wipe(mem::take(&mut self.0));
    }
}

/// Overwrites all that was ever in `bytes`, and all at once: `Zeroizing` goes
/// byte by byte, which takes six times as long for a token.
fn wipe(mut bytes: Vec<u8>) {
    bytes.clear();
    bytes.resize(bytes.capacity(), 0);
    optimization_barrier(bytes.as_slice());
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_buffer_keeps_what_is_written_when_it_grows() {
        let mut buffer = SecretBuffer::with_capacity(1);
        let mut expected = Vec::new();
        for length in 0..40 {
            let piece = vec![length; usize::from(length)];
            buffer.write_all(&piece).unwrap();
            expected.extend(piece);
        }
        assert_eq!(*buffer, *expected);
    }
}
