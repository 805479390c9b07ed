//! The HTTP client that comes with this crate.

use std::{error::Error, fmt, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use portcullis::ConfigError;
use reqwest::{Certificate, redirect::Policy};

use super::client::{BoxFuture, HttpClient};
use crate::{FetchError, FetchErrorKind};

/// The HTTP client of this crate, on reqwest and rustls.
///
/// It trusts the operating system's certificates unless it is given others, goes
/// through the proxies that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`,
/// `NO_PROXY`), follows no redirect and keeps no cookies. It needs a tokio runtime
/// with I/O and time where it is used, and none where it is made.
///
/// Connections are not kept unless [`keep_alive`](ClientBuilder::keep_alive) says
/// so: keys are fetched every few minutes, and a connection belongs to the runtime
/// it was opened in.
///
/// ```
/// use std::time::Duration;
/// use portcullis_remote::Client;
///
/// let client = Client::builder().timeout(Duration::from_secs(3)).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
}

/// What a [`Client`] can be told.
#[derive(Clone)]
#[must_use = "`build` makes the client"]
pub struct ClientBuilder {
    roots: Option<Vec<u8>>,
    more_roots: Vec<u8>,
    connect_timeout: Duration,
    timeout: Duration,
    keep_alive: Option<Duration>,
    uses_proxy: bool,
    user_agent: String,
}

const TIMEOUT: Duration = Duration::from_secs(5);

impl Client {
    /// A client as it is without any setting.
    ///
    /// # Errors
    ///
    /// The certificates of the operating system cannot be read, or there are none,
    /// as in some container images.
    pub fn new() -> Result<Self, ConfigError> {
        Self::builder().build()
    }

    /// A client with settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl ClientBuilder {
    fn new() -> Self {
        Self {
            roots: None,
            more_roots: Vec::new(),
            connect_timeout: TIMEOUT,
            timeout: TIMEOUT,
            keep_alive: None,
            uses_proxy: true,
            user_agent: concat!("portcullis/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Trusts the certificates in this PEM text, and no others: those of a private
    /// issuer, as a cluster's or a company's.
    pub fn roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Trusts the certificates in this PEM text besides the operating system's.
    pub fn more_roots(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.more_roots.extend_from_slice(pem.as_ref());
        self.more_roots.push(b'\n');
        self
    }

    /// How long it may take to connect: 5 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a request may take, from connecting to the last byte of the body:
    /// 5 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps idle connections for this long. Only for a client that is used from
    /// one runtime: a connection stands still when its runtime does.
    pub fn keep_alive(mut self, idle: Duration) -> Self {
        self.keep_alive = Some(idle);
        self
    }

    /// Goes through no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.uses_proxy = false;
        self
    }

    /// The `User-Agent` header: `portcullis/VERSION` unless set.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// The given certificates are none, those of the operating system cannot be
    /// read, or the user agent is not a header value.
    pub fn build(self) -> Result<Client, ConfigError> {
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .user_agent(self.user_agent);
        builder = match self.keep_alive {
            Some(idle) => builder.pool_idle_timeout(idle),
            None => builder.pool_max_idle_per_host(0),
        };
        if !self.uses_proxy {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &self.roots {
            builder = builder.tls_certs_only(certificates(pem)?);
        }
        if !self.more_roots.is_empty() {
            builder = builder.tls_certs_merge(certificates(&self.more_roots)?);
        }
        let inner = builder.build().map_err(|error| {
            ConfigError::new(format!(
                "the HTTP client cannot be made: {}; if the system has no certificates, give it \
                 some with `roots`",
                Chain(&error)
            ))
        })?;
        Ok(Client { inner })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, ConfigError> {
    match Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(ConfigError::new(
            "there is no `-----BEGIN CERTIFICATE-----` in the PEM text of trusted certificates",
        )),
        Err(error) => Err(ConfigError::new(format!(
            "the PEM text of trusted certificates cannot be read: {}",
            Chain(&error)
        ))),
    }
}

impl HttpClient for Client {
    fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(fetch_error)?;
            let mut response = self.inner.execute(request).await.map_err(fetch_error)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(fetch_error)? {
                if chunk.len() > max_body - body.len() {
                    return Err(FetchError::new(
                        FetchErrorKind::TooLarge,
                        format!("the answer is longer than {max_body} bytes"),
                    ));
                }
                body.extend_from_slice(&chunk);
            }
            let mut answer = Response::new(body.freeze());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            Ok(answer)
        })
    }
}

fn fetch_error(error: reqwest::Error) -> FetchError {
    // The URL is the caller's to show: its query may hold a secret.
    let error = error.without_url();
    let kind = match () {
        () if error.is_timeout() => FetchErrorKind::Timeout,
        () if error.is_decode() => FetchErrorKind::Malformed,
        () if error.is_builder() => FetchErrorKind::UrlNotAllowed,
        () => FetchErrorKind::Unreachable,
    };
    FetchError::new(kind, Chain(&error).to_string())
}

/// An error with its causes, in which the reason of a failed connection is.
struct Chain<'e>(&'e reqwest::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Shows nothing: proxies may have passwords.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("keep_alive", &self.keep_alive)
            .field("uses_proxy", &self.uses_proxy)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}
