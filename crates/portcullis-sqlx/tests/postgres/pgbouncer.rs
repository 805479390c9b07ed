//! PgBouncer on the way to the server: it has to keep sessions apart.

use std::{
    net::TcpListener,
    os::unix::fs::{MetadataExt, chown},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use portcullis::session::{SessionStore, StoreErrorKind};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::servers;
use sqlx::{ConnectOptions, Connection, PgPool, postgres::PgConnectOptions};

use crate::{
    node::{Known, attempt, is_rotated, open, rotate, snapshot, until},
    schema::Schema,
};

/// A proxy of the test's own, in front of the server. Stopped on drop.
struct PgBouncer {
    directory: PathBuf,
    port: u16,
    process: Child,
}

impl PgBouncer {
    /// `None` where it is not installed.
    async fn start(schema: &Schema, pool_mode: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !servers::pgbouncer_is_installed() {
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("portcullis-pgbouncer-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let (host, server_port) = schema.address();
        let url = servers::postgres_url().unwrap();
        let authority = url.split_once("://").unwrap().1;
        let login = authority.split_once('@').unwrap().0;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let users = directory.join("users.txt");
        std::fs::write(&users, format!("\"{user}\" \"{password}\"\n")).unwrap();
        let config = format!(
            "[databases]\n* = host={host} port={server_port}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = {pool_mode}\n\
             default_pool_size = 20\nignore_startup_parameters = extra_float_digits\n",
            users.display()
        );
        let file = directory.join("pgbouncer.ini");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("pgbouncer");
        // It refuses to run as root.
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            const NOBODY: u32 = 65534;
            for path in [&directory, &users, &file] {
                chown(path, Some(NOBODY), None).unwrap();
            }
            command = Command::new("setpriv");
            let user = format!("--reuid={NOBODY}");
            command.args([&user, "--clear-groups", "pgbouncer"]);
        }
        command.arg(&file).current_dir(&directory);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(Stdio::null()).spawn().unwrap();
        let proxy = Self {
            directory,
            port,
            process,
        };
        for _ in 0..200 {
            if let Ok(connection) = proxy.options(schema).connect().await {
                connection.close().await.unwrap();
                return Some(proxy);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PgBouncer does not start");
    }

    fn options(&self, schema: &Schema) -> PgConnectOptions {
        schema.server().host("127.0.0.1").port(self.port)
    }

    fn store(&self, schema: &Schema) -> portcullis_sqlx::postgres::PostgresStoreBuilder {
        let builder = schema.builder().options(self.options(schema));
        builder
            .schema(schema.name())
            .timeout(Duration::from_secs(20))
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[tokio::test]
async fn a_proxy_that_pools_transactions_is_refused() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    for pool_mode in ["transaction", "statement"] {
        let Some(proxy) = PgBouncer::start(&schema, pool_mode).await else {
            return;
        };
        let pool = PgPool::connect_lazy_with(proxy.options(&schema));
        let shared = PostgresStore::from_pool(pool).schema(schema.name());
        let lazy = proxy.store(&schema).connect_lazy().unwrap();
        for error in [
            proxy.store(&schema).connect().await.unwrap_err(),
            shared.connect().await.unwrap_err(),
            lazy.login_ticket().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{error:?}");
            let cause = error.cause().to_string();
            assert!(cause.contains("pool_mode = transaction"), "{cause}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_pools_sessions_is_not_noticed() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let Some(proxy) = PgBouncer::start(&schema, "session").await else {
        return;
    };
    let pool = PgPool::connect_lazy_with(proxy.options(&schema));
    let shared = PostgresStore::from_pool(pool).schema(schema.name());
    for builder in [proxy.store(&schema), shared] {
        let store = builder.poll_interval(Duration::from_secs(3600));
        let store = store.connect().await.unwrap();
        store.migrate().await.unwrap();
        let session = open(&store).await;
        assert!(is_rotated(&rotate(&store, &attempt(&session, 0)).await));
        // For longer than a connection is believed to be as it was.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert!(is_rotated(&rotate(&store, &attempt(&session, 1)).await));
        let revocations = snapshot(&store);
        let watch = tokio::spawn(store.watch(revocations.clone()));
        until(&revocations, &session, Known::Clear).await;
        store.revoke(&session.subject, &session.id).await.unwrap();
        until(&revocations, &session, Known::Revoked).await;
        watch.abort();
    }
}
