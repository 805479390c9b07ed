//! Answers as they came over the wire.

use std::{fmt, io};

use serde_json::Value;

use crate::challenge::{self, Challenge};

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields: names in lower case.
    pub fields: Fields,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
}

/// What reading an answer came to.
pub enum Parsed {
    /// The answer and how many bytes it took.
    Complete(Answer, usize),
    /// There is more to come.
    Partial,
}

impl Answer {
    /// Reads an answer to a request of this method from what has arrived.
    pub fn parse(bytes: &[u8], method: &str, at_end: bool) -> io::Result<Parsed> {
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            return Ok(Parsed::Partial);
        };
        let (status, fields) = head(&bytes[..end]).ok_or_else(broken)?;
        let body_at = end + 4;
        if (100..200).contains(&status) {
            return Self::parse(&bytes[body_at..], method, at_end);
        }
        let rest = &bytes[body_at..];
        let mut answer = Self {
            status,
            fields,
            body: Vec::new(),
        };
        let taken = if method == "HEAD" || matches!(status, 204 | 304) {
            0
        } else if answer.field("transfer-encoding").is_some() {
            match dechunk(rest) {
                Some((body, taken)) => {
                    answer.body = body;
                    taken
                }
                None => return Ok(Parsed::Partial),
            }
        } else if let Some(length) = answer.field("content-length") {
            let length: usize = length.parse().map_err(|_| broken())?;
            let Some(body) = rest.get(..length) else {
                return Ok(Parsed::Partial);
            };
            answer.body = body.to_vec();
            length
        } else if at_end {
            answer.body = rest.to_vec();
            rest.len()
        } else {
            return Ok(Parsed::Partial);
        };
        Ok(Parsed::Complete(answer, body_at + taken))
    }

    /// The only field of this name, as text.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut values = self.values(name);
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} occurs twice in {self:?}");
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// The names of all fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// All fields of this name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let fields = self.fields.iter().filter(move |(own, _)| own == name);
        fields.map(|(_, value)| value.as_slice())
    }

    /// All challenges, strictly parsed.
    pub fn challenges(&self) -> Result<Vec<Challenge>, String> {
        let mut all = Vec::new();
        for value in self.values("www-authenticate") {
            all.extend(challenge::parse(value)?);
        }
        Ok(all)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A text of the body's JSON, by RFC 6901 pointer.
    pub fn text_at(&self, pointer: &str) -> String {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer}: {self:?}"))
            .to_owned()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (name, value) in &self.fields {
            write!(f, "\n  {name}: {}", String::from_utf8_lossy(value))?;
        }
        let body: String = self.text().chars().take(500).collect();
        write!(f, "\n  | {body}")
    }
}

/// Header fields: names in lower case.
pub type Fields = Vec<(String, Vec<u8>)>;

fn head(bytes: &[u8]) -> Option<(u16, Fields)> {
    let mut lines = split(bytes, b"\r\n").into_iter();
    let status = std::str::from_utf8(lines.next()?).ok()?;
    let status = status.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let mut fields = Vec::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        let value = line[colon + 1..].trim_ascii();
        // Every byte of a value is one that RFC 9110 section 5.5 allows.
        if value
            .iter()
            .any(|byte| matches!(byte, 0..=8 | 10..=31 | 127))
        {
            return None;
        }
        fields.push((name.to_ascii_lowercase(), value.to_vec()));
    }
    Some((status, fields))
}

fn dechunk(mut bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let whole = bytes.len();
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        bytes = &bytes[end + 2..];
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
        if size == 0 {
            return Some((body, whole - bytes.len()));
        }
    }
}

fn split<'a>(bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut parts = Vec::new();
    while let Some(at) = find(rest, by) {
        parts.push(&rest[..at]);
        rest = &rest[at + by.len()..];
    }
    parts.push(rest);
    parts
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP")
}
