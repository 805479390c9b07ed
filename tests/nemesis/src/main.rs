//! Runs each store under faults, and says what was lost or forked.

use std::{
    env,
    error::Error,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Parser;
use nemesis::{
    Result,
    checker::{self, Rules},
    report,
    run::{Habits, Plan, run},
    site::Kind,
};
use tempfile::TempDir;

/// Several demos on one store, clients that refresh, log out and steal, faults all the
/// while, and a checker of what became of it.
///
/// The demos stand beside this program: `cargo build --release -p nemesis` makes them all.
/// Ends with 1 if anything was found wrong.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The stores; all of them unless some are named
    store: Vec<Kind>,

    /// How many generations must be advanced on each
    #[arg(long, default_value_t = 100_000)]
    generations: u64,

    /// How often each fault is injected at least
    #[arg(long, default_value_t = 2)]
    rounds: usize,

    /// How long it may take on each store
    #[arg(long, default_value = "20m", value_parser = humantime::parse_duration)]
    at_most: Duration,

    /// How many clients there are: a token rests for a window, so that they bound how fast
    /// generations are advanced
    #[arg(long, default_value_t = 4000)]
    clients: usize,

    /// How many requests there are at once
    #[arg(long, default_value_t = 48)]
    at_once: usize,

    /// The grace window of the demos: longer than what is down is down for, since whoever
    /// gets no answer for longer may be logged out
    #[arg(long, default_value = "6s", value_parser = humantime::parse_duration)]
    grace: Duration,

    /// After which the demos accept no access token without news of the store
    #[arg(long, default_value = "15s", value_parser = humantime::parse_duration)]
    max_silence: Duration,

    /// How long there is peace between two faults
    #[arg(long, default_value = "4s", value_parser = humantime::parse_duration)]
    peace: Duration,

    /// Decides what is done to whom; another one each time unless given
    #[arg(long)]
    seed: Option<u64>,

    /// Where the history of each store is written, as lines of JSON
    #[arg(long, value_name = "FOLDER")]
    histories: Option<PathBuf>,

    /// Runs nothing, and checks a history that was written, with the same `--grace` and
    /// `--max-silence`
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,

    /// Where servers keep their files and nodes their logs, to be looked at afterwards
    /// [default: a folder that is removed, below the one it is run in, which is on a disk]
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.check {
        Some(file) => check_again(file, arguments.rules()),
        None => every_store(&arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("nemesis: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn rules(&self) -> Rules {
        Rules {
            grace: self.grace,
            max_silence: self.max_silence,
        }
    }
}

/// Whether nothing is wrong in a history that was written.
fn check_again(file: &Path, rules: Rules) -> Result<bool> {
    let report = checker::check(&report::load(file)?, &rules);
    println!("{} generations advanced", report.advanced);
    print!("{}", report::verdicts(&report));
    Ok(report.violations.is_empty())
}

/// Whether nothing is wrong.
async fn every_store(arguments: &Arguments) -> Result<bool> {
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => SystemTime::UNIX_EPOCH.elapsed()?.as_secs(),
    };
    let stores = match &arguments.store[..] {
        [] => Kind::ALL.to_vec(),
        stores => stores.to_vec(),
    };
    let mut is_good = true;
    for kind in stores {
        if !kind.is_installed() {
            return Err(format!("{} is not installed", kind.name()).into());
        }
        let temporary = TempDir::with_prefix_in("nemesis-", ".")?;
        // PostgreSQL does not run as root, and has to get to its files.
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755))?;
        let folder = match &arguments.folder {
            Some(folder) => folder.join(kind.name()),
            None => temporary.path().to_owned(),
        };
        fs::create_dir_all(&folder)?;
        let plan = Plan {
            kind,
            programs: programs()?,
            rules: arguments.rules(),
            clients: arguments.clients,
            habits: Habits {
                leave: 5,
                stolen: 5,
                twice: 30,
                cut: 10,
                early: 10,
                call: 100,
            },
            at_once: arguments.at_once,
            generations: arguments.generations,
            rounds: arguments.rounds,
            at_most: arguments.at_most,
            peace: arguments.peace,
            seed,
            folder: fs::canonicalize(folder)?,
        };
        let outcome = run(&plan).await?;
        println!("{}", report::text(&plan, &outcome));
        if let Some(folder) = &arguments.histories {
            fs::create_dir_all(folder)?;
            let file = folder.join(format!("{kind:?}.jsonl").to_lowercase());
            report::save(&outcome.history, &file)?;
        }
        let report = &outcome.report;
        is_good &= report.violations.is_empty() && report.advanced >= plan.generations;
    }
    Ok(is_good)
}

/// One node on each framework.
fn programs() -> Result<Vec<PathBuf>, Box<dyn Error + Send + Sync>> {
    let beside = env::current_exe()?;
    let demos = ["axum", "actix", "hyper"].map(|name| {
        let program = beside.with_file_name(format!("nemesis-demo-{name}"));
        match program.exists() {
            true => Ok(program),
            false => Err(format!("{} is missing: build the package", program.display()).into()),
        }
    });
    demos.into_iter().collect()
}
