//! The metadata of a protected resource (RFC 9728).

use serde_json::{Map, Value};

use super::{
    document::{Document, Lifetime},
    place::{Mount, Place},
};
use crate::{
    ConfigError,
    challenge::{MetadataUrl, PublicUrl, RESOURCE_METADATA},
    claims::ScopeSet,
};

/// What a protected resource says about itself (RFC 9728 section 2): which
/// servers issue tokens for it, and what may be asked for. Clients of the Model
/// Context Protocol begin with it.
///
/// ```
/// use portcullis::endpoint::{Endpoints, ResourceMetadata};
///
/// let resource = ResourceMetadata::new("https://api.example.com/mcp")?
///     .authorization_server("https://login.example.com")?
///     .scopes(&"files:read files:write".parse()?)
///     .name("Files");
/// assert_eq!(
///     resource.url().as_str(),
///     "https://api.example.com/.well-known/oauth-protected-resource/mcp"
/// );
/// // For the challenges of its routes: `AuthLayer::resource_metadata(url)`.
/// let url = resource.url().clone();
///
/// let endpoints = Endpoints::without_accounts().resource(resource).build()?;
/// assert!(endpoints.matches("/.well-known/oauth-protected-resource/mcp"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The verifier of its routes is to demand the resource as audience: only then
/// is a token that somebody got for another resource refused.
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `EndpointsBuilder::resource`"]
pub struct ResourceMetadata {
    resource: PublicUrl,
    url: MetadataUrl,
    members: Map<String, Value>,
}

impl ResourceMetadata {
    /// Of the resource with this identifier, which is the URL that clients know
    /// it by, to the character. Tokens are taken in the `Authorization` header
    /// only, and the document says so.
    ///
    /// # Errors
    ///
    /// If it is no `https` URL without user, query and fragment; `http` is
    /// allowed for loopback addresses and `localhost`.
    pub fn new(resource: &str) -> Result<Self, ConfigError> {
        let resource = PublicUrl::parse("the resource", resource)?;
        let mut members = Map::new();
        members.insert("resource".to_owned(), resource.as_str().into());
        members.insert(
            "bearer_methods_supported".to_owned(),
            Value::from(vec!["header"]),
        );
        Ok(Self {
            url: MetadataUrl::of(&resource),
            resource,
            members,
        })
    }

    /// Adds an authorization server that issues tokens for it, by its issuer.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn authorization_server(mut self, issuer: &str) -> Result<Self, ConfigError> {
        let issuer = PublicUrl::parse("the authorization server", issuer)?;
        let servers = self.members.entry("authorization_servers");
        if let Value::Array(servers) = servers.or_insert_with(|| Value::Array(Vec::new())) {
            servers.push(issuer.as_str().into());
        }
        Ok(self)
    }

    /// The scopes that clients may ask for.
    pub fn scopes(self, scopes: &ScopeSet) -> Self {
        let scopes: Vec<_> = scopes.iter().collect();
        self.set("scopes_supported", scopes)
    }

    /// Its name, for people.
    pub fn name(self, name: &str) -> Self {
        self.set("resource_name", name)
    }

    /// A page about it, for developers.
    pub fn documentation(self, url: &str) -> Self {
        self.set("resource_documentation", url)
    }

    /// Its own key set: of what it signs itself, not of the tokens that it
    /// takes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn jwks_uri(self, url: &str) -> Result<Self, ConfigError> {
        let url = PublicUrl::parse("the key set", url)?;
        Ok(self.set("jwks_uri", url.as_str()))
    }

    /// Any other member, such as `resource_policy_uri`, or `resource_name#it`
    /// for another language (section 2.1); in place of one of the same name.
    ///
    /// # Errors
    ///
    /// If the name is `resource`, which [`new`](Self::new) has set.
    pub fn member(self, name: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        if name == "resource" {
            return Err(ConfigError::new(
                "the member `resource` is what `ResourceMetadata::new` was given",
            ));
        }
        Ok(self.set(name, value))
    }

    /// Where the document is found, for
    /// [`Authenticator::resource_metadata`](crate::guard::Authenticator::resource_metadata).
    pub fn url(&self) -> &MetadataUrl {
        &self.url
    }

    fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The document at its places: clients do not agree whether a slash at the
    /// end of a resource's path stays.
    pub(in crate::endpoint) fn documents(
        self,
        mount: &Mount,
        lifetime: Lifetime,
    ) -> Vec<(Place, Document)> {
        let json = Value::Object(self.members).to_string();
        let bare = self.resource.bare_path();
        let whole = self.resource.path();
        let mut paths = vec![bare];
        if whole != "/" && whole != bare {
            paths.push(whole);
        }
        let place = |path: &str| mount.place(format!("{RESOURCE_METADATA}{path}"));
        let document = || Document::fixed("application/json", lifetime, json.clone());
        let places = paths.into_iter().map(place);
        places.map(|place| (place, document())).collect()
    }
}
