//! Schemas of the test server that go when the test is over.

use std::sync::atomic::{AtomicU32, Ordering};

use portcullis::time::SharedClock;
use portcullis_sqlx::postgres::{PostgresStore, PostgresStoreBuilder};
use portcullis_testing::{proxy::Proxy, servers};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};

/// A schema of its own, dropped with everything in it.
pub(crate) struct Schema {
    url: String,
    name: String,
}

impl Schema {
    /// `None` where there is no server.
    pub(crate) async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = Self {
            url: servers::postgres_url()?,
            name: format!("portcullis_test_{}_{number}", std::process::id()),
        };
        let statement = format!("CREATE SCHEMA {}", schema.name);
        execute(schema.server(), statement).await;
        Some(schema)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn server(&self) -> PgConnectOptions {
        self.url.parse().unwrap()
    }

    /// Connections in this schema, with its name.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.server()
            .application_name(&self.name)
            .options([("search_path", &self.name)])
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> (String, u16) {
        let server = self.server();
        (server.get_host().to_owned(), server.get_port())
    }

    pub(crate) fn builder(&self) -> PostgresStoreBuilder {
        PostgresStore::builder(&self.url).options(self.options())
    }

    /// A store on the other side of a proxy.
    pub(crate) fn builder_through(&self, proxy: &Proxy) -> PostgresStoreBuilder {
        let options = self.options().host("127.0.0.1");
        let options = options.port(proxy.address().port());
        let options = options.application_name(&self.proxied_name());
        self.builder().options(options)
    }

    /// What connections through a proxy call themselves.
    pub(crate) fn proxied_name(&self) -> String {
        format!("{}_proxied", self.name)
    }

    /// A store with tables, that goes by `clock` and has patience with a busy
    /// machine.
    pub(crate) async fn store(&self, clock: SharedClock) -> PostgresStore {
        let builder = self.builder().test_clock(clock);
        let builder = builder.timeout(std::time::Duration::from_secs(30));
        let store = builder.connect().await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A connection beside the store's.
    pub(crate) async fn raw(&self) -> PgConnection {
        self.options().connect().await.unwrap()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (server, statement) = (self.server(), format!("DROP SCHEMA {} CASCADE", self.name));
        let dropped = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(execute(server, statement));
        });
        let _ = dropped.join();
    }
}

/// Whether another connection waits for a lock of this one.
pub(crate) async fn someone_waits(connection: &mut PgConnection) -> bool {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity \
         WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))",
    )
    .fetch_one(connection)
    .await
    .unwrap()
}

async fn execute(options: PgConnectOptions, statement: String) {
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await
        .unwrap();
}
