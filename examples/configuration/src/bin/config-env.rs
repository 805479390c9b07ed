//! Settings from environment variables, over those of a file that may be there.
//!
//! ```text
//! SERVICE_VERIFIER__ISSUER=https://login.example.com/realms/main \
//! SERVICE_VERIFIER__AUDIENCE=stations SERVICE_VERIFIER__DISCOVER=true \
//! cargo run -p configuration --bin config-env
//! ```

use std::process::ExitCode;

use config::{Config, ConfigError, Environment, File};
use configuration::{Settings, run};

fn settings() -> Result<Settings, String> {
    let loaded = Config::builder()
        .add_source(File::with_name("service").required(false))
        // `SERVICE_VERIFIER__KIND_CLAIM__NAME` is `verifier.kind_claim.name`.
        .add_source(
            Environment::with_prefix("service")
                .prefix_separator("_")
                .separator("__"),
        )
        .build()
        .map_err(|error| error.to_string())?;
    // Says where a value of the wrong type is.
    serde_path_to_error::deserialize(loaded).map_err(|error| {
        let place = error.path().to_string();
        match error.into_inner() {
            // They name the place themselves.
            reason @ ConfigError::Type { .. } => reason.to_string(),
            reason => format!("{place}: {reason}"),
        }
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    run(settings()).await
}
