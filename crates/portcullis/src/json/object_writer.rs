//! JSON objects, written member by member.

use std::io;

use serde::Serialize;

/// Writes one JSON object. That no name comes twice is the caller's affair.
pub(crate) struct ObjectWriter<W> {
    out: W,
    is_empty: bool,
}

impl<W: io::Write> ObjectWriter<W> {
    /// An object that goes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            is_empty: true,
        }
    }

    /// A member.
    pub(crate) fn member(&mut self, name: &str, value: impl Serialize) -> io::Result<()> {
        self.separate()?;
        serde_json::to_writer(&mut self.out, name)?;
        self.out.write_all(b":")?;
        Ok(serde_json::to_writer(&mut self.out, &value)?)
    }

    /// A member whose name stands in JSON already, with its colon.
    pub(crate) fn value(&mut self, name: &str, value: impl Serialize) -> io::Result<()> {
        self.json(name)?;
        Ok(serde_json::to_writer(&mut self.out, &value)?)
    }

    /// As [`value`](Self::value), or nothing.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Serialize>) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.value(name, value))
    }

    /// A member whose name and text need no escape.
    pub(crate) fn plain_member(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.separate()?;
        for part in ["\"", name, "\":"] {
            self.out.write_all(part.as_bytes())?;
        }
        self.text(text)
    }

    /// As [`value`](Self::value), for a text that needs no escape.
    pub(crate) fn plain(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.json(name)?;
        self.text(text)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(b"\"")?;
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\"")
    }

    /// What stands in JSON already.
    pub(crate) fn json(&mut self, members: &str) -> io::Result<()> {
        self.separate()?;
        self.out.write_all(members.as_bytes())
    }

    /// The whole object.
    pub(crate) fn end(mut self) -> io::Result<W> {
        if self.is_empty {
            self.out.write_all(b"{")?;
        }
        self.out.write_all(b"}")?;
        Ok(self.out)
    }

    fn separate(&mut self) -> io::Result<()> {
        let separator: &[u8] = if self.is_empty { b"{" } else { b"," };
        self.is_empty = false;
        self.out.write_all(separator)
    }
}
