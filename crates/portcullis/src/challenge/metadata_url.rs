//! Where a protected resource says what it is.

use std::{fmt, sync::Arc};

use super::public_url::PublicUrl;
use crate::ConfigError;

/// The URL of a protected resource's metadata (RFC 9728), which challenges name
/// so that clients find out where to get a token (section 5.1).
///
/// ```
/// use portcullis::challenge::MetadataUrl;
///
/// let url = MetadataUrl::of_resource("https://api.example.com/mcp")?;
/// assert_eq!(
///     url.as_str(),
///     "https://api.example.com/.well-known/oauth-protected-resource/mcp"
/// );
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataUrl(Arc<str>);

impl MetadataUrl {
    /// The well-known URL of the metadata of `resource`: inserted between host
    /// and path (RFC 9728 section 3.1).
    ///
    /// # Errors
    ///
    /// If `resource` is no `https` URL without user, query and fragment; `http`
    /// is allowed for loopback addresses and `localhost`.
    pub fn of_resource(resource: &str) -> Result<Self, ConfigError> {
        Ok(Self::of(&PublicUrl::parse("the resource", resource)?))
    }

    pub(crate) fn of(resource: &PublicUrl) -> Self {
        let path = match resource.path() {
            "/" => "",
            path => path,
        };
        Self(format!("{}{WELL_KNOWN}{path}", resource.origin()).into())
    }

    /// Metadata that are at another place.
    ///
    /// # Errors
    ///
    /// As [`of_resource`](Self::of_resource).
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        let url = PublicUrl::parse("the URL of the metadata", url)?;
        Ok(Self(url.as_str().into()))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MetadataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the metadata of a resource without a path are (RFC 9728 section 3).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_resource_stands_behind_what_is_well_known() {
        let at = "https://a.example/.well-known/oauth-protected-resource";
        for (resource, path) in [
            ("https://a.example", ""),
            ("https://a.example/", ""),
            ("https://a.example/b/c", "/b/c"),
            // Only the slash that follows the host goes (section 3.1).
            ("https://a.example/b/", "/b/"),
        ] {
            let url = MetadataUrl::of_resource(resource).unwrap();
            assert_eq!(url.to_string(), format!("{at}{path}"), "{resource}");
        }
        let own = "http://localhost:1/metadata";
        assert_eq!(MetadataUrl::new(own).unwrap().as_str(), own);
        for bad in ["/mcp", "http://a.example", "https://a.example/?b"] {
            assert!(MetadataUrl::of_resource(bad).is_err(), "{bad}");
            assert!(MetadataUrl::new(bad).is_err(), "{bad}");
        }
    }
}
