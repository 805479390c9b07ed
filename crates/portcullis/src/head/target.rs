//! What a request is for.

use std::{borrow::Cow, fmt};

use percent_encoding::percent_decode_str;

/// The target of a request (RFC 9110 section 7.1): the path and the query, as
/// they were received, with all their escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Target<'r> {
    path: &'r str,
    query: Option<&'r str>,
}

impl<'r> Target<'r> {
    /// A target of this path and what stands behind the question mark.
    pub const fn new(path: &'r str, query: Option<&'r str>) -> Self {
        Self { path, query }
    }

    /// The path.
    pub const fn path(self) -> &'r str {
        self.path
    }

    /// What stands between two slashes of the path, without escapes, as routers give
    /// it to handlers: 0 is what follows the first slash. `None` if the path is not so
    /// long, or what stands there is not UTF-8.
    ///
    /// An escaped slash separates nothing, and is a slash in what comes out.
    ///
    /// ```
    /// use portcullis::head::Target;
    ///
    /// let target = Target::new("/tenants/k%C3%B6ln/stations", None);
    /// assert_eq!(target.segment(1).as_deref(), Some("k\u{f6}ln"));
    /// assert_eq!(target.segment(3), None);
    /// ```
    pub fn segment(self, at: usize) -> Option<Cow<'r, str>> {
        let segment = self.path.strip_prefix('/')?.split('/').nth(at)?;
        percent_decode_str(segment).decode_utf8().ok()
    }

    /// The query, without its question mark.
    pub const fn query(self) -> Option<&'r str> {
        self.query
    }
}

impl fmt::Debug for Target<'_> {
    /// Without the query, in which there may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_before_escapes_are_read() {
        let segment = |path, at| Target::new(path, None).segment(at);
        for (path, at, expected) in [
            ("/", 0, Some("")),
            ("/a", 0, Some("a")),
            ("/a", 1, None),
            ("/a/", 1, Some("")),
            ("//a", 1, Some("a")),
            ("/a%2Fb/c", 0, Some("a/b")),
            ("/a%2Fb/c", 1, Some("c")),
            ("/%61", 0, Some("a")),
            ("/a+b", 0, Some("a+b")),
            ("/%", 0, Some("%")),
            ("/%ff", 0, None),
            ("*", 0, None),
            ("", 0, None),
        ] {
            assert_eq!(segment(path, at).as_deref(), expected, "{path} {at}");
        }
    }
}
