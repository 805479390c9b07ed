//! Settings from a file in TOML.
//!
//! `cargo run -p configuration --bin config-toml -- examples/configuration/service.toml`

use std::{env, fs, process::ExitCode};

use configuration::{Settings, run};

fn settings(path: &str) -> Result<Settings, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let deserializer = toml::Deserializer::parse(&text);
    // Of a syntax error its `Display` shows the line, which may have a secret in it.
    let deserializer = deserializer.map_err(|error| format!("{path}: {}", error.message()))?;
    // Says where a value of the wrong type is.
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let (place, reason) = (error.path(), error.inner().message());
        format!("{path}: {place}: {reason}")
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    let path = env::args().nth(1).unwrap_or("service.toml".to_owned());
    run(settings(&path)).await
}
