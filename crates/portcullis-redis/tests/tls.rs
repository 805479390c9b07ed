//! Encrypted connections, to a server with a certificate of the test's own.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{path::PathBuf, time::Duration};

use common::{
    server::Server,
    sessions::{alice, open},
};
use portcullis::{
    session::{DynSessionStore, Revocations, SessionStore, StoreErrorKind},
    time::SharedClock,
};
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};

/// Who signs the certificates of a test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn root(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name, and its key.
    fn certificate(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        // Not that of its issuer, which OpenSSL would take for self-signed.
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Files that go with it.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let name = format!("portcullis-redis-tls-{}-{name}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server whose certificate is for `localhost`, and which asks clients for theirs if
/// it is to.
struct Encrypted {
    server: Server,
    port: u16,
    authority: Authority,
    _files: Files,
}

impl Encrypted {
    fn start(name: &str, asks_clients: bool) -> Option<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let authority = Authority::new();
        let files = Files::new(name);
        let (certificate, key) = authority.certificate("localhost");
        let port = common::server::free_port();
        let server = Server::start(&[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &files.write("certificate", &certificate),
            "--tls-key-file",
            &files.write("key", &key),
            "--tls-ca-cert-file",
            &files.write("root", &authority.root()),
            "--tls-auth-clients",
            if asks_clients { "yes" } else { "no" },
        ])?;
        Some(Self {
            server,
            port,
            authority,
            _files: files,
        })
    }

    fn builder(&self, host: &str) -> RedisStoreBuilder {
        let builder = RedisStore::builder(format!("rediss://{host}:{}/", self.port));
        builder.timeout(Duration::from_secs(5))
    }
}

async fn is_refused(builder: RedisStoreBuilder, reason: &str) {
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    let cause = error.cause().to_string();
    assert!(cause.contains(reason), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_server_is_trusted() {
    let Some(server) = Encrypted::start("server", false) else {
        return;
    };
    let root = server.authority.root();
    let trusting = || server.builder("localhost").root_certificates(root.as_str());
    let store = trusting().confirmed_by_replicas(0).connect().await.unwrap();
    let session = open(&store).await;
    store.confirm(Duration::ZERO).await.unwrap();
    assert!(store.revoke(&alice(), &session.id).await.unwrap());

    // Signed by nobody who is known, or by somebody else.
    is_refused(server.builder("localhost"), "UnknownIssuer").await;
    let other = Authority::new().root();
    let builder = server.builder("localhost").root_certificates(other);
    is_refused(builder, "certificate").await;
    // For another name.
    let builder = server.builder("127.0.0.1").root_certificates(root.as_str());
    is_refused(builder, "not valid for name").await;
    // Not encrypted, though it was to be.
    let builder = RedisStore::builder(server.server.url()).root_certificates(root.as_str());
    is_refused(builder, "rediss://").await;
    #[cfg(feature = "sentinel")]
    {
        let builder = RedisStore::sentinel([server.server.url()], "redis://mymaster/0");
        is_refused(builder.root_certificates(root.as_str()), "rediss://").await;
    }
    is_refused(trusting().root_certificates("none"), "`root_certificates`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_ask_for_the_certificate_of_its_client() {
    let Some(server) = Encrypted::start("client", true) else {
        return;
    };
    let root = server.authority.root();
    let builder = || server.builder("localhost").root_certificates(root.as_str());
    let (certificate, key) = server.authority.certificate("node");
    let store = builder().client_certificate(certificate, key).connect();
    let store = store.await.unwrap();
    open(&store).await;
    assert_eq!(
        builder().connect().await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    let (certificate, key) = Authority::new().certificate("node");
    let builder = builder().client_certificate(certificate, key.clone());
    let shown = format!("{builder:?}");
    assert!(!shown.contains(key.lines().nth(1).unwrap()), "{shown}");
    assert_eq!(
        builder.connect().await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
}

/// The feed has connections of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_encrypted_as_well() {
    let Some(server) = Encrypted::start("feed", false) else {
        return;
    };
    let root = server.authority.root();
    let builder = server.builder("localhost").root_certificates(root);
    let store = builder.poll_interval(Duration::from_secs(600));
    let store = store.connect().await.unwrap();
    let revocations = Revocations::new(
        DynSessionStore::new(store.clone()),
        SharedClock::default(),
        Duration::from_secs(3600),
    );
    let watch = tokio::spawn(store.watch(revocations.clone()));
    let listeners = ["CLIENT", "LIST", "TYPE", "pubsub"];
    server.server.wait_until(&listeners, " sub=1 ");
    watch.abort();
}
