//! What a log may tell of credentials that were no use.

use std::fmt;

/// The fields that were to hold credentials: how many, the scheme of the first
/// and its length. Nothing of it is the client's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    field: &'static str,
    times: usize,
    scheme: Option<&'static str>,
    length: usize,
}

impl Sent {
    /// Of all fields of this name; `None` if there is no such field.
    pub(crate) fn of<'a>(
        field: &'static str,
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        let mut values = values.into_iter();
        let first = values.next()?;
        Some(Self {
            field,
            times: 1 + values.count(),
            scheme: scheme(first),
            length: first.len(),
        })
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            times,
            length,
            ..
        } = self;
        let scheme = self.scheme.unwrap_or("unknown");
        write!(
            f,
            "`{field}` fields: {times}, scheme: {scheme}, bytes: {length}"
        )
    }
}

/// The scheme of a value, if it is one that everybody knows: where people
/// forget the scheme, the first word is the secret.
fn scheme(value: &[u8]) -> Option<&'static str> {
    /// Of the IANA registry (RFC 9110 section 16.4.1), and what is in use beside
    /// it.
    const KNOWN: [&str; 18] = [
        "Bearer",
        "Basic",
        "DPoP",
        "Digest",
        "Negotiate",
        "NTLM",
        "Token",
        "ApiKey",
        "OAuth",
        "GNAP",
        "PrivateToken",
        "HOBA",
        "Mutual",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "vapid",
        "Signature",
        "AWS4-HMAC-SHA256",
    ];
    let word = value.split(|byte| !super::is_tchar(*byte)).next()?;
    let mut known = KNOWN.into_iter();
    known.find(|name| name.as_bytes().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[&'static [u8]]) -> String {
        let sent = Sent::of("authorization", values.iter().copied());
        sent.map_or_else(String::new, |sent| sent.to_string())
    }

    #[test]
    fn it_tells_what_helps_and_no_secret() {
        for (values, expected) in [
            (&[][..], ""),
            (
                &[&b"bearer a b"[..]][..],
                "`authorization` fields: 1, scheme: Bearer, bytes: 10",
            ),
            (
                &[b"Bearer,x", b"Basic y"],
                "`authorization` fields: 2, scheme: Bearer, bytes: 8",
            ),
            (
                &[b"hush", b"hush"],
                "`authorization` fields: 2, scheme: unknown, bytes: 4",
            ),
            (
                &[b"Bearerhush"],
                "`authorization` fields: 1, scheme: unknown, bytes: 10",
            ),
            (
                &[b""],
                "`authorization` fields: 1, scheme: unknown, bytes: 0",
            ),
            (
                &[b"\xff\r\n"],
                "`authorization` fields: 1, scheme: unknown, bytes: 3",
            ),
        ] {
            assert_eq!(told(values), expected);
        }
    }
}
