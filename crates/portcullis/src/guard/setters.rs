//! The setters of an authenticator, once more for what holds one.

/// The setters of [`Authenticator`](crate::guard::Authenticator), for an
/// adapter's layer with a field `authenticator`.
#[doc(hidden)]
#[macro_export]
macro_rules! __authenticator_setters {
    () => {
        /// The realm that challenges name.
        pub fn realm(mut self, realm: $crate::challenge::Realm) -> Self {
            self.authenticator = self.authenticator.realm(realm);
            self
        }

        /// Tells clients that are refused where the resource's metadata are
        /// (RFC 9728 section 5.1): every challenge of a 401 or 403 has
        /// `resource_metadata`, and those of a 401 the `scope` that the policy
        /// demands.
        pub fn resource_metadata(mut self, url: $crate::challenge::MetadataUrl) -> Self {
            self.authenticator = self.authenticator.resource_metadata(url);
            self
        }

        /// Demands that the token satisfy `policy` too; several add up. A policy
        /// implies that there is a token, even where credentials are
        /// [`optional`](Self::optional).
        pub fn require(mut self, policy: $crate::policy::Policy) -> Self {
            self.authenticator = self.authenticator.require(policy);
            self
        }

        /// Demands that the token satisfy `policy` too, if there is one; whoever
        /// sends none passes where credentials are [`optional`](Self::optional).
        pub fn require_if_present(mut self, policy: $crate::policy::Policy) -> Self {
            self.authenticator = self.authenticator.require_if_present(policy);
            self
        }

        /// Which scopes imply others, for every policy and extractor that demands
        /// some of a token that came through here.
        pub fn scope_hierarchy(mut self, hierarchy: $crate::policy::ScopeHierarchy) -> Self {
            self.authenticator = self.authenticator.scope_hierarchy(hierarchy);
            self
        }

        /// Lets requests without credentials pass. Optional means absent: bad
        /// credentials are still refused.
        pub fn optional(mut self) -> Self {
            self.authenticator = self.authenticator.optional();
            self
        }

        /// Looks for the token in these places, in this order, in place of
        /// `Authorization: Bearer` alone. The first that has anything decides;
        /// cookies come last wherever they stand here.
        pub fn token_sources(
            mut self,
            sources: impl ::core::iter::IntoIterator<Item = $crate::credentials::TokenSource>,
        ) -> Self {
            self.authenticator = self.authenticator.token_sources(sources);
            self
        }

        /// Takes access tokens as Bearer, and else in the cookie of
        /// [`SessionCookies`]($crate::cookies::SessionCookies), where a request that
        /// changes something must have the header `X-CSRF-Token`. In place of
        /// [`token_sources`](Self::token_sources): the later call counts.
        pub fn session_cookies(mut self, cookies: &$crate::cookies::SessionCookies) -> Self {
            self.authenticator = self.authenticator.session_cookies(cookies);
            self
        }

        /// Lets preflight requests of browsers (`OPTIONS` with `Origin` and
        /// `Access-Control-Request-Method`) pass without credentials, for services
        /// that answer them behind the authenticator.
        pub fn pass_preflight(mut self) -> Self {
            self.authenticator = self.authenticator.pass_preflight();
            self
        }

        /// What refusals look like. This and [`rejection_body`](Self::rejection_body)
        /// are two ways to say it: the later call counts.
        pub fn refusal_format(mut self, format: $crate::challenge::RefusalFormat) -> Self {
            self.authenticator = self.authenticator.refusal_format(format);
            self
        }

        /// Sends browsers that would see a 401 to a page where their users log in:
        /// where they navigate, that is, and not where a script of theirs asks.
        pub fn login_page(mut self, page: $crate::guard::LoginPage) -> Self {
            self.authenticator = self.authenticator.login_page(page);
            self
        }

        /// Writes the bodies of refusals. Status and headers stay as they are. In
        /// place of a [`refusal_format`](Self::refusal_format): the later call counts.
        pub fn rejection_body(
            mut self,
            body: impl Fn(&$crate::challenge::Rejection) -> $crate::challenge::RejectionBody
            + Send
            + Sync
            + 'static,
        ) -> Self {
            self.authenticator = self.authenticator.rejection_body(body);
            self
        }

        /// Adds a header to every answer, whether the request passes or is
        /// refused, beside those of the same name that a handler writes; several
        /// add up.
        ///
        /// # Errors
        ///
        /// If `name` or `value` is none of a header, or the header frames the
        /// message and so is the server's own (`Content-Length` and the like), or
        /// describes the body (`Content-Type` and the like).
        pub fn response_header(
            mut self,
            name: &str,
            value: &str,
        ) -> ::core::result::Result<Self, $crate::ConfigError> {
            self.authenticator = self.authenticator.response_header(name, value)?;
            ::core::result::Result::Ok(self)
        }
    };
}
