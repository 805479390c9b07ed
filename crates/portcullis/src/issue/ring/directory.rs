//! The directory of a ring's keys.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::loaded::LoadedKey;
use crate::{
    crypto::sha256,
    jose::{Algorithm, KeyError, SigningKey, read_key_file},
};

/// More files are not a directory of keys.
const MAX_FILES: usize = 256;

/// What was found in a directory.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By the names of the files, in their order.
    pub(super) files: BTreeMap<String, FoundFile>,
    /// Why the directory could not be read.
    pub(super) failure: Option<String>,
}

/// A file and the key in it, or what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct FoundFile {
    /// Of its text, so that a key is not prepared again at each look.
    pub(super) digest: [u8; 32],
    pub(super) key: Result<LoadedKey, String>,
}

/// Reads the keys in `directory`, of one of these algorithms. What has not
/// changed since `before` is taken from there.
pub(super) fn scan(directory: &Path, algorithms: &[Algorithm], before: &Found) -> Found {
    match names(directory) {
        Err(error) => Found {
            files: BTreeMap::new(),
            failure: Some(format!(
                "the directory {} cannot be read: {error}",
                directory.display()
            )),
        },
        Ok(names) => Found {
            failure: (names.len() > MAX_FILES).then(|| {
                format!(
                    "the directory {} has more than {MAX_FILES} files: it is no directory of keys",
                    directory.display()
                )
            }),
            files: names
                .into_iter()
                .take(MAX_FILES)
                .map(|(name, path)| {
                    let file = read(&name, &path, algorithms, before.files.get(&name));
                    (name, file)
                })
                .collect(),
        },
    }
}

/// The files, through symbolic links: those whose names begin with a dot are not
/// for us (Kubernetes keeps the real ones in `..data`), nor are those that
/// editors and copiers leave.
fn names(directory: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut names = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let is_left_over = [".tmp", ".part", ".swp", "~"]
            .iter()
            .any(|end| name.ends_with(end));
        if name.starts_with('.') || is_left_over || path.is_dir() {
            continue;
        }
        names.insert(name, path);
    }
    Ok(names)
}

fn read(
    name: &str,
    path: &Path,
    algorithms: &[Algorithm],
    before: Option<&FoundFile>,
) -> FoundFile {
    let read = read_key_file(path, |text| {
        let sum = sha256(text);
        if let Some(before) = before.filter(|before| before.digest == sum) {
            return Ok(before.clone());
        }
        let key = parse(text, algorithms).map_err(|error| error.to_string());
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        Ok(FoundFile {
            digest: sum,
            key: key.and_then(|key| LoadedKey::new(key, stem)),
        })
    });
    read.unwrap_or_else(|error| FoundFile {
        digest: [0; 32],
        key: Err(error.to_string()),
    })
}

