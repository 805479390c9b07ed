//! Keys in files that are looked at again and again.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use portcullis::jose::{KeySet, MAX_PUBLIC_KEYS};
use tokio::task;

use super::{
    fetched::{Fetched, Source},
    key_file::keys_in,
    reader::Reader,
};
use crate::{BoxFuture, FetchError, FetchErrorKind};

/// A file with keys, or a directory of such files: JWK Sets, JWKs, PEM.
///
/// Files are read every few seconds rather than watched: notices of the operating
/// system do not come through for network and overlay mounts, nor for the symbolic
/// links that Kubernetes swaps further up. Contents are compared rather than times,
/// which copying may keep; that costs a few kilobytes.
#[derive(Debug)]
pub(crate) struct KeyFiles {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    reader: Reader,
    interval: Duration,
    /// Names and contents are kept as a hash, since there may be secrets among
    /// them by mistake.
    hasher: RandomState,
    last: Mutex<Option<(u64, Fetched)>>,
}

/// How long until files are looked at again.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

/// More than any key set.
const MAX_FILE: u64 = 512 * 1024;

/// More than any key directory.
const MAX_FILES: usize = 100;

/// How often a directory that changes while it is read is read again.
const ATTEMPTS: usize = 3;

type Content = (PathBuf, Vec<u8>);

impl KeyFiles {
    /// The keys in this file or directory, which are good for so long until it is
    /// read again.
    pub(crate) fn new(path: impl Into<PathBuf>, interval: Duration, reader: Reader) -> Self {
        Self {
            inner: Arc::new(Inner {
                path: path.into(),
                reader,
                interval,
                hasher: RandomState::new(),
                last: Mutex::default(),
            }),
        }
    }
}

impl Source for KeyFiles {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            task::spawn_blocking(move || inner.read())
                .await
                .unwrap_or_else(|_| {
                    Err(FetchError::new(
                        FetchErrorKind::Unreadable,
                        "reading key files was given up",
                    ))
                })
        })
    }
}

impl Inner {
    fn read(&self) -> Result<Fetched, FetchError> {
        let mut contents = self.contents();
        for _ in 0..ATTEMPTS {
            let hash = contents
                .as_ref()
                .ok()
                .map(|files| self.hasher.hash_one(files));
            if let (Some(hash), Some((last, fetched))) = (hash, &*self.last())
                && hash == *last
            {
                return Ok(fetched.clone());
            }
            // Of a directory that is replaced just now, some files may be of before
            // and some of after; of a file that is written just now, a part may be
            // missing. So only what reads the same twice counts.
            let again = self.contents();
            if let (Some(hash), Ok(files)) = (hash, &again)
                && hash == self.hasher.hash_one(files)
            {
                let fetched = self.keys(files)?;
                *self.last() = Some((hash, fetched.clone()));
                return Ok(fetched);
            }
            contents = again;
        }
        contents?;
        Err(FetchError::new(
            FetchErrorKind::Unreadable,
            format!("{} changes while it is read", self.path.display()),
        ))
    }

    fn keys(&self, contents: &[Content]) -> Result<Fetched, FetchError> {
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        for (path, content) in contents {
            let place = path.display().to_string();
            let (found, odd) = keys_in(&place, content, self.reader.algorithms())?;
            for key in found {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            left_out.extend(odd);
        }
        // A key without an algorithm of its own counts once for each.
        let limit = MAX_PUBLIC_KEYS * self.reader.algorithms().map_or(1, |all| all.len().max(1));
        if keys.len() > limit {
            return Err(too_many(&self.path, keys.len(), "keys", limit));
        }
        let place = self.path.display().to_string();
        self.reader
            .admit(&place, KeySet::new(keys), left_out, self.interval)
    }

    /// The file, or those in the directory in the order of their names.
    fn contents(&self) -> Result<Vec<Content>, FetchError> {
        let metadata = fs::metadata(&self.path).map_err(|error| cannot_read(&self.path, &error))?;
        if !metadata.is_dir() {
            return Ok(vec![(self.path.clone(), content(&self.path)?)]);
        }
        let mut files = self
            .files()
            .map_err(|error| cannot_read(&self.path, &error))?;
        files.sort();
        if files.len() > MAX_FILES {
            return Err(too_many(&self.path, files.len(), "files", MAX_FILES));
        }
        files
            .into_iter()
            .map(|path| content(&path).map(|bytes| (path, bytes)))
            .collect()
    }

    /// Hidden files are somebody's means of replacing the others.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            // Through symbolic links.
            if !is_hidden && fs::metadata(entry.path())?.is_file() {
                files.push(entry.path());
            }
        }
        Ok(files)
    }

    fn last(&self) -> MutexGuard<'_, Option<(u64, Fetched)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn content(path: &Path) -> Result<Vec<u8>, FetchError> {
    read_file(path).map_err(|error| cannot_read(path, &error))
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is neither a file nor a directory"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it is longer than 512 KiB"));
    }
    Ok(bytes)
}

fn too_many(path: &Path, count: usize, what: &str, limit: usize) -> FetchError {
    FetchError::new(
        FetchErrorKind::TooLarge,
        format!(
            "{} has {count} {what}, more than the {limit} that are read",
            path.display()
        ),
    )
}

fn cannot_read(path: &Path, error: &io::Error) -> FetchError {
    FetchError::new(
        FetchErrorKind::Unreadable,
        format!("{} cannot be read: {error}", path.display()),
    )
}
