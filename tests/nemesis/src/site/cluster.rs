//! A Redis Cluster: three primaries and a replica of each.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::redis_server::RedisServer;
use crate::{Result, random::Random};

/// Longer than a cluster takes to agree.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nodes wait for one that says nothing, in milliseconds.
const NODE_TIMEOUT: u64 = 1500;

/// So many slots in one go.
const SLOTS: usize = 4;

/// So many keys at once, and how long until the next ones: a slot is between two nodes for
/// a while, as one of a large cluster is.
const KEYS: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct Cluster {
    nodes: Vec<RedisServer>,
}

/// What `CLUSTER NODES` says of one.
struct Member {
    id: String,
    port: u16,
    is_primary: bool,
    has_slots: bool,
    is_well: bool,
}

impl Cluster {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let timeout = NODE_TIMEOUT.to_string();
        let options = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            &timeout,
            // Everybody who was there takes part in an election.
            "--cluster-replica-validity-factor",
            "0",
        ];
        let mut nodes = Vec::new();
        for _ in 0..6 {
            nodes.push(RedisServer::start(folder, &options).await?);
        }
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(nodes.iter().map(|node| node.address().to_string()))
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()?;
        if !made.status.success() {
            return Err(format!("no cluster: {}", String::from_utf8_lossy(&made.stdout)).into());
        }
        let cluster = Self { nodes };
        cluster.in_step().await?;
        Ok(cluster)
    }

    pub(super) fn url(&self) -> String {
        let mut nodes = self.nodes.iter().map(|node| node.address().to_string());
        let first = nodes.next().unwrap_or_default();
        let others: Vec<_> = nodes.map(|node| format!("node={node}")).collect();
        format!("redis-cluster://{first}?{}", others.join("&"))
    }

    /// Moves slots with something in them from one primary to another. How many keys were
    /// on both of them then, which no client may bring about.
    pub(super) async fn move_slots(&self, random: &mut Random) -> Result<Vec<String>> {
        let members = self.members().await?;
        let mut primaries: Vec<_> = members.iter().filter(|one| one.has_slots).collect();
        if primaries.len() < 2 {
            return Err("a cluster of one".into());
        }
        let from = primaries.swap_remove(random.below(primaries.len()));
        let to = primaries[random.below(primaries.len())];
        let mut doubled = Vec::new();
        for _ in 0..SLOTS {
            let source = self.node(from)?;
            let Some(key) = source.command::<Option<String>>(&["RANDOMKEY"]).await? else {
                break;
            };
            let slot: u64 = source.command(&["CLUSTER", "KEYSLOT", &key]).await?;
            doubled.extend(self.move_slot(&slot.to_string(), from, to).await?);
        }
        Ok(doubled)
    }

    async fn move_slot(&self, slot: &str, from: &Member, to: &Member) -> Result<Vec<String>> {
        let (source, target) = (self.node(from)?, self.node(to)?);
        let setslot = ["CLUSTER", "SETSLOT", slot];
        let with = |words: [&'_ str; 2]| [setslot.to_vec(), words.to_vec()].concat().join(" ");
        run(target, &with(["IMPORTING", &from.id])).await?;
        run(source, &with(["MIGRATING", &to.id])).await?;
        tokio::time::sleep(10 * PAUSE).await;
        let port = target.port().to_string();
        let count = KEYS.to_string();
        let give_up = Instant::now() + PATIENCE;
        let mut doubled = Vec::new();
        loop {
            let keys: Vec<String> = source
                .command(&["CLUSTER", "GETKEYSINSLOT", slot, &count])
                .await?;
            if keys.is_empty() {
                break;
            }
            if Instant::now() > give_up {
                return Err(format!("slot {slot} does not empty: {keys:?} stay").into());
            }
            if let Err(error) = migrate(source, &port, &keys, false).await
                && error.to_string().contains("BUSYKEY")
            {
                // What an operator has to do then, too.
                doubled.extend(keys.iter().cloned());
                let _ = migrate(source, &port, &keys, true).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for node in [target, source] {
            run(node, &with(["NODE", &to.id])).await?;
        }
        for member in self.members().await? {
            if member.has_slots {
                let _ = run(self.node(&member)?, &with(["NODE", &to.id])).await;
            }
        }
        Ok(doubled)
    }

    /// Holds a primary up, for less than the others take to replace it.
    pub(super) async fn pause(&self, span: Duration, random: &mut Random) -> Result<()> {
        let span = span.min(Duration::from_millis(NODE_TIMEOUT / 2));
        let members = self.members().await?;
        let primaries: Vec<_> = members.iter().filter(|one| one.has_slots).collect();
        match random.choose(&primaries) {
            Some(primary) => self.node(primary)?.pause(span).await,
            None => Ok(()),
        }
    }

    pub(super) async fn end_connections(&self) -> Result<()> {
        let kill = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
        for node in &self.nodes {
            node.command::<u64>(&kill).await?;
        }
        Ok(())
    }

    /// Kills a primary, and waits until its replica has its slots. Which it was.
    pub(super) async fn fail_over(&mut self, random: &mut Random) -> Result<usize> {
        let members = self.members().await?;
        let primaries: Vec<_> = members.iter().filter(|one| one.has_slots).collect();
        let primary = random.choose(&primaries).ok_or("no primary has slots")?;
        let place = self.place(primary)?;
        self.nodes[place].kill()?;
        let give_up = Instant::now() + PATIENCE;
        loop {
            let members = self.members().await?;
            let mut with_slots = members.iter().filter(|one| one.has_slots);
            let is_replaced = with_slots.clone().count() == primaries.len()
                && with_slots.all(|one| one.port != primary.port);
            if is_replaced && self.is_well().await {
                return Ok(place);
            }
            if Instant::now() > give_up {
                return Err("no replica was promoted".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One that was killed becomes a replica.
    pub(super) async fn come_back(&mut self, killed: usize) -> Result<()> {
        self.nodes[killed].run_again().await?;
        self.in_step().await
    }

    /// Until all nodes agree, replicas follow and nobody is missed.
    pub(super) async fn in_step(&self) -> Result<()> {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            let members = self.members().await?;
            let replicas = members.iter().filter(|one| !one.is_primary);
            let is_whole = replicas.count() == self.nodes.len() / 2
                && members.len() == self.nodes.len()
                && members.iter().all(|one| one.is_well);
            if is_whole && self.is_well().await && self.replicas_follow().await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the cluster does not come together".into())
    }

    async fn is_well(&self) -> bool {
        for node in &self.nodes {
            match node.command::<String>(&["CLUSTER", "INFO"]).await {
                Ok(told) if told.contains("cluster_state:ok") => {}
                Ok(_) => return false,
                // The one that was killed.
                Err(_) => {}
            }
        }
        true
    }

    async fn replicas_follow(&self) -> bool {
        for node in &self.nodes {
            match node.command::<String>(&["INFO", "replication"]).await {
                Ok(told) if !told.contains("master_link_status:down") => {}
                _ => return false,
            }
        }
        true
    }

    /// As some node that answers sees it.
    async fn members(&self) -> Result<Vec<Member>> {
        for node in &self.nodes {
            if let Ok(text) = node.command::<String>(&["CLUSTER", "NODES"]).await {
                return Ok(text.lines().filter_map(Member::parse).collect());
            }
        }
        Err("no node of the cluster answers".into())
    }

    fn place(&self, member: &Member) -> Result<usize> {
        let place = self.nodes.iter();
        let place = place.clone().position(|node| node.port() == member.port);
        Ok(place.ok_or("a stranger in the cluster")?)
    }

    fn node(&self, member: &Member) -> Result<&RedisServer> {
        Ok(&self.nodes[self.place(member)?])
    }
}

impl Member {
    /// `id address flags primary ping pong epoch link slot…`
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (id, address, flags) = (words.first()?, words.get(1)?, words.get(2)?);
        let address = address.split('@').next()?;
        let flags: Vec<_> = flags.split(',').collect();
        let is_well = !flags.iter().any(|flag| flag.starts_with("fail"));
        Some(Self {
            id: (*id).to_owned(),
            port: address.rsplit(':').next()?.parse().ok()?,
            is_primary: flags.contains(&"master"),
            // One that was replaced has none.
            has_slots: flags.contains(&"master") && words.len() > 8 && is_well,
            is_well,
        })
    }
}

/// Takes keys to the server at a port. Some may have gone meanwhile.
async fn migrate(from: &RedisServer, port: &str, keys: &[String], replace: bool) -> Result<()> {
    let mut words = vec!["MIGRATE", "127.0.0.1", port, "", "0", "5000"];
    words.extend(replace.then_some("REPLACE"));
    words.push("KEYS");
    words.extend(keys.iter().map(String::as_str));
    from.command::<String>(&words).await?;
    Ok(())
}

async fn run(node: &RedisServer, words: &str) -> Result<()> {
    let words: Vec<_> = words.split(' ').collect();
    node.command::<redis::Value>(&words).await?;
    Ok(())
}
