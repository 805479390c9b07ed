//! As much of an HTTP client as the run needs: one pool of connections for each node.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, header::HOST};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::Result;

/// More than any answer has.
const LIMIT: usize = 64 * 1024;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// Connections to one address, kept for the next request.
#[derive(Debug)]
pub(crate) struct Pool {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Pool {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            idle: Mutex::default(),
        }
    }

    /// Sends a request, and waits so long for the answer.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<Answer> {
        let host = self.address.to_string().parse()?;
        request.headers_mut().insert(HOST, host);
        let exchange = async {
            let mut connection = match self.idle() {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            connection.ready().await?;
            let answer = connection.send_request(request).await?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), LIMIT).collect().await?;
            let body = body.to_bytes();
            self.lock().push(connection);
            Ok(Answer { status, body })
        };
        timeout(patience, exchange).await?
    }

    /// Sends a request, and cuts the connection before the answer is read, if it takes no
    /// longer than this.
    pub(crate) async fn send_and_cut(&self, request: Request<Full<Bytes>>, after: Duration) {
        let _ = self.send(request, after).await;
        sleep(Duration::from_millis(1)).await;
    }

    fn idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.lock();
        while let Some(connection) = idle.pop() {
            if !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Full<Bytes>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
