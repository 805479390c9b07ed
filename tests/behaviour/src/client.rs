//! A client that sends exactly the bytes it is told to.

use std::{fmt, io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::answer::{Answer, Parsed};

/// A request, to the byte.
#[derive(Clone)]
pub struct Request {
    method: String,
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without credentials and body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header field, beside those of the same name.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Adds an `Authorization` field.
    pub fn authorization(self, value: impl AsRef<[u8]>) -> Self {
        self.field("Authorization", value)
    }

    /// Adds an `Authorization` field with a Bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.authorization(format!("Bearer {token}"))
    }

    /// Sets the body and its content type.
    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self.field("Content-Type", content_type)
    }

    /// Sets a form as body.
    pub fn form(self, form: &str) -> Self {
        self.body("application/x-www-form-urlencoded", form)
    }

    /// Sets JSON as body.
    pub fn json(self, json: &str) -> Self {
        self.body("application/json", json)
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// What must not be seen in a refusal: the tokens that were sent.
    pub fn secrets(&self) -> Vec<String> {
        const CARRIERS: [&str; 7] = [
            "authorization",
            "refresh-token",
            "proxy-authorization",
            "x-api-token",
            "x-auth",
            "x-csrf-token",
            "sec-websocket-protocol",
        ];
        let carriers = self
            .fields
            .iter()
            .filter(|(name, _)| CARRIERS.contains(&name.to_ascii_lowercase().as_str()));
        let header_words = carriers
            .flat_map(|(_, value)| value.split(|byte| b" ;,=".contains(byte)))
            .filter_map(|word| std::str::from_utf8(word).ok())
            .flat_map(|word| word.split('.'));
        // Whoever clears a cookie names it.
        let cookies = self
            .fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
            .flat_map(|(_, value)| value.split(|byte| *byte == b';'))
            .filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='))
            .flat_map(|(_, value)| value.split('.'));
        let form = std::str::from_utf8(&self.body).unwrap_or_default();
        let query = self.target.split('?').nth(1).unwrap_or_default();
        let form_values = form
            .split('&')
            .chain(query.split('&'))
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| *name != "grant_type" && *name != "scope")
            .map(|(_, value)| value);
        header_words
            .chain(cookies)
            .chain(form_values)
            .filter(|word| word.len() >= 9)
            .map(str::to_owned)
            .collect()
    }

    /// What goes over the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.head();
        out.extend_from_slice(&self.body);
        out
    }

    fn head(&self) -> Vec<u8> {
        let has = |wanted: &str| {
            self.fields
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        let mut out = format!(
            "{} {} HTTP/1.1\r\nHost: site.test\r\n",
            self.method, self.target
        )
        .into_bytes();
        if !has("content-length")
            && !has("transfer-encoding")
            && (!self.body.is_empty() || self.method == "POST")
        {
            out.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes());
        }
        if !has("connection") {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        for (name, value) in &self.fields {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = String::from_utf8_lossy(&self.to_bytes())
            .chars()
            .take(600)
            .collect();
        f.write_str(&text)
    }
}

/// Sends a request on a connection of its own and reads the answer.
pub async fn send(address: SocketAddr, request: &Request) -> io::Result<Answer> {
    let mut connection = Connection::open(address).await?;
    connection.write(&request.to_bytes()).await?;
    connection.answer(request.method()).await
}

/// A connection, for requests that come in pieces.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A server that does not answer at all must fail a test, not hang it.
const PATIENCE: Duration = Duration::from_secs(60);

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            stream: TcpStream::connect(address).await?,
            read: Vec::new(),
        })
    }

    /// Sends bytes. A server that has answered already may have stopped
    /// listening, which is no error.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.stream.write_all(bytes).await {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            result => result,
        }
    }

    /// Reads until a whole answer is there.
    pub async fn answer(&mut self, method: &str) -> io::Result<Answer> {
        loop {
            if let Parsed::Complete(answer, rest) = Answer::parse(&self.read, method, false)? {
                self.read.drain(..rest);
                return Ok(answer);
            }
            if self.more().await? == 0 {
                return match Answer::parse(&self.read, method, true)? {
                    Parsed::Complete(answer, _) => Ok(answer),
                    Parsed::Partial => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Reads until these bytes have arrived, wherever they stand.
    pub async fn wait_for(&mut self, bytes: &[u8]) -> io::Result<()> {
        while !self.read.windows(bytes.len()).any(|window| window == bytes) {
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    async fn more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer));
        let count = read.await.map_err(|_| io::ErrorKind::TimedOut)??;
        self.read.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}
