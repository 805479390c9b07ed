//! What an issuer says about itself (RFC 8414, OpenID Connect Discovery 1.0).

use serde_json::{Map, Value, json};

use super::{
    document::{Document, Lifetime},
    key_set::keys,
    place::{Mount, Place},
    published::Published,
};
use crate::{ConfigError, challenge::PublicUrl, claims::ScopeSet, jose::KeySet, session::Sessions};

/// The discovery document of an issuer (RFC 8414): where others find its keys
/// and endpoints, given nothing but its name.
///
/// The document is at `/.well-known/oauth-authorization-server`, and the path of
/// the issuer behind it. What it says comes from what is there:
///
/// | member | value |
/// |---|---|
/// | `issuer` | as given, which has to be that of an API's tokens |
/// | `jwks_uri` | the [key set](crate::endpoint::EndpointsBuilder::key_set), if there is one |
/// | `token_endpoint` | where the issuer's [`PasswordGrantApi`](crate::endpoint::PasswordGrantApi) takes passwords |
/// | `grant_types_supported` | the grants there; none without one |
/// | `token_endpoint_auth_methods_supported` | `client_secret_basic`, `client_secret_post`, `none` |
/// | `response_types_supported` | none |
///
/// ```
/// # use portcullis::{endpoint::{Accounts, Endpoints, PasswordGrantApi}, session::Sessions};
/// use portcullis::endpoint::Discovery;
///
/// # fn example(accounts: impl Accounts, sessions: Sessions) -> Result<(), portcullis::ConfigError> {
/// let endpoints = Endpoints::builder(accounts)
///     .password_grant_api(PasswordGrantApi::new(sessions).token_path("/oauth/token"))
///     .common_routes()
///     .discovery(Discovery::new("https://login.example.com")?.open_id())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `EndpointsBuilder::discovery`"]
pub struct Discovery {
    issuer: PublicUrl,
    open_id: bool,
    members: Map<String, Value>,
}

impl Discovery {
    /// Of the issuer with this name, which is the `iss` of its tokens, to the
    /// character.
    ///
    /// # Errors
    ///
    /// If it is no `https` URL without user, query and fragment; `http` is
    /// allowed for loopback addresses and `localhost`.
    pub fn new(issuer: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            issuer: PublicUrl::parse("the issuer", issuer)?,
            open_id: false,
            members: Map::new(),
        })
    }

    /// Also as OpenID providers have it, for resource servers that look nowhere
    /// else: at the path of the issuer and `/.well-known/openid-configuration`
    /// behind it.
    ///
    /// There the document has two members more, which OpenID Connect Discovery
    /// demands: `subject_types_supported`, and the algorithms of the issuer's
    /// public keys as `id_token_signing_alg_values_supported`. It makes no OpenID
    /// provider of the service, which issues no ID tokens; but there are resource
    /// servers that take the algorithms of access tokens from there.
    pub fn open_id(mut self) -> Self {
        self.open_id = true;
        self
    }

    /// The scopes that clients may ask for.
    pub fn scopes(self, scopes: &ScopeSet) -> Self {
        let scopes: Vec<_> = scopes.iter().collect();
        self.set("scopes_supported", scopes.into())
    }

    /// Any other member: of an endpoint of the application's own, such as
    /// `authorization_endpoint`, or in place of what the document would say.
    ///
    /// # Errors
    ///
    /// If the name is `issuer`, which [`new`](Self::new) has set.
    pub fn member(self, name: &str, value: impl Into<Value>) -> Result<Self, ConfigError> {
        if name == "issuer" {
            return Err(ConfigError::new(
                "the member `issuer` is what `Discovery::new` was given",
            ));
        }
        Ok(self.set(name, value.into()))
    }

    fn set(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// The name of the issuer.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The document at its places.
    pub(in crate::endpoint) fn documents(
        self,
        mount: &Mount,
        lifetime: Lifetime,
        sessions: &[Sessions],
        published: &Published<'_>,
    ) -> Result<Vec<(Place, Document)>, ConfigError> {
        let own = sessions
            .iter()
            .filter(|sessions| sessions.issuer().issuer() == Some(self.issuer()));
        let own: Vec<_> = own.cloned().collect();
        if own.is_empty() {
            return Err(ConfigError::new(format!(
                "no API issues tokens of `{}`, which a discovery document is for: give \
                 `TokenIssuer::builder` the same issuer",
                self.issuer()
            )));
        }
        let members = self.all_members(mount, published);
        let path = self.issuer.bare_path();
        let json = Value::Object(members.clone()).to_string();
        let mut documents = vec![(
            mount.place(format!("/.well-known/oauth-authorization-server{path}")),
            Document::fixed(JSON, lifetime, json),
        )];
        if self.open_id {
            if !members.contains_key("jwks_uri") {
                return Err(ConfigError::new(
                    "there is no key set, which an OpenID discovery document must name: add one \
                     with `key_set` or `common_routes`",
                ));
            }
            let write = move |keys: &KeySet| open_id(&members, keys);
            documents.push((
                mount.place(format!("{path}/.well-known/openid-configuration")),
                Document::of_keys(JSON, lifetime, move || keys(&own), write),
            ));
        }
        Ok(documents)
    }

    fn all_members(&self, mount: &Mount, published: &Published<'_>) -> Map<String, Value> {
        let url = |path: &str| format!("{}{}", self.issuer.origin(), mount.outside(path));
        let mut members = Map::new();
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        set("issuer", self.issuer().into());
        set("response_types_supported", json!([]));
        if let Some(path) = published.key_set {
            set("jwks_uri", url(path).into());
        }
        match &published.token_endpoint {
            Some(endpoint) => {
                set("token_endpoint", url(endpoint.path).into());
                set("grant_types_supported", json!(endpoint.grant_types));
                set("token_endpoint_auth_methods_supported", json!(CLIENTS));
            }
            // Left out, they would be those of the authorization endpoint.
            None => {
                set("grant_types_supported", json!([]));
            }
        }
        members.extend(self.members.clone());
        members
    }
}

const JSON: &str = "application/json";

/// How clients authenticate at the token endpoint (RFC 6749 section 2.3.1), or
/// do not: whether they must, the application says.
const CLIENTS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// What OpenID Connect Discovery section 3 demands beside.
fn open_id(members: &Map<String, Value>, keys: &KeySet) -> String {
    let public = keys.iter().filter(|key| !key.algorithm().is_symmetric());
    let mut algorithms: Vec<_> = public.map(|key| key.published_name()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let mut all = Map::new();
    all.insert("subject_types_supported".to_owned(), json!(["public"]));
    all.insert(
        "id_token_signing_alg_values_supported".to_owned(),
        json!(algorithms),
    );
    all.extend(members.clone());
    Value::Object(all).to_string()
}
