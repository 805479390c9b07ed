//! Where in a token's claims the roles are.

/// A path of claim names, from the outermost to the innermost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<[Box<str>]>);

impl ClaimPath {
    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.0
    }
}

impl From<&str> for ClaimPath {
    /// Claim names separated by dots, such as `realm_access.roles`.
    fn from(path: &str) -> Self {
        Self(path.split('.').map(Box::from).collect())
    }
}

impl From<&[&str]> for ClaimPath {
    /// Claim names as they are, dots included.
    fn from(names: &[&str]) -> Self {
        Self(names.iter().copied().map(Box::from).collect())
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    /// Claim names as they are, dots included.
    fn from(names: [&str; N]) -> Self {
        Self(names.into_iter().map(Box::from).collect())
    }
}
