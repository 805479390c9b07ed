//! The keys of a demo.

mod file;

use std::path::{Path, PathBuf};

use portcullis::{
    csrf::CsrfKey,
    jose::{Algorithm, KeyError, SigningKey},
    secret::SecretString,
    session::refresh::RefreshKeys,
};

use serde::Deserialize;

use self::file::read_or_create;
use crate::{cli::Options, start::StartError, store::Store};

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
    /// The keys for `options` and `store`: kept beside an SQLite file or on the
    /// server that holds the sessions, so that all who share them share the
    /// keys, and as short-lived as the sessions in memory.
    ///
    /// # Errors
    ///
    /// If a key cannot be read, made or used.
    pub(crate) async fn open(options: &Options, store: &Store) -> Result<Self, StartError> {
        if store.is_on_a_server() {
            tracing::warn!(
                "keys are kept in the store, where whoever can read it can make tokens: \
                 for demos only"
            );
        }
        let signing = match &options.signing_key {
            Some(path) => given(path)?,
            None => own(store, "signing-key").await?,
        };
        let refresh = own(store, "refresh-key").await?;
        let refresh = RefreshKeys::new(refresh, []).map_err(StartError::new)?;
        Ok(Self { signing, refresh })
    }
}

/// The key of CSRF tokens, kept where the others are.
///
/// # Errors
///
/// If it cannot be read, made or used.
pub(crate) async fn csrf(store: &Store) -> Result<CsrfKey, StartError> {
    #[derive(Deserialize)]
    struct Jwk<'a> {
        k: &'a str,
    }
    let Some((jwk, place)) = kept(store, "csrf-key").await? else {
        return CsrfKey::generate().map_err(StartError::new);
    };
    // Its text, not what that decodes to: as random, and long enough.
    let key: Result<Jwk<'_>, _> = serde_json::from_str(jwk.expose());
    key.ok()
        .and_then(|key| CsrfKey::new(key.k.as_bytes()).ok())
        .ok_or_else(|| StartError::new(format_args!("{place}: not a key of HS256 as a JWK")))
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
async fn own(store: &Store, name: &str) -> Result<SigningKey, StartError> {
    let Some((jwk, place)) = kept(store, name).await? else {
        return make().map_err(StartError::new);
    };
    SigningKey::from_jwk(jwk.expose(), None)
        .map_err(|error| StartError::new(format_args!("{place}: {error}")))
}

/// A key as it is kept, and where; `None` where nothing is.
async fn kept(store: &Store, name: &str) -> Result<Option<(SecretString, String)>, StartError> {
    Ok(Some(match store {
        Store::Memory(_) => return Ok(None),
        Store::Sqlite { path, .. } => {
            let path = beside(path, name);
            let jwk = read_or_create(&path, || make()?.to_jwk()).map_err(StartError::new)?;
            (jwk, path.display().to_string())
        }
        Store::Postgres(store) => (store.key(name, jwk()?).await?, store.key_place(name)),
        Store::Redis(store) => (store.key(name, jwk()?).await?, store.key_place(name)),
    }))
}

fn make() -> Result<SigningKey, KeyError> {
    SigningKey::generate(Algorithm::HS256)
}

fn jwk() -> Result<SecretString, StartError> {
    make().and_then(|key| key.to_jwk()).map_err(StartError::new)
}

fn beside(store: &Path, name: &str) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(format!(".{name}.jwk"));
    path.into()
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use portcullis::time::SharedClock;

    use super::*;
    use crate::cli::{self, StoreChoice};

    async fn open(
        store: &StoreChoice,
        signing_key: Option<PathBuf>,
    ) -> Result<DemoKeys, StartError> {
        let keep = Duration::from_secs(3600);
        let store = Store::open(store, &SharedClock::default(), keep).await?;
        let options = Options {
            signing_key,
            ..cli::defaults()
        };
        let keys = DemoKeys::open(&options, &store).await;
        store.close().await;
        keys
    }

    #[tokio::test]
    async fn keys_beside_a_file_are_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreChoice::Sqlite(folder.path().join("demo.db"));
        let first = open(&store, None).await.unwrap();
        let second = open(&store, None).await.unwrap();
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
            [
                "demo.db",
                "demo.db.refresh-key.jwk",
                "demo.db.signing-key.jwk"
            ]
        );
    }

    #[tokio::test]
    async fn keys_of_a_store_in_memory_leave_nothing_behind() {
        let first = open(&StoreChoice::Memory, None).await.unwrap();
        let second = open(&StoreChoice::Memory, None).await.unwrap();
        assert_ne!(first.signing.thumbprint(), second.signing.thumbprint());
    }

    #[tokio::test]
    async fn a_given_key_is_used_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.jwk");
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        fs::write(&path, key.to_jwk().unwrap().expose()).unwrap();
        let given = || open(&StoreChoice::Memory, Some(path.clone()));
        let keys = given().await.unwrap();
        assert_eq!(keys.signing.algorithm(), Algorithm::Ed25519);
        assert_eq!(keys.signing.key_id(), key.key_id());
        fs::write(&path, "rubbish").unwrap();
        let error = given().await.unwrap_err();
        assert!(error.to_string().contains("key.jwk"), "{error}");
    }
}
