//! The keys of a demo.

mod file;

use std::path::{Path, PathBuf};

use portcullis::{
    jose::{Algorithm, SigningKey},
    session::refresh::RefreshKeys,
};

use self::file::read_or_create;
use crate::{
    cli::{Options, StoreChoice},
    start::StartError,
};

/// The keys of a demo: what signs its access tokens, and what makes its refresh
/// tokens. Neither comes from the other.
#[derive(Debug)]
pub(crate) struct DemoKeys {
    /// Signs access tokens.
    pub signing: SigningKey,
    /// Makes refresh tokens.
    pub refresh: RefreshKeys,
}

impl DemoKeys {
    /// The keys for `options`: kept beside an SQLite file, so that tokens
    /// survive a restart, and as short-lived as the sessions in memory.
    ///
    /// # Errors
    ///
    /// If a key cannot be read, made or used.
    pub(crate) fn open(options: &Options) -> Result<Self, StartError> {
        let signing = match &options.signing_key {
            Some(path) => given(path)?,
            None => own(&options.store, "signing-key")?,
        };
        let refresh = own(&options.store, "refresh-key")?;
        let refresh = RefreshKeys::new(refresh, []).map_err(StartError::new)?;
        Ok(Self { signing, refresh })
    }
}

/// The key in a file that somebody else made. A public key goes into the key
/// set, where verifiers look for it by its id.
fn given(path: &Path) -> Result<SigningKey, StartError> {
    let key = SigningKey::from_file(path, None).map_err(StartError::new)?;
    if key.algorithm().is_symmetric() || key.key_id().is_some() {
        return Ok(key);
    }
    let thumbprint = key.thumbprint();
    Ok(key.with_key_id(thumbprint))
}

/// A key of the demo's own, made when it is first asked for.
fn own(store: &StoreChoice, name: &str) -> Result<SigningKey, StartError> {
    let StoreChoice::Sqlite(store) = store else {
        return SigningKey::generate(Algorithm::HS256).map_err(StartError::new);
    };
    let path = beside(store, name);
    let jwk = read_or_create(&path, || SigningKey::generate(Algorithm::HS256)?.to_jwk())
        .map_err(StartError::new)?;
    SigningKey::from_jwk(jwk.expose(), None)
        .map_err(|error| StartError::new(format_args!("{}: {error}", path.display())))
}

fn beside(store: &Path, name: &str) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(format!(".{name}.jwk"));
    path.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli;

    fn options(store: StoreChoice, signing_key: Option<PathBuf>) -> Options {
        Options {
            store,
            signing_key,
            ..cli::defaults()
        }
    }

    #[test]
    fn keys_beside_a_file_are_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreChoice::Sqlite(folder.path().join("demo.db"));
        let first = DemoKeys::open(&options(store.clone(), None)).unwrap();
        let second = DemoKeys::open(&options(store, None)).unwrap();
        assert_eq!(first.signing.thumbprint(), second.signing.thumbprint());
        assert_ne!(
            first.signing.thumbprint(),
            first.refresh.current().thumbprint()
        );
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["demo.db.refresh-key.jwk", "demo.db.signing-key.jwk"]
        );
    }

    #[test]
    fn keys_of_a_store_in_memory_leave_nothing_behind() {
        let first = DemoKeys::open(&options(StoreChoice::Memory, None)).unwrap();
        let second = DemoKeys::open(&options(StoreChoice::Memory, None)).unwrap();
        assert_ne!(first.signing.thumbprint(), second.signing.thumbprint());
    }

    #[test]
    fn a_given_key_is_used_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.jwk");
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        fs::write(&path, key.to_jwk().unwrap().expose()).unwrap();
        let keys = DemoKeys::open(&options(StoreChoice::Memory, Some(path.clone()))).unwrap();
        assert_eq!(keys.signing.algorithm(), Algorithm::Ed25519);
        assert_eq!(keys.signing.key_id(), key.key_id());
        fs::write(&path, "rubbish").unwrap();
        let error = DemoKeys::open(&options(StoreChoice::Memory, Some(path))).unwrap_err();
        assert!(error.to_string().contains("key.jwk"), "{error}");
    }
}
