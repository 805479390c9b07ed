//! What a request is for.

use std::fmt;

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
