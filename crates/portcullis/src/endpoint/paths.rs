//! What may be the path of a route.

use std::{collections::BTreeMap, sync::Arc};

use super::{name::Name, route::Route};
use crate::ConfigError;

/// The routes by their paths, of which each has its own.
pub(super) fn by_path(routes: Vec<Route>) -> Result<BTreeMap<Name, Arc<Route>>, ConfigError> {
    let mut found = BTreeMap::new();
    for route in routes {
        let path = route.path.clone();
        check_path(&path)?;
        if let Some(other) = found.insert(path, Arc::new(route)) {
            return Err(ConfigError::new(format!(
                "two endpoints have the path `{}`",
                other.path
            )));
        }
    }
    Ok(found)
}

/// Whether frameworks take it for a path, and for nothing else.
pub(super) fn check_path(path: &str) -> Result<(), ConfigError> {
    if !path.starts_with('/') {
        return Err(ConfigError::new(format!(
            "the path `{path}` does not begin with a slash"
        )));
    }
    if !path.bytes().all(is_path_byte) {
        return Err(ConfigError::new(format!(
            "the path `{path}` has characters that are not a path's"
        )));
    }
    Ok(())
}

/// `pchar` of RFC 3986 section 3.3 without its escapes, or a slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}
