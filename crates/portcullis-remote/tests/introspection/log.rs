//! What is logged, on whichever thread.

use std::{
    io::{self, Write},
    sync::{Mutex, OnceLock, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

struct Lines(Mutex<Vec<u8>>);

static LINES: OnceLock<Lines> = OnceLock::new();

/// Begins to listen to everything in this process.
pub(super) fn listen() {
    LINES.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(Writer)
            .init();
        Lines(Mutex::default())
    });
}

/// The lines so far in which this occurs.
pub(super) fn lines_with(text: &str) -> Vec<String> {
    let Some(Lines(lines)) = LINES.get() else {
        return Vec::new();
    };
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = String::from_utf8_lossy(&lines);
    let lines = lines.lines().filter(|line| line.contains(text));
    lines.map(str::to_owned).collect()
}

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(Lines(lines)) = LINES.get() {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