/// The key in a text: what it says of its algorithm counts, or the first of the
/// algorithms that fits it.
fn parse(text: &[u8], algorithms: &[Algorithm]) -> Result<SigningKey, KeyError> {
    let fits = |key: &SigningKey| algorithms.contains(&key.algorithm());
    let detected = SigningKey::from_pem_or_jwk(text, None);
    if detected.as_ref().is_ok_and(fits) {
        return detected;
    }
    let mut further = algorithms
        .iter()
        .map(|algorithm| SigningKey::from_pem_or_jwk(text, Some(*algorithm)));
    match further.find_map(Result::ok) {
        Some(key) => Ok(key),
        None => match detected {
            Err(error) => Err(error),
            // The error says what the key is and what was asked for.
            Ok(_) => SigningKey::from_pem_or_jwk(text, algorithms.first().copied()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(found: &Found) -> Vec<(&str, &str)> {
        let files = found.files.iter();
        files
            .filter_map(|(name, file)| Some((&**name, &*file.key.as_ref().ok()?.id)))
            .collect()
    }

    fn put(folder: &Path, name: &str, key: &SigningKey) {
        fs::write(folder.join(name), key.to_jwk().unwrap().expose()).unwrap();
    }

    #[test]
    fn what_cannot_be_used_is_reported_and_the_rest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let good = SigningKey::generate(Algorithm::ES256).unwrap();
        put(folder.path(), "good.jwk", &good);
        let other = SigningKey::generate(Algorithm::Ed25519).unwrap();
        put(folder.path(), "other.jwk", &other);
        let jwk = good.to_jwk().unwrap();
        let (half, _) = jwk.expose().split_at(40);
        for (name, text) in [
            ("half.jwk", half),
            ("empty.pem", ""),
            (".hidden.jwk", jwk.expose()),
            ("edited.jwk~", "rubbish"),
            ("copied.jwk.part", half),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::create_dir(folder.path().join("directory")).unwrap();
        let found = scan(folder.path(), &[Algorithm::ES256], &Found::default());
        assert_eq!(keys(&found), [("good.jwk", good.key_id().unwrap())]);
        assert!(found.failure.is_none());
        let names: Vec<_> = found.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["empty.pem", "good.jwk", "half.jwk", "other.jwk"]);
        for (name, file) in &found.files {
            let Err(reason) = &file.key else { continue };
            assert!(reason.contains(name.as_str()) || !reason.is_empty());
            // Not a piece of the key.
            assert!(!reason.contains(&half[half.len() - 8..]), "{reason}");
        }
    }

    #[test]
    fn what_has_not_changed_is_not_prepared_again() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = [(); 2].map(|()| SigningKey::generate(Algorithm::ES256).unwrap());
        put(folder.path(), "key.jwk", &one);
        let all = Algorithm::ALL;
        let first = scan(folder.path(), all, &Found::default());
        let again = scan(folder.path(), all, &first);
        assert_eq!(first.files["key.jwk"].digest, again.files["key.jwk"].digest);
        put(folder.path(), "key.jwk", &two);
        let changed = scan(folder.path(), all, &again);
        assert_eq!(keys(&changed), [("key.jwk", two.key_id().unwrap())]);
        fs::remove_dir_all(folder.path()).unwrap();
        let gone = scan(folder.path(), all, &changed);
        assert!(gone.files.is_empty() && gone.failure.is_some());
    }

    #[test]
    fn a_key_without_an_id_gets_one_that_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let secret = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
        fs::write(folder.path().join("2026-11.jwk"), secret).unwrap();
        let pair = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let jwk = pair.to_jwk().unwrap();
        let jwk: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(jwk.expose()).unwrap();
        let nameless: serde_json::Map<_, _> =
            jwk.into_iter().filter(|(name, _)| name != "kid").collect();
        let nameless = serde_json::Value::Object(nameless).to_string();
        fs::write(folder.path().join("pair"), nameless).unwrap();
        let found = scan(folder.path(), Algorithm::ALL, &Found::default());
        let thumbprint = pair.thumbprint();
        assert_eq!(
            keys(&found),
            [("2026-11.jwk", "2026-11"), ("pair", thumbprint.as_str())]
        );
    }

    /// As the kubelet does it: the files are links through a link that is
    /// exchanged.
    #[cfg(unix)]
    #[test]
    fn a_mount_of_kubernetes_is_followed() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let [one, two] = [(); 2].map(|()| SigningKey::generate(Algorithm::ES256).unwrap());
        fs::create_dir(at("..1")).unwrap();
        put(&at("..1"), "key.jwk", &one);
        symlink("..1", at("..data")).unwrap();
        symlink("..data/key.jwk", at("key.jwk")).unwrap();
        let first = scan(folder.path(), Algorithm::ALL, &Found::default());
        assert_eq!(keys(&first), [("key.jwk", one.key_id().unwrap())]);
        fs::create_dir(at("..2")).unwrap();
        put(&at("..2"), "key.jwk", &two);
        symlink("..2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        fs::remove_dir_all(at("..1")).unwrap();
        let second = scan(folder.path(), Algorithm::ALL, &first);
        assert_eq!(keys(&second), [("key.jwk", two.key_id().unwrap())]);
    }
}
