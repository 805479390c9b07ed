//! A strict reader of challenges (RFC 9110 section 11.6.1).

/// One challenge of a `WWW-Authenticate` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, as written.
    pub scheme: String,
    /// The parameters, in order: names in lower case, values without quotes.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        let param = self.params.iter().find(|(own, _)| own == name)?;
        Some(&param.1)
    }

    fn check(&self) -> Result<(), String> {
        for (at, (name, value)) in self.params.iter().enumerate() {
            if self.params[..at].iter().any(|(other, _)| other == name) {
                return Err(format!("`{name}` occurs twice"));
            }
            let printable = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            // RFC 6750 section 3.
            let good = match name.as_str() {
                "error" | "error_description" => value.bytes().all(printable),
                "scope" => {
                    !value.is_empty()
                        && value.bytes().all(printable)
                        && value.split(' ').all(|token| !token.is_empty())
                }
                _ => true,
            };
            if !good {
                return Err(format!("`{name}` has characters it must not have"));
            }
        }
        if self.scheme.eq_ignore_ascii_case("bearer") && self.params.is_empty() {
            return Err("a Bearer challenge has no parameter".to_owned());
        }
        Ok(())
    }
}

/// Reads the challenges of one field.
pub fn parse(value: &[u8]) -> Result<Vec<Challenge>, String> {
    let text = std::str::from_utf8(value).map_err(|_| "not ASCII".to_owned())?;
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return Err("not printable ASCII".to_owned());
    }
    let mut reader = Reader(text);
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        let name = reader.token()?;
        if reader.take("=") {
            let challenge = challenges
                .last_mut()
                .ok_or("a parameter without a scheme")?;
            let value = reader.value()?;
            challenge.params.push((name.to_ascii_lowercase(), value));
        } else {
            challenges.push(Challenge {
                scheme: name.to_owned(),
                params: Vec::new(),
            });
            if reader.take(" ") {
                continue;
            }
        }
        if reader.0.is_empty() {
            break;
        }
        if !reader.take(", ") {
            return Err(format!("no comma before `{}`", reader.0));
        }
    }
    challenges.iter().try_for_each(Challenge::check)?;
    Ok(challenges)
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn take(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn token(&mut self) -> Result<&'a str, String> {
        let is_tchar =
            |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
        let end = self.0.find(|char| !is_tchar(char)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        if token.is_empty() {
            return Err(format!("no token at `{rest}`"));
        }
        self.0 = rest;
        Ok(token)
    }

    fn value(&mut self) -> Result<String, String> {
        if !self.take("\"") {
            return self.token().map(str::to_owned);
        }
        let mut out = String::new();
        let mut chars = self.0.char_indices();
        loop {
            match chars.next().ok_or("a quoted text breaks off")? {
                (_, '\\') => out.push(chars.next().ok_or("a quoted text breaks off")?.1),
                (at, '"') => {
                    self.0 = &self.0[at + 1..];
                    return Ok(out);
                }
                (_, char) => out.push(char),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_formed_is_read() {
        let read = parse(br#"Bearer realm="a \"b\", c", error=x, Basic realm="d""#).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].param("realm"), Some("a \"b\", c"));
        assert_eq!(read[0].param("error"), Some("x"));
        assert_eq!(read[1].scheme, "Basic");
    }

    #[test]
    fn what_is_not_is_refused() {
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer realm",
            "Bearer realm=",
            "Bearer realm=\"a",
            "Bearer realm=\"a\" error=\"b\"",
            "Bearer realm=\"a\",error=\"b\"",
            "Bearer realm=\"a\", realm=\"b\"",
            "Bearer realm=\"a\", Realm=\"b\"",
            "Bearer realm=\"a\", ",
            "Bearer scope=\"a  b\"",
            "Bearer scope=\"\"",
            "Bearer error_description=\"a\\\"b\"",
            "realm=\"a\"",
            "Bearer realm=\"\u{e9}\"",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
