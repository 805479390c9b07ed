//! The thread on which issuers are asked.

use std::{fmt, future::Future, io, pin::Pin, sync::Arc, thread};

use tokio::{runtime, sync::mpsc};

/// A thread of its own on which the keys of any number of issuers are fetched.
///
/// Fetches do not run on the application's runtime: they go on when that ends, and
/// need none. Each issuer has a worker of its own unless it is
/// [given one](crate::IssuerBuilder::worker) to share. The thread ends with the
/// last issuer and the last clone of this.
#[derive(Clone)]
pub struct Worker(Arc<mpsc::UnboundedSender<Task>>);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the operating system has no thread to give.
    pub fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (tasks, mut sent) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("portcullis-remote".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    while let Some(task) = sent.recv().await {
                        tokio::spawn(task);
                    }
                });
                // What is still being looked up in some other thread keeps nobody.
                runtime.shutdown_background();
            })?;
        Ok(Self(Arc::new(tasks)))
    }

    /// Runs a task, at the latest until the worker ends.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        // The thread ends after the last sender.
        let _ = self.0.send(Box::pin(task));
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
