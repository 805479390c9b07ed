//! Where keys are kept: files and environment variables.

use std::{env, fs::File, io::Read, path::Path};

use zeroize::Zeroizing;

use super::{KeyError, KeyErrorKind};

/// More than any key or key set; a larger file is something else.
const MAX_FILE: u64 = 1024 * 1024;

/// What some editors write before a text in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file and hands its bytes to `read`; errors name the file.
pub(crate) fn file<T>(
    path: &Path,
    read: impl FnOnce(&[u8]) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    bytes_of(path)
        .and_then(|bytes| read(&bytes))
        .map_err(|error| error.within(path.display()))
}

fn bytes_of(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let unreadable = |error: std::io::Error| {
        KeyError::new(
            KeyErrorKind::Unreadable,
            format!("the file cannot be read: {error}"),
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    // One allocation that never grows leaves no copies behind.
    let capacity = usize::try_from(length.min(MAX_FILE)).unwrap_or(0) + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(KeyError::new(
            KeyErrorKind::Unreadable,
            "the file is larger than 1 MiB: it is not a key",
        ));
    }
    Ok(bytes)
}

/// Reads an environment variable and hands it to `read`; errors name it.
pub(super) fn variable<T>(
    name: &str,
    read: impl FnOnce(&[u8]) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let value = env::var(name).map_err(|error| match error {
        env::VarError::NotPresent => KeyError::new(
            KeyErrorKind::Unreadable,
            format!("the environment variable {name} is not set"),
        ),
        env::VarError::NotUnicode(_) => KeyError::new(
            KeyErrorKind::Unreadable,
            format!("the environment variable {name} is not UTF-8"),
        ),
    })?;
    let value = Zeroizing::new(value);
    read(value.as_bytes()).map_err(|error| error.within(name))
}
