//! The key set of a ring.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};

use super::{documents::sessions, fixture::People};
use crate::{
    endpoint::{Endpoints, EndpointsBuilder, PasswordGrantApi},
    issue::{KeyRing, KeyRingBuilder},
    jose::{Algorithm, SigningKey},
    session::MemoryStore,
    time::SharedClock,
};

async fn endpoints(ring: KeyRingBuilder) -> (EndpointsBuilder, KeyRing) {
    let ring = ring.build().unwrap();
    let sessions = sessions("https://login.example", ring.clone()).await;
    let endpoints = Endpoints::builder(People::default())
        .password_grant_api(PasswordGrantApi::new(sessions).token_path("/oauth/token"))
        .key_set("/keys");
    (endpoints, ring)
}

#[tokio::test]
async fn the_key_set_follows_the_ring() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoints, ring) = endpoints(KeyRing::of_access_keys(folder.path())).await;
    let endpoints = endpoints.build().unwrap();
    let store = MemoryStore::new(SharedClock::default());
    let mut tags: Vec<HeaderValue> = Vec::new();
    for name in ["1.jwk", "2.jwk"] {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let id = key.key_id().unwrap();
        let ask = async || {
            let request = Request::get("/keys").body(Bytes::new()).unwrap();
            let answer = endpoints.call(request).await;
            assert_eq!(answer.status(), 200);
            let tag = answer.headers()["etag"].clone();
            (String::from_utf8(answer.body().to_vec()).unwrap(), tag)
        };
        assert!(!ask().await.0.contains(id));
        std::fs::write(folder.path().join(name), key.to_jwk().unwrap().expose()).unwrap();
        ring.scan();
        ring.sync(&store).await.unwrap();
        let (body, tag) = ask().await;
        assert!(body.contains(id) && !tags.contains(&tag), "{body}");
        tags.push(tag);
    }
    assert_eq!(ring.public_keys().len(), 2);
}

/// A key would sign while others still may remember a set without it.
#[tokio::test]
async fn a_key_set_is_not_remembered_for_longer_than_its_ring_waits() {
    let folder = tempfile::tempdir().unwrap();
    let minute = Duration::from_secs(60);
    let ring = || KeyRing::of_access_keys(folder.path()).max_age(minute);
    let (long, _) = endpoints(ring()).await;
    assert!(long.build().is_err());
    let (short, _) = endpoints(ring()).await;
    assert!(short.documents_max_age(minute).build().is_ok());
}
