//! Signals to processes that the run has started.

use std::{fs, process::Command};

use crate::Result;

/// Sends a signal to these processes.
pub(crate) fn signal(name: &str, processes: &[u32]) -> Result<()> {
    let ids = processes.iter().map(ToString::to_string);
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .args(ids)
        .status()?;
    match sent.success() {
        true => Ok(()),
        false => Err(format!("cannot send {name} to {processes:?}").into()),
    }
}

/// The children of a process, those that are there at the moment.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}
