//! A Redis server and its replica, which take turns.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use portcullis_testing::proxy::{Mode, Proxy};

use super::redis_server::RedisServer;
use crate::Result;

/// Longer than a replica takes to follow.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Redis {
    primary: RedisServer,
    replica: RedisServer,
    /// Between the replica and its primary.
    link: Proxy,
}

impl Redis {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let primary = RedisServer::start(folder, &[]).await?;
        let site = Self {
            link: Proxy::start(primary.address())?,
            primary,
            replica: RedisServer::start(folder, &[]).await?,
        };
        site.follow().await?;
        Ok(site)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.primary.address()
    }

    pub(super) async fn kill_and_start(&mut self) -> Result<()> {
        self.primary.kill()?;
        self.primary.run_again().await
    }

    pub(super) async fn pause(&self, span: Duration) -> Result<()> {
        self.primary.pause(span).await
    }

    pub(super) async fn end_connections(&self) -> Result<()> {
        let kill = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
        self.primary.command::<u64>(&kill).await?;
        Ok(())
    }

    /// Kills the primary and promotes the replica, to which all ways lead then. With
    /// `behind` it has heard nothing for so long.
    pub(super) async fn fail_over(
        &mut self,
        behind: Option<Duration>,
        ways: &[Option<Proxy>],
    ) -> Result<()> {
        if let Some(behind) = behind {
            self.link.set(Mode::HoldAnswers);
            tokio::time::sleep(behind).await;
        }
        self.primary.kill()?;
        // What was held up on its way is lost.
        self.link.set(Mode::Refuse);
        self.link.cut();
        self.replica
            .command::<String>(&["REPLICAOF", "NO", "ONE"])
            .await?;
        for way in ways.iter().flatten() {
            way.lead_to(self.replica.address());
            way.cut();
        }
        std::mem::swap(&mut self.primary, &mut self.replica);
        Ok(())
    }

    /// The old primary comes back as the new one's replica.
    pub(super) async fn come_back(&mut self) -> Result<()> {
        self.replica.run_again().await?;
        self.link.lead_to(self.primary.address());
        self.link.set(Mode::Pass);
        self.follow().await
    }

    /// Lets the replica follow the primary, and waits until it does.
    async fn follow(&self) -> Result<()> {
        let port = self.link.address().port().to_string();
        let follow = ["REPLICAOF", "127.0.0.1", &port];
        self.replica.command::<String>(&follow).await?;
        self.in_step().await
    }

    /// Waits until the replica follows the primary.
    pub(super) async fn in_step(&self) -> Result<()> {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            let told: String = self.replica.command(&["INFO", "replication"]).await?;
            if told.contains("master_link_status:up") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the replica does not follow".into())
    }
}
