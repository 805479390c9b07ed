//! Keys that a demo makes for itself and keeps beside its store.

use std::{
    error::Error,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use portcullis::secret::SecretString;
use zeroize::Zeroizing;

/// Reads the key in `path`, or makes one with `make` and keeps it there.
///
/// Only the owner may read the file. Of two processes that start at once, one
/// makes the key and both use it; a process that dies leaves no half of a key.
///
/// # Errors
///
/// If the file can neither be read nor made.
pub(super) fn read_or_create<E: Error>(
    path: &Path,
    make: impl FnOnce() -> Result<SecretString, E>,
) -> Result<SecretString, KeyFileError> {
    let fail = |reason: &dyn fmt::Display| KeyFileError::new(path, reason);
    match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        found => return found.map_err(|error| fail(&error)),
    }
    let key = make().map_err(|error| fail(&error))?;
    create(path, &key).map_err(|error| fail(&error))?;
    // Not the key that was just made: another process may have been first.
    read(path).map_err(|error| fail(&error))
}

fn read(path: &Path) -> io::Result<SecretString> {
    let text = fs::read_to_string(path)?;
    warn_if_others_can_read(path);
    Ok(SecretString::from(text))
}

/// Puts `key` into `path`, whole or not at all, unless there is a file already.
fn create(path: &Path, key: &SecretString) -> io::Result<()> {
    let temporary = Temporary::beside(path)?;
    let mut file = temporary.create()?;
    file.write_all(&Zeroizing::new([key.expose().as_bytes(), b"\n"].concat()))?;
    file.sync_all()?;
    // Unlike a rename, a link never replaces a file.
    match fs::hard_link(&temporary.0, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

/// A file that goes away when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        let number = getrandom::u64().map_err(io::Error::other)?;
        name.push(format!(".{number:016x}.tmp"));
        Ok(Self(path.with_file_name(name)))
    }

    fn create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    if fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %path.display(), "others can read this key: its mode should be 0600");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

/// A key file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyFileError {
    path: PathBuf,
    reason: String,
}

impl KeyFileError {
    /// What is wrong with the key in `path`.
    fn new(path: &Path, reason: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key file {}: {}", self.path.display(), self.reason)
    }
}

impl Error for KeyFileError {}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, convert::Infallible, sync::Barrier, thread};

    use super::*;

    fn make(text: &str) -> Result<SecretString, Infallible> {
        Ok(SecretString::from(text.to_owned()))
    }

    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.db.key");
        let first = read_or_create(&path, || make("first")).unwrap();
        let second = read_or_create(&path, || make("second")).unwrap();
        assert_eq!(first.expose().trim(), "first");
        assert_eq!(second.expose().trim(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        read_or_create(&path, || make("key")).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn those_who_start_at_once_agree() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("key");
            let start = Barrier::new(8);
            let keys: HashSet<String> = thread::scope(|scope| {
                let racers: Vec<_> = (0..8)
                    .map(|number| {
                        let (path, start) = (&path, &start);
                        scope.spawn(move || {
                            start.wait();
                            let key = read_or_create(path, || make(&number.to_string()));
                            key.unwrap().expose().to_owned()
                        })
                    })
                    .collect();
                racers
                    .into_iter()
                    .map(|racer| racer.join().unwrap())
                    .collect()
            });
            assert_eq!(keys.len(), 1);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_goes_wrong_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("key");
        let error = read_or_create(&path, || make("key")).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
