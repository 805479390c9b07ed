//! As much of an HTTP/1.1 client as the flows need.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// A request to be sent.
#[derive(Clone)]
pub(crate) struct Request {
    address: SocketAddr,
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        Self {
            address,
            head: format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"),
            body: String::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = body.to_string();
        self.header("Content-Type", "application/json")
    }

    pub(crate) fn form(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    pub(crate) fn send(self) -> Answer {
        self.try_send().unwrap()
    }

    /// Sends it, and leaves the answer to be read line by line, until the server ends
    /// it.
    pub(crate) fn stream(self) -> impl Iterator<Item = String> {
        let mut connection = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(60));
        connection.set_read_timeout(patience).unwrap();
        let head = format!("{}\r\n", self.head);
        connection.write_all(head.as_bytes()).unwrap();
        BufReader::new(connection).lines().map(Result::unwrap)
    }

    /// An error where the server is gone, or goes before it has answered.
    pub(crate) fn try_send(self) -> io::Result<Answer> {
        let mut connection = TcpStream::connect(self.address)?;
        connection.set_read_timeout(Some(Duration::from_secs(60)))?;
        let length = self.body.len();
        let text = format!("{}Content-Length: {length}\r\n\r\n{}", self.head, self.body);
        connection.write_all(text.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Answer::parse(&answer, self.head.starts_with("HEAD "))
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// `None` if the end is missing.
    fn parse(text: &str, is_head: bool) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let answer = Self {
            status: status
                .and_then(|status| status.parse().ok())
                .expect("a status"),
            headers: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: body.to_owned(),
        };
        let length = answer.header("content-length");
        let is_whole = is_head || length.is_none_or(|length| length == body.len().to_string());
        is_whole.then_some(answer)
    }

    /// The value of a header that occurs once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} occurs twice");
        value
    }

    /// The values of a header that may occur several times.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter().filter(|(own, _)| own == name);
        values.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// A text of the JSON body, by its pointer (RFC 6901).
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {pointer}: {json}"))
            .to_owned()
    }
}
