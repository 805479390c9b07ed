//! Keys in files and directories that change.

use std::{fs, path::Path, time::Duration};

use portcullis::jose::{Algorithm, KeyErrorKind, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    FetchErrorKind, Fetched, Source,
    source::{INTERVAL, KeyFiles, Reader},
};

fn source(path: &Path, algorithms: Option<&[Algorithm]>) -> KeyFiles {
    KeyFiles::new(path, INTERVAL, Reader::new(algorithms))
}

fn jwk(key_id: &str) -> Value {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let key = key.verifying_key().with_key_id(key_id);
    Value::Object(key.public_jwk().unwrap())
}

fn set(key_ids: &[&str]) -> String {
    let keys: Vec<_> = key_ids.iter().map(|key_id| jwk(key_id)).collect();
    json!({"keys": keys}).to_string()
}

/// A public key and its private half, in PEM.
fn pem_pair() -> (String, String) {
    use rcgen::PublicKeyData;
    let key = rcgen::KeyPair::generate().unwrap();
    let public = key.subject_public_key_info();
    let body = {
        let der = VerifyingKey::from_der(Algorithm::ES256, &public);
        assert!(der.is_ok());
        key.public_key_pem()
    };
    (body, key.serialize_pem())
}

fn key_ids(fetched: &Fetched) -> Vec<Option<&str>> {
    fetched.keys().iter().map(VerifyingKey::key_id).collect()
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_file_is_read_again_when_it_has_changed() {
    let directory = directory();
    let path = directory.path().join("keys.json");
    let source = source(&path, None);
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreadable);
    assert!(error.to_string().contains("keys.json"), "{error}");
    fs::write(&path, set(&["a"])).unwrap();
    let first = source.fetch().await.unwrap();
    assert_eq!(key_ids(&first), [Some("a")]);
    assert_eq!(first.fresh_for(), INTERVAL);
    let again = source.fetch().await.unwrap();
    assert!(again.keys().iter().eq(first.keys().iter()));
    // Of the same length and, if need be, time.
    fs::write(&path, set(&["b"])).unwrap();
    assert_eq!(key_ids(&source.fetch().await.unwrap()), [Some("b")]);
}

#[tokio::test]
async fn what_is_half_written_is_an_error() {
    let directory = directory();
    let (public, _) = pem_pair();
    let json = set(&["a"]);
    for text in [
        "",
        "\n",
        &json[..json.len() / 2],
        &public[..public.len() / 2],
        "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n",
    ] {
        let path = directory.path().join("b");
        fs::write(&path, text).unwrap();
        // Beside a good one it must not pass for one that was taken away.
        fs::write(directory.path().join("a"), &json).unwrap();
        for place in [&path, directory.path()] {
            let error = source(place, None).fetch().await.unwrap_err();
            assert_eq!(error.kind(), FetchErrorKind::Malformed, "{text:?}");
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn every_form_of_a_key_is_read() {
    let directory = directory();
    let (public, private) = pem_pair();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("1.jwks", &format!("\u{feff}{}", set(&["a", "b"])));
    write("2.jwk", &jwk("c").to_string());
    write("3.pem", &public);
    write("4.key", &private);
    write("5.txt", "Who put this here?");
    write(".hidden", "{");
    fs::create_dir(directory.path().join("sub")).unwrap();
    let fetched = source(directory.path(), None).fetch().await.unwrap();
    assert_eq!(key_ids(&fetched), [Some("a"), Some("b"), Some("c"), None]);
    let left_out: Vec<_> = fetched.left_out().iter().map(|key| key.kind()).collect();
    assert_eq!(
        left_out,
        [KeyErrorKind::WrongType, KeyErrorKind::Unsupported]
    );
    assert!(fetched.left_out()[0].place().ends_with("4.key"));
    // Alone, they are no keys.
    for name in ["4.key", "5.txt"] {
        let error = source(&directory.path().join(name), None).fetch().await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::EmptySet);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn a_pem_key_has_every_algorithm_that_is_configured_and_fits() {
    use Algorithm::{ES256, PS256, RS256};
    const RSA: &str = include_str!("../../tests/data/rsa.pem");
    let directory = directory();
    let path = directory.path().join("rsa.pem");
    fs::write(&path, RSA).unwrap();
    let path = &path;
    let algorithms = async |algorithms: Option<&[Algorithm]>| {
        let fetched = source(path, algorithms).fetch().await?;
        let found: Vec<_> = fetched.keys().iter().map(|key| key.algorithm()).collect();
        Ok::<_, crate::FetchError>(found)
    };
    assert_eq!(algorithms(None).await.unwrap(), [RS256]);
    let several = Some(&[ES256, PS256, RS256][..]);
    assert_eq!(algorithms(several).await.unwrap(), [PS256, RS256]);
    let error = algorithms(Some(&[ES256])).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::EmptySet);
}

#[tokio::test]
async fn too_much_is_refused() {
    let directory = directory();
    for index in 0..101 {
        fs::write(directory.path().join(index.to_string()), "x").unwrap();
    }
    let error = source(directory.path(), None).fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::TooLarge);
    let path = directory.path().join("0");
    fs::write(&path, vec![b' '; 512 * 1024 + 1]).unwrap();
    let error = source(&path, None).fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreadable);
}

/// Reading a pipe or socket would wait for somebody to write.
#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_not_opened() {
    let directory = directory();
    let path = directory.path().join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    fs::write(directory.path().join("keys"), set(&["a"])).unwrap();
    let fetched = source(directory.path(), None).fetch().await.unwrap();
    assert_eq!(key_ids(&fetched), [Some("a")]);
    let error = source(&path, None).fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreadable);
}

