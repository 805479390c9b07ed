//! The service of both examples: what it is set up with, and what it serves.

use std::process::ExitCode;

use axum::{Router, routing::get};
use portcullis::config::{ConfigProblems, VerifierConfig};
use portcullis_axum::{AuthLayer, Token, remote::VerifierLoader};
use serde::Deserialize;

/// All settings of the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen.
    #[serde(default = "this_machine")]
    pub listen: String,
    /// Whose tokens are taken.
    pub verifier: VerifierConfig,
}

fn this_machine() -> String {
    "127.0.0.1:8080".to_owned()
}

/// The service, protected as the settings say.
///
/// # Errors
///
/// Everything that is wrong with the settings.
pub fn app(settings: &Settings) -> Result<Router, ConfigProblems> {
    let verifier = VerifierLoader::new(&settings.verifier).build();
    let verifier = verifier.map_err(|problems| problems.within("verifier"))?;
    Ok(Router::new()
        .route("/hello", get(hello))
        .layer(AuthLayer::new(verifier)))
}

async fn hello(token: Token) -> String {
    format!("hello, {}\n", token.subject_name().unwrap_or("stranger"))
}

/// Serves what the settings say, or says what is wrong with them.
pub async fn run(settings: Result<Settings, String>) -> ExitCode {
    let served = match settings {
        Ok(settings) => serve(&settings).await.map_err(|error| error.to_string()),
        Err(reason) => Err(reason),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: &Settings) -> Result<(), Box<dyn std::error::Error>> {
    let app = app(settings)?;
    let listener = tokio::net::TcpListener::bind(&settings.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
