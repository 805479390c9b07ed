//! Files that are made anew and never overwritten.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// A file that was not there before. Unless it is [written](Self::write), it
/// vanishes again.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    path: PathBuf,
    is_written: bool,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone.
    Owner,
    /// Whom the `umask` lets.
    Usual,
}

impl NewFile {
    /// Makes the file; one that is there is an error.
    pub(crate) fn create(path: &Path, readers: Readers) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if readers == Readers::Owner {
            for_owner(&mut options);
        }
        match options.open(path) {
            Ok(file) => Ok(Self {
                file,
                path: path.to_owned(),
                is_written: false,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::file(
                format!("{} is there already", path.display()),
            )
            .advice("files are never overwritten: choose another name, or move it away")),
            Err(error) => Err(cannot_be_written(path, &error)),
        }
    }

    /// Writes the whole of it, onto the disk.
    pub(crate) fn write(mut self, content: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(content);
        let written = written.and_then(|()| self.file.sync_all());
        self.is_written = written.is_ok();
        written.map_err(|error| cannot_be_written(&self.path, &error))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_written {
            // What is left is empty or cut off, and was reported.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn cannot_be_written(path: &Path, error: &io::Error) -> Failure {
    Failure::file(format!("{} cannot be written: {error}", path.display()))
}

#[cfg(unix)]
fn for_owner(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600);
}

/// Elsewhere the folder decides who reads what is in it.
#[cfg(not(unix))]
fn for_owner(_: &mut OpenOptions) {}