/// As Kubernetes mounts ConfigMaps and Secrets: files are links through `..data`,
/// which is replaced by renaming.
#[cfg(unix)]
#[tokio::test]
async fn a_mounted_volume_is_swapped_as_a_whole() {
    use std::os::unix::fs::symlink;
    let mount = directory();
    let generation = |name: &str, files: &[(&str, &str)]| {
        let path = mount.path().join(name);
        fs::create_dir(&path).unwrap();
        for (file, key_id) in files {
            fs::write(path.join(file), set(&[key_id])).unwrap();
        }
        let link = mount.path().join("..data_tmp");
        symlink(name, &link).unwrap();
        fs::rename(&link, mount.path().join("..data")).unwrap();
    };
    generation("..2026_01", &[("one", "a"), ("two", "b")]);
    for file in ["one", "two"] {
        symlink(format!("..data/{file}"), mount.path().join(file)).unwrap();
    }
    let whole = source(mount.path(), None);
    let single = source(&mount.path().join("one"), None);
    assert_eq!(
        key_ids(&whole.fetch().await.unwrap()),
        [Some("a"), Some("b")]
    );
    assert_eq!(key_ids(&single.fetch().await.unwrap()), [Some("a")]);
    generation("..2026_02", &[("one", "c"), ("two", "d")]);
    fs::remove_dir_all(mount.path().join("..2026_01")).unwrap();
    assert_eq!(
        key_ids(&whole.fetch().await.unwrap()),
        [Some("c"), Some("d")]
    );
    assert_eq!(key_ids(&single.fetch().await.unwrap()), [Some("c")]);
    // A link that leads nowhere is a swap that is not finished.
    fs::remove_file(mount.path().join("..2026_02/two")).unwrap();
    let error = whole.fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreadable);
}

/// Whatever is read while it is swapped all the time, it is one generation.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generations_are_never_mixed() {
    use std::os::unix::fs::symlink;
    const GENERATIONS: usize = 40;
    let mount = directory();
    let root = mount.path().to_owned();
    let name = |generation: usize| format!("..{generation}");
    for generation in 0..GENERATIONS {
        let path = root.join(name(generation));
        fs::create_dir(&path).unwrap();
        for file in ["one", "two"] {
            let key_id = format!("{file} {generation}");
            fs::write(path.join(file), set(&[&key_id])).unwrap();
        }
    }
    symlink(name(0), root.join("..data")).unwrap();
    symlink("..data/one", root.join("one")).unwrap();
    symlink("..data/two", root.join("two")).unwrap();
    let swapping = {
        let root = root.clone();
        tokio::spawn(async move {
            for generation in 1..GENERATIONS {
                symlink(name(generation), root.join("..tmp")).unwrap();
                fs::rename(root.join("..tmp"), root.join("..data")).unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    let source = source(&root, None);
    let mut read = 0;
    while !swapping.is_finished() || read == 0 {
        if let Ok(fetched) = source.fetch().await {
            let generations: Vec<_> = key_ids(&fetched)
                .into_iter()
                .map(|key_id| key_id.unwrap().split_once(' ').unwrap().1)
                .collect();
            assert_eq!(generations.len(), 2);
            assert_eq!(generations[0], generations[1]);
            read += 1;
        }
    }
    swapping.await.unwrap();
}
