//! What a run says of itself.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;

use crate::{
    checker::Report,
    history::{Actor, History, Injected, Moment, Operation, Outcome as Answer, What},
    run::{Outcome, Plan},
};

/// How many violations are told one by one.
const SHOWN: usize = 20;

/// For how long after a fault what is unanswered is put down to it.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// The whole story, for people.
pub fn text(plan: &Plan, outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, plan, outcome);
    text
}

fn write(text: &mut String, plan: &Plan, outcome: &Outcome) -> std::fmt::Result {
    let Outcome {
        history,
        report,
        took,
    } = outcome;
    let busy = history.quiet_from.as_secs_f64();
    writeln!(text, "## {}\n", plan.kind.name())?;
    writeln!(
        text,
        "{} generations advanced in {busy:.0} s ({:.0}/s), {} operations of {} clients at {} \
         nodes; {:.0} s in all; grace {:?}, seed {}",
        report.advanced,
        report.advanced as f64 / busy,
        history.operations.len(),
        plan.clients,
        plan.programs.len(),
        took.as_secs_f64(),
        plan.rules.grace,
        plan.seed,
    )?;
    writeln!(
        text,
        "{} tokens rested, {} successors given again, {} log-outs, {} thefts found out\n",
        report.rested, report.repeated, report.log_outs, report.found_out
    )?;
    writeln!(
        text,
        "| fault | times | lasted at most | unanswered: 503 | broken | longest wait of a client |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    for (fault, seen) in faults(history) {
        writeln!(
            text,
            "| {fault} | {} | {:.2} s | {} | {} | {:.2} s |",
            seen.times,
            seen.longest.as_secs_f64(),
            seen.unavailable,
            seen.broken,
            seen.wait.as_secs_f64()
        )?;
    }
    writeln!(text)?;
    write_verdicts(text, report)
}

/// What the checker says, for people.
pub fn verdicts(report: &Report) -> String {
    let mut text = String::new();
    let _ = write_verdicts(&mut text, report);
    text
}

fn write_verdicts(text: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        text,
        "refused after no answer for a whole window: {}",
        report.lapsed
    )?;
    for (verdict, count) in &report.lost {
        writeln!(
            text,
            "lost by a fail-over, as documented: {verdict:?}: {count}"
        )?;
    }
    let found = &report.violations;
    writeln!(text, "violations: {}", found.len())?;
    for violation in found.iter().take(SHOWN) {
        writeln!(text, "  {violation}")?;
    }
    if found.len() > SHOWN {
        let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
        for violation in found {
            *kinds.entry(violation.verdict).or_default() += 1;
        }
        writeln!(text, "  … {kinds:?}")?;
    }
    Ok(())
}

/// What was seen of one kind of fault.
#[derive(Debug, Default)]
struct Seen {
    times: usize,
    longest: Duration,
    unavailable: usize,
    broken: usize,
    wait: Duration,
}

fn faults(history: &History) -> BTreeMap<&str, Seen> {
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    let waits = waits(&history.operations);
    for injected in &history.faults {
        let one = seen.entry(&injected.fault).or_default();
        let (from, until) = (injected.began, injected.ended + AFTERWARDS);
        one.times += 1;
        one.longest = one.longest.max(injected.ended - injected.began);
        for operation in &history.operations {
            if (from..until).contains(&operation.invoked) {
                one.unavailable += usize::from(operation.outcome == Answer::Unavailable);
                one.broken += usize::from(operation.outcome == Answer::Broken);
            }
        }
        for &(begun, wait) in &waits {
            if (from..until).contains(&begun) {
                one.wait = one.wait.max(wait);
            }
        }
    }
    seen
}

/// From when and for how long owners waited for a successor, all attempts included.
fn waits(operations: &[Operation]) -> Vec<(Moment, Duration)> {
    let mut asked: BTreeMap<(u64, u64), Moment> = BTreeMap::new();
    let mut waits = Vec::new();
    for operation in operations {
        let (Actor::Owner, What::Refresh(token)) = (operation.actor, operation.what) else {
            continue;
        };
        let key = (operation.session, token.generation);
        match operation.outcome {
            Answer::Unavailable | Answer::Broken => {
                asked.entry(key).or_insert(operation.invoked);
            }
            _ => {
                let begun = asked.remove(&key).unwrap_or(operation.invoked);
                waits.push((begun, operation.completed.saturating_sub(begun)));
            }
        }
    }
    waits
}

/// A line of a file with a history.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Fault(Injected),
    Operation(Operation),
    Quiet { quiet_from: Moment },
}

/// Reads a history that was saved.
///
/// # Errors
///
/// When the file cannot be read, or is none.
pub fn load(file: &Path) -> io::Result<History> {
    let mut history = History::default();
    for line in BufReader::new(File::open(file)?).lines() {
        match serde_json::from_str(&line?)? {
            Line::Fault(injected) => history.faults.push(injected),
            Line::Operation(operation) => history.operations.push(operation),
            Line::Quiet { quiet_from } => history.quiet_from = quiet_from,
        }
    }
    Ok(history)
}

/// Writes the history, a line of JSON for each fault and each operation.
///
/// # Errors
///
/// When the file cannot be written.
pub fn save(history: &History, file: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    let quiet = json!({ "quiet_from": history.quiet_from });
    writeln!(file, "{quiet}")?;
    for injected in &history.faults {
        serde_json::to_writer(&mut file, injected)?;
        writeln!(file)?;
    }
    for operation in &history.operations {
        serde_json::to_writer(&mut file, operation)?;
        writeln!(file)?;
    }
    file.flush()
}
