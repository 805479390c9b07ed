//! The sources of the family, read from disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file of the family.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    /// The lines of code with their numbers: no comments, and no items that
    /// are for tests only.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut for_tests = false;
        self.text.lines().enumerate().filter_map(move |(at, line)| {
            let skip = for_tests || line == "#[cfg(test)]";
            // An item ends where a line closes it without being indented.
            let is_end = !line.starts_with(' ') && line.ends_with(['}', ';']);
            for_tests = skip && !is_end;
            let is_code = !skip && !line.trim_start().starts_with("//");
            is_code.then_some((at + 1, line))
        })
    }

    pub(crate) fn is_test(&self) -> bool {
        let is_all_for_tests = self.text.lines().any(|line| line == "#![cfg(test)]");
        is_all_for_tests || self.path.ends_with("tests.rs") || self.is_below("tests")
    }

    /// Whether the file is in a folder of this name, below the crates' own.
    pub(crate) fn is_below(&self, folder: &str) -> bool {
        let path = self.path.strip_prefix(crates()).unwrap();
        path.components().any(|part| part.as_os_str() == folder)
    }
}

pub(crate) fn crates() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates");
    crates.canonicalize().unwrap()
}

/// All sources below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path, text });
            }
        }
    }
    found
}

pub(crate) fn all_sources() -> Vec<Source> {
    let members = fs::read_dir(crates()).unwrap();
    let members = members.map(|member| member.unwrap().path().join("src"));
    members.flat_map(|source| sources(&source)).collect()
}
