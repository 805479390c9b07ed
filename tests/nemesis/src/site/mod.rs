//! The stores, with servers of the run's own where they need any.

mod cluster;
mod postgres;
mod redis;
mod redis_server;
mod sqlite;

use std::{path::Path, time::Duration};

use clap::ValueEnum;
use portcullis_testing::proxy::Proxy;

use self::{cluster::Cluster, postgres::Postgres, redis::Redis, sqlite::Sqlite};
use crate::{
    Result,
    history::{Injected, Moment},
    random::Random,
};

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A file that all nodes open.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
    /// A Redis server and its replica.
    Redis,
    /// Three primaries and a replica of each.
    RedisCluster,
}

impl Kind {
    /// Each of them.
    pub const ALL: [Self; 4] = [
        Self::Sqlite,
        Self::Postgres,
        Self::Redis,
        Self::RedisCluster,
    ];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::RedisCluster => "Redis Cluster",
        }
    }

    /// Whether the programs are here that it needs.
    pub fn is_installed(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => postgres::is_installed(),
            Self::Redis | Self::RedisCluster => std::process::Command::new("redis-server")
                .arg("--version")
                .output()
                .is_ok(),
        }
    }
}

/// What can be done to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// Its server is killed, and started again on what is on the disk.
    Kill,
    /// Its server is told to stop, and started again.
    Restart,
    /// Its server is held up.
    Pause,
    /// Its server ends all connections.
    EndConnections,
    /// Somebody else holds the lock of the file.
    HoldLock,
    /// The primary is killed, and its replica promoted.
    FailOver,
    /// The same, when the replica has not heard from the primary for a moment.
    FailOverBehind,
    /// Slots go to another primary, key by key.
    MoveSlots,
}

impl StoreFault {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kill => "store killed and started again",
            Self::Restart => "store restarted",
            Self::Pause => "store paused",
            Self::EndConnections => "connections ended by the store",
            Self::HoldLock => "lock of the file held",
            Self::FailOver => "replica promoted",
            Self::FailOverBehind => "replica promoted that was behind",
            Self::MoveSlots => "slots moved",
        }
    }
}

/// A store that nodes can be started on. Its servers end with it.
pub(crate) enum Site {
    Sqlite(Sqlite),
    Postgres(Postgres),
    Redis(Redis),
    Cluster(Cluster),
}

impl Site {
    /// Starts what it needs, in a folder that exists.
    pub(crate) async fn start(kind: Kind, folder: &Path) -> Result<Self> {
        Ok(match kind {
            Kind::Sqlite => Self::Sqlite(Sqlite::new(folder)),
            Kind::Postgres => Self::Postgres(Postgres::start(folder).await?),
            Kind::Redis => Self::Redis(Redis::start(folder).await?),
            Kind::RedisCluster => Self::Cluster(Cluster::start(folder).await?),
        })
    }

    /// How one more node reaches it, and what stands in between, if anything does.
    pub(crate) fn way(&self) -> Result<(String, Option<Proxy>)> {
        let (server, url): (_, &dyn Fn(&Proxy) -> String) = match self {
            Self::Sqlite(site) => return Ok((site.url(), None)),
            // Its nodes say where they are.
            Self::Cluster(site) => return Ok((site.url(), None)),
            Self::Postgres(site) => (site.address(), &|proxy| {
                format!("postgres://postgres@{}/postgres", proxy.address())
            }),
            Self::Redis(site) => (site.address(), &|proxy| {
                format!("redis://{}/", proxy.address())
            }),
        };
        let proxy = Proxy::start(server)?;
        Ok((url(&proxy), Some(proxy)))
    }

    /// What can be done to it.
    pub(crate) fn faults(&self) -> &'static [StoreFault] {
        use StoreFault::{
            EndConnections, FailOver, FailOverBehind, HoldLock, Kill, MoveSlots, Pause, Restart,
        };
        match self {
            Self::Sqlite(_) => &[HoldLock],
            Self::Postgres(_) => &[Kill, Restart, Pause, EndConnections],
            Self::Redis(_) => &[Kill, Pause, EndConnections, FailOver, FailOverBehind],
            Self::Cluster(_) => &[MoveSlots, MoveSlots, Pause, EndConnections, FailOver],
        }
    }

    /// Does it, and undoes it after `span` where it lasts. Into `injected` goes what the
    /// checker has to know of it.
    pub(crate) async fn inject(
        &mut self,
        fault: StoreFault,
        span: Duration,
        proxies: &[Option<Proxy>],
        random: &mut Random,
        now: impl Fn() -> Moment,
        injected: &mut Injected,
    ) -> Result<()> {
        // From before it happens until nobody asks the old primary any more.
        let mut promoted =
            |begun: Moment| injected.may_lose = Some((begun.saturating_sub(LAG), now()));
        match (self, fault) {
            (Self::Sqlite(site), _) => site.hold_lock(span).await?,
            (Self::Postgres(site), StoreFault::Kill) => site.kill_and_start().await?,
            (Self::Postgres(site), StoreFault::Restart) => site.restart().await?,
            (Self::Postgres(site), StoreFault::Pause) => site.pause(span).await?,
            (Self::Postgres(site), _) => site.end_connections().await?,
            (Self::Redis(site), StoreFault::Kill) => site.kill_and_start().await?,
            (Self::Redis(site), StoreFault::Pause) => site.pause(span).await?,
            (Self::Redis(site), StoreFault::EndConnections) => site.end_connections().await?,
            (Self::Redis(site), fault) => {
                // One that does not follow is promoted by nobody.
                site.in_step().await?;
                let begun = now();
                let behind = fault == StoreFault::FailOverBehind;
                site.fail_over(behind.then_some(span / 2), proxies).await?;
                promoted(begun);
                site.come_back().await?;
            }
            (Self::Cluster(site), StoreFault::MoveSlots) => {
                injected.doubled = site.move_slots(random).await?;
            }
            (Self::Cluster(site), StoreFault::Pause) => site.pause(span, random).await?,
            (Self::Cluster(site), StoreFault::EndConnections) => site.end_connections().await?,
            (Self::Cluster(site), _) => {
                site.in_step().await?;
                let begun = now();
                let killed = site.fail_over(random).await?;
                promoted(begun);
                site.come_back(killed).await?;
            }
        }
        Ok(())
    }
}

/// How far a replica that is listening may be behind, on a busy machine.
const LAG: Duration = Duration::from_secs(1);
