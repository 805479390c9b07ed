//! One run: a store, nodes, clients, and faults one after the other.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis_testing::proxy::{Mode, Proxy};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};

pub use crate::world::Habits;
use crate::{
    Result,
    checker::{self, Report, Rules},
    client::Owner,
    history::{History, Injected, Moment},
    node::{Node, Setting},
    random::Random,
    site::{Kind, Site, StoreFault},
    world::World,
};

/// How many sessions a user has at most: fewer than the cap of any realm.
const SESSIONS_PER_USER: usize = 20;

/// What is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On which store.
    pub kind: Kind,
    /// The programs of the nodes, one node for each.
    pub programs: Vec<PathBuf>,
    /// How the nodes are set.
    pub rules: Rules,
    /// How many clients there are.
    pub clients: usize,
    /// What they do.
    pub habits: Habits,
    /// How many requests at once.
    pub at_once: usize,
    /// It goes on until so many generations have been advanced,
    pub generations: u64,
    /// and so many faults of each kind there are have been injected,
    pub rounds: usize,
    /// but no longer than this.
    pub at_most: Duration,
    /// How long there is peace between two faults.
    pub peace: Duration,
    /// Decides what is done to whom and when.
    pub seed: u64,
    /// Where servers keep their files, and nodes their logs.
    pub folder: PathBuf,
}

/// What a run was like.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Everything that was seen.
    pub history: History,
    /// What the checker says about it.
    pub report: Report,
    /// How long it took, the quiet end included.
    pub took: Duration,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    KillNode,
    PauseNode,
    /// All connections between a node and its store.
    CutConnections,
    /// What the store answers to a node.
    LoseAnswers,
    HoldAnswers,
    HoldRequests,
    /// A node is cut off.
    Isolate,
    Store(StoreFault),
}

impl Fault {
    const OF_NODES: [Self; 2] = [Self::KillNode, Self::PauseNode];
    const OF_WAYS: [Self; 5] = [
        Self::CutConnections,
        Self::LoseAnswers,
        Self::HoldAnswers,
        Self::HoldRequests,
        Self::Isolate,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::KillNode => "node killed and started again",
            Self::PauseNode => "node paused",
            Self::CutConnections => "connections to the store cut",
            Self::LoseAnswers => "answers of the store lost",
            Self::HoldAnswers => "answers of the store delayed",
            Self::HoldRequests => "requests to the store delayed",
            Self::Isolate => "node cut off from the store",
            Self::Store(fault) => fault.name(),
        }
    }
}

/// Runs a plan, and checks what came of it.
///
/// # Errors
///
/// When servers or nodes do not start, or end by themselves.
pub async fn run(plan: &Plan) -> Result<Outcome> {
    let begun = Instant::now();
    let mut site = Site::start(plan.kind, &plan.folder).await?;
    let (mut nodes, mut ways) = (Vec::new(), Vec::new());
    for (number, program) in plan.programs.iter().enumerate() {
        let (store, way) = site.way()?;
        let node = Arc::new(Node::new(setting(plan, number, program, store)));
        node.start().await?;
        nodes.push(node);
        ways.push(way);
    }
    let mut random = Random::new(plan.seed);
    let world = Arc::new(World::new(nodes, plan.rules, plan.habits, plan.at_once));
    let mut clients = JoinSet::new();
    for number in 0..plan.clients {
        let name = number / SESSIONS_PER_USER;
        let owner = Owner::new(world.clone(), name, random.fork());
        clients.spawn(owner.run());
    }
    let mut nemesis = Nemesis {
        plan,
        site: &mut site,
        ways: &ways,
        world: &world,
        random,
        faults: Vec::new(),
    };
    let injected = nemesis.run().await;
    let faults = nemesis.faults;
    let quiet_from = world.now();
    world.end();
    injected?;
    while let Some(client) = clients.join_next().await {
        client?;
    }
    if let Some(node) = world.nodes.iter().find(|node| node.has_ended()) {
        return Err(format!("{} ended by itself", node.name()).into());
    }
    let history = History {
        operations: world.take_operations(),
        faults,
        quiet_from,
    };
    let rules = plan.rules;
    let (history, report) = spawn_blocking(move || {
        let report = checker::check(&history, &rules);
        (history, report)
    })
    .await?;
    Ok(Outcome {
        history,
        report,
        took: begun.elapsed(),
    })
}

