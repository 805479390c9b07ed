//! From the command line to a server, and back to an exit code.

use std::{
    fmt::Display,
    future::Future,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use portcullis::{endpoint::Endpoints, session::events, time::SharedClock};
use tokio::runtime::{Builder, Runtime};

use crate::{
    access_log::AccessLog,
    accounts::DemoAccounts,
    apis::{self, Guards},
    background::Background,
    cli::Options,
    console::{self, Console},
    cookies, curl,
    feed::{Feed, QUEUE, Relay},
    keys::{self, DemoKeys},
    logging,
    metrics::Metrics,
    shutdown::Shutdown,
    start::StartError,
    store::Store,
    trust_file::TrustFile,
};

/// What a framework gets to serve.
#[derive(Debug)]
pub struct Demo {
    /// Accepts connections already; does not block.
    pub listener: TcpListener,
    /// Login, refresh, logout and the rest, at their paths.
    pub endpoints: Endpoints,
    /// Who may pass at the demo's own routes.
    pub guards: Guards,
    /// The page at `/`, and what it asks for.
    pub console: Console,
    /// What it counts and times.
    pub metrics: Metrics,
    /// The origins whose pages may call the demo and read its answers, if any may.
    pub cors: Vec<String>,
    /// What is told of each request.
    pub access_log: AccessLog,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// Runs a demo until it is told to stop. `serve` is all that depends on the
/// framework; it returns once it has stopped serving.
///
/// The exit code is 2 for a mistake on the command line, and 1 for whatever
/// else prevents the start.
pub fn run<F>(program: &'static str, serve: impl FnOnce(Demo) -> F) -> ExitCode
where
    F: Future<Output = io::Result<()>>,
{
    let options = match Options::from_process(program) {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    logging::init();
    match run_with(program, &options, serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{program}: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn run_with<F>(
    program: &str,
    options: &Options,
    serve: impl FnOnce(Demo) -> F,
) -> Result<(), StartError>
where
    F: Future<Output = io::Result<()>>,
{
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let shutdown = Shutdown::on_signal().map_err(StartError::new)?;
        let metrics = Metrics::install()?;
        let (listener, address) = listen(&options.listen)?;
        let clock = SharedClock::default();
        let keep = apis::revocations_matter_for(&options.lifetimes);
        let store = Arc::new(Store::open(&options.store, &clock, keep).await?);
        let keys = DemoKeys::open(options, &store).await?;
        let (sender, events) = events::channel(QUEUE);
        let revocations = store
            .snapshot(&clock, keep, options.max_silence)
            .await?
            .with_events(sender);
        let accounts = DemoAccounts::new(options, clock.clone())?;
        let browsers = &options.browsers;
        let kind = cookies::kind(browsers, address)?;
        let cookies = match kind {
            Some(kind) => {
                let key = keys::csrf(&store).await?;
                Some(cookies::build(kind, browsers, key, address)?)
            }
            None => None,
        };
        let file = options.config.as_deref();
        let file = file.map(|path| TrustFile::open(path, &clock)).transpose()?;
        let (endpoints, guards, maintenance) = apis::build(
            options,
            &keys,
            accounts,
            cookies,
            &revocations,
            file.as_ref().map(TrustFile::verifier),
            &clock,
        )
        .map_err(StartError::new)?;
        let relay = Relay::new(events);
        let feed = Feed::new(&relay, shutdown.clone(), clock);
        let console = Console::new(program, options, kind.map(console::Cookies::of), feed);
        let background =
            Background::start(&store, &revocations, maintenance, relay, file, &metrics);
        greet(options, address);
        let serving = serve(Demo {
            listener,
            endpoints,
            guards,
            console,
            metrics,
            cors: browsers.cors.iter().map(ToString::to_string).collect(),
            access_log: AccessLog::new(options.access_log),
            shutdown: shutdown.clone(),
        });
        let served = tokio::select! {
            served = serving => served.map_err(StartError::new),
            () = shutdown.out_of_patience() => {
                tracing::warn!("stopped, though some requests were still being served");
                Ok(())
            }
        };
        drop(background);
        store.close().await;
        served
    });
    // A password that is still being checked holds nothing up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

fn runtime() -> Result<Runtime, StartError> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(StartError::new)
}

fn listen(address: &str) -> Result<(TcpListener, SocketAddr), StartError> {
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok::<_, io::Error>((listener, address))
    };
    listen().map_err(|error| StartError::new(format_args!("cannot listen on {address}: {error}")))
}

/// Says where the server listens and how to try it. Nobody may be there to read
/// it, which is no reason to stop.
fn greet(options: &Options, address: SocketAddr) {
    let base = format!("http://{address}");
    let mut stdout = io::stdout().lock();
    let _ = write!(
        stdout,
        "listening on {base}\nopen {base}/ in a browser for the console, or try these lines:\n{}",
        curl::lines(options, &base)
    );
    let _ = stdout.flush();
}

fn one_line(error: &impl Display) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
