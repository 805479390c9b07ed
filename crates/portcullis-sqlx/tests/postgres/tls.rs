//! Encrypted connections, to a server with a certificate of the test's own.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use portcullis::session::{SessionStore, StoreErrorKind};
use portcullis_sqlx::{PostgresStore, postgres::PostgresStoreBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::{node::open, server::Server};

/// Who signs the certificates of a test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// A certificate for this name, and its key.
    fn certificate(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A server whose certificate is for `localhost`.
struct Encrypted {
    server: Server,
    root: String,
}

impl Encrypted {
    async fn start() -> Option<Self> {
        let mut server = Server::new()?;
        let authority = Authority::new();
        let (certificate, key) = authority.certificate("localhost");
        server.set("ssl=on");
        for (setting, text) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
            let path = server.write(setting, &text);
            server.set(&format!("{setting}={}", path.display()));
        }
        server.start().await;
        Some(Self {
            server,
            root: authority.0.pem(),
        })
    }

    fn options(&self, host: &str, root: &str) -> PgConnectOptions {
        let options: PgConnectOptions = self.server.url().parse().unwrap();
        let options = options.host(host).port(self.server.port());
        let options = options.ssl_mode(PgSslMode::VerifyFull);
        options.ssl_root_cert_from_pem(root.as_bytes().to_vec())
    }

    fn builder(&self, options: PgConnectOptions) -> PostgresStoreBuilder {
        PostgresStore::builder(&self.server.url()).options(options)
    }
}

async fn is_refused(builder: PostgresStoreBuilder, reason: &str) {
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    let cause = error.cause().to_string();
    assert!(cause.contains(reason), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_server_is_trusted() {
    let Some(server) = Encrypted::start().await else {
        return;
    };
    let options = server.options("localhost", &server.root);
    let store = server.builder(options.clone()).connect().await.unwrap();
    store.migrate().await.unwrap();
    let session = open(&store).await;
    assert!(store.revoke(&session.subject, &session.id).await.unwrap());
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mut raw = options.connect().await.unwrap();
    assert!(
        sqlx::query_scalar::<_, bool>(encrypted)
            .fetch_one(&mut raw)
            .await
            .unwrap()
    );

    // Signed by somebody else, or for another name.
    let other = Authority::new().0.pem();
    let options = server.options("localhost", &other);
    is_refused(server.builder(options), "certificate").await;
    let options = server.options("127.0.0.1", &server.root);
    is_refused(server.builder(options), "not valid for name").await;
    // The URL of a configuration says it all.
    let directory = std::env::temp_dir().join(format!("portcullis-pg-root-{}", std::process::id()));
    let url = |host: &str| {
        let (port, root) = (server.server.port(), directory.display());
        format!("postgres://postgres@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={root}")
    };
    std::fs::write(&directory, &server.root).unwrap();
    PostgresStore::connect(&url("localhost")).await.unwrap();
    is_refused(
        PostgresStore::builder(&url("127.0.0.1")),
        "not valid for name",
    )
    .await;
    remove(&directory);
}

fn remove(file: &Path) {
    std::fs::remove_file(file).unwrap();
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn connections_that_are_not_verified_are_warned_about_off_host() {
    let warnings = |url: &str| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            PostgresStore::builder(url).connect_lazy().unwrap();
        });
        let text = log.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap().matches("sslmode").count()
    };
    let modes = [
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ];
    for mode in modes {
        let url = |host: &str| format!("postgres://bob@{host}/x?sslmode={mode}");
        let expected = usize::from(mode != "verify-full");
        assert_eq!(warnings(&url("db.example")), expected, "{mode}");
        assert_eq!(warnings(&url("192.0.2.1")), expected, "{mode}");
        for here in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(warnings(&url(here)), 0, "{mode} {here}");
        }
    }
}
