//! Where the endpoints are, seen from outside.

use crate::endpoint::name::Name;

/// The path under which all endpoints are mounted; empty if there is none.
#[derive(Default)]
pub(in crate::endpoint) struct Mount(Name);

impl Mount {
    /// At `path`: a slash and what follows, but for a slash at the end.
    pub(in crate::endpoint) fn new(path: Name) -> Self {
        match path.strip_suffix('/') {
            Some(bare) => Self(bare.to_owned().into()),
            None => Self(path),
        }
    }

    /// The path, if there is one.
    pub(in crate::endpoint) fn path(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&self.0)
    }

    /// An endpoint's path, seen from outside.
    pub(in crate::endpoint) fn outside(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The place of what is found at `path` from outside.
    pub(super) fn place(&self, path: String) -> Place {
        let below = path.strip_prefix(&*self.0);
        match below.filter(|below| below.starts_with('/')) {
            Some(below) => Place {
                path: below.to_owned().into(),
                is_below: true,
            },
            None => Place {
                path: path.into(),
                is_below: false,
            },
        }
    }
}

/// The place of a document.
pub(in crate::endpoint) struct Place {
    /// Below the mount, as the endpoints see it; else from the root.
    pub(in crate::endpoint) path: Name,
    /// Whether it is below the mount.
    pub(in crate::endpoint) is_below: bool,
}