fn setting(plan: &Plan, number: usize, program: &Path, store: String) -> Setting {
    Setting {
        program: program.to_owned(),
        store,
        grace: plan.rules.grace,
        max_silence: plan.rules.max_silence,
        users: plan.clients.div_ceil(SESSIONS_PER_USER),
        log: plan.folder.join(format!("node-{number}.log")),
    }
}

/// Does one thing after the other to nodes and store.
struct Nemesis<'a> {
    plan: &'a Plan,
    site: &'a mut Site,
    ways: &'a [Option<Proxy>],
    world: &'a Arc<World>,
    random: Random,
    faults: Vec<Injected>,
}

impl Nemesis<'_> {
    async fn run(&mut self) -> Result<()> {
        let mut faults: Vec<_> = Fault::OF_NODES.into();
        if self.ways.iter().any(Option::is_some) {
            faults.extend(Fault::OF_WAYS);
        }
        faults.extend(self.site.faults().iter().copied().map(Fault::Store));
        let mut rounds = 0;
        // Some that clients have seen are the same to the checker.
        let wanted = self.plan.generations + self.plan.generations / 20;
        while self.world.now() < self.plan.at_most {
            // Each once in a round, in any order.
            let mut left = faults.clone();
            while !left.is_empty() && self.world.now() < self.plan.at_most {
                let peace = self.random.part(self.plan.peace, 50, 150);
                sleep(peace).await;
                let fault = left.swap_remove(self.random.below(left.len()));
                self.inject(fault).await?;
            }
            rounds += 1;
            if rounds >= self.plan.rounds && self.world.advanced() >= wanted {
                break;
            }
        }
        Ok(())
    }

    async fn inject(&mut self, fault: Fault) -> Result<()> {
        let began = self.world.now();
        // With a retry it fits into the window.
        let span = self.random.part(self.world.rules.grace, 10, 35);
        let place = self.random.below(self.world.nodes.len());
        let mut injected = Injected {
            fault: fault.name().into(),
            began,
            ended: began,
            may_lose: None,
            doubled: Vec::new(),
        };
        match fault {
            Fault::KillNode => {
                let node = &self.world.nodes[place];
                node.kill()?;
                node.start().await?;
            }
            Fault::PauseNode => {
                let node = &self.world.nodes[place];
                node.pause(true)?;
                sleep(span).await;
                node.pause(false)?;
            }
            Fault::CutConnections => {
                if let Some(way) = &self.ways[place] {
                    way.cut();
                }
            }
            Fault::LoseAnswers => self.through(place, Mode::CutAnswers, span / 4).await,
            Fault::HoldAnswers => self.through(place, Mode::HoldAnswers, span).await,
            Fault::HoldRequests => self.through(place, Mode::HoldRequests, span).await,
            Fault::Isolate => self.through(place, Mode::Refuse, span).await,
            Fault::Store(fault) => {
                let (ways, world) = (self.ways, self.world);
                let now = || world.now();
                let random = &mut self.random;
                self.site
                    .inject(fault, span, ways, random, now, &mut injected)
                    .await?;
            }
        }
        injected.ended = self.world.now();
        self.faults.push(injected);
        Ok(())
    }

    async fn through(&self, place: usize, mode: Mode, span: Duration) {
        if let Some(way) = &self.ways[place] {
            way.set(mode);
            sleep(span).await;
            way.set(Mode::Pass);
        }
    }
}

impl Outcome {
    /// When a fault of this name was injected, each time.
    pub fn injected(&self, fault: &str) -> Vec<(Moment, Moment)> {
        let faults = self.history.faults.iter();
        let faults = faults.filter(|injected| injected.fault == fault);
        faults
            .map(|injected| (injected.began, injected.ended))
            .collect()
    }
}
