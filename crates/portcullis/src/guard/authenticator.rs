//! What decides.

use std::{borrow::Cow, fmt, sync::Arc};

use http::HeaderMap;

use super::{
    Authentication, Check, PendingCheck,
    answers::{Answers, SharedAnswers, Way},
    counted,
    hiding::{hide_authorization, hide_others},
    shown::Shown,
};
use crate::{
    ConfigError,
    challenge::{GrpcType, MetadataUrl, Realm, Reason},
    claims::ScopeSet,
    cookies::SessionCookies,
    credentials::{self, CredentialsError, Found, Sent, TokenSource, TokenSources, unread_token},
    head::{HeadRef, RequestHead, Target, is_b64token},
    metrics,
    policy::{Policy, ScopeHierarchy},
    verify::{Verification, Verifier},
};

/// Decides about requests: a [`Verifier`] with a realm, a policy and bodies
/// for refusals. Cheap to clone.
///
/// Without further settings it demands a good access token and nothing else.
///
/// ```
/// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis::{challenge::Realm, guard::Authenticator, policy::Policy};
///
/// let authenticator = Authenticator::new(verifier)
///     .realm(Realm::new("stations")?)
///     .require(Policy::scope("stations:read")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authenticator(Arc<Config>);

#[derive(Clone)]
struct Config {
    verifier: Verifier,
    policy: Option<Policy>,
    credentials: Credentials,
    /// Other places than the `Authorization` field with Bearer.
    sources: Option<TokenSources>,
    passes_preflight: bool,
    answers: SharedAnswers,
    /// Those to requests whose token was elsewhere than in `Authorization`.
    elsewhere: Vec<SharedAnswers>,
}

/// Whether a request can do without credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credentials {
    /// It can if a handler can.
    Wanted,
    /// It can.
    Optional,
    /// It cannot, whoever says so: a policy demands something of them.
    Demanded,
}

impl Authenticator {
    /// Demands an access token that `verifier` accepts.
    pub fn new(verifier: Verifier) -> Self {
        Self(Arc::new(Config {
            verifier,
            policy: None,
            credentials: Credentials::Wanted,
            sources: None,
            passes_preflight: false,
            answers: Arc::new(Answers::new()),
            elsewhere: Vec::new(),
        }))
    }

    /// The realm that challenges name.
    #[must_use = "returns the changed authenticator"]
    pub fn realm(self, realm: Realm) -> Self {
        self.with_answers(|answers| answers.realm = realm)
    }

    /// Tells clients that are refused where the resource's metadata are, and
    /// with them who issues tokens for it (RFC 9728 section 5.1): every challenge
    /// of a 401 or 403 has `resource_metadata`. Those of a 401 also have the
    /// `scope` that the policy demands, if it does, as clients of the Model
    /// Context Protocol want it.
    ///
    /// [`ResourceMetadata`](crate::endpoint::ResourceMetadata) serves the document.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), portcullis::ConfigError> {
    /// use portcullis::{challenge::MetadataUrl, guard::Authenticator};
    ///
    /// let url = MetadataUrl::of_resource("https://api.example.com/mcp")?;
    /// let authenticator = Authenticator::new(verifier).resource_metadata(url);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn resource_metadata(self, url: MetadataUrl) -> Self {
        self.with_answers(|answers| answers.resource = Some(url))
    }

    /// Demands that the token satisfy `policy` too; several add up.
    ///
    /// A policy implies that there is a token, even where credentials are
    /// [`optional`](Self::optional): otherwise whoever is refused could drop
    /// the token and pass.
    #[must_use = "returns the changed authenticator"]
    pub fn require(self, policy: Policy) -> Self {
        self.with(|config| {
            config.credentials = Credentials::Demanded;
            config.add(policy);
        })
    }

    /// Demands that the token satisfy `policy` too, if there is one. Where
    /// credentials are [`optional`](Self::optional), whoever sends none passes:
    /// what a handler does for them must be less than for everybody else.
    #[must_use = "returns the changed authenticator"]
    pub fn require_if_present(self, policy: Policy) -> Self {
        self.with(|config| config.add(policy))
    }

    /// Which scopes imply others, for every policy and extractor that demands some of
    /// a token that this authenticator let through.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), Box<dyn std::error::Error>> {
    /// use portcullis::{
    ///     guard::Authenticator,
    ///     policy::{Policy, ScopeHierarchy},
    /// };
    ///
    /// let authenticator = Authenticator::new(verifier)
    ///     .scope_hierarchy(ScopeHierarchy::table([("admin", "stations:read stations:write")])?)
    ///     .require(Policy::scope("stations:read")?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn scope_hierarchy(self, hierarchy: ScopeHierarchy) -> Self {
        self.with_answers(|answers| answers.hierarchy = Some(hierarchy))
    }

    /// Lets requests without credentials pass. Optional means absent: bad
    /// credentials are still refused. A policy that is [required](Self::require)
    /// demands credentials nevertheless.
    #[must_use = "returns the changed authenticator"]
    pub fn optional(self) -> Self {
        self.with(|config| {
            if config.credentials == Credentials::Wanted {
                config.credentials = Credentials::Optional;
            }
        })
    }

    /// Looks for the token in these places, in this order, in place of
    /// `Authorization: Bearer` alone. The first that has anything decides: a bad token
    /// there is refused, and the others are not read. Cookies come last wherever they
    /// stand here, so that a browser with an old cookie does not break a call that
    /// brings a token of its own. Without any place nobody gets in.
    ///
    /// Where it was elsewhere than in `Authorization`, the answer has `Cache-Control:
    /// private`: caches keep apart by themselves only what that field was sent for (RFC
    /// 9111 section 3.5). It is a layer that adds it: see
    /// [`response_header`](Self::response_header).
    ///
    /// A token in the query beside another one is 400 (RFC 6750 section 2). The
    /// challenge names the scheme of the first source that is
    /// [`authorization`](TokenSource::authorization), else Bearer.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), portcullis::ConfigError> {
    /// use portcullis::{credentials::TokenSource, guard::Authenticator};
    ///
    /// let authenticator = Authenticator::new(verifier).token_sources([
    ///     TokenSource::bearer(),
    ///     TokenSource::websocket_protocol("bearer.")?,
    /// ]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn token_sources(self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        let sources = TokenSources::new(sources);
        self.with(|config| {
            let scheme = sources.scheme().map(str::to_owned);
            Arc::make_mut(&mut config.answers).scheme = scheme;
            config.sources = Some(sources);
        })
    }

    /// Takes access tokens as Bearer, and else in the cookie that a
    /// [`CookieApi`](crate::endpoint::CookieApi) sets: programs and pages of a browser
    /// share the routes. It is a short form of [`token_sources`](Self::token_sources), in
    /// whose place it is: where there are more sources, list
    /// [`SessionCookies::token_source`] among them.
    ///
    /// A request with the cookie that changes something must come from a page of
    /// one's own, with the header `X-CSRF-Token`: [`csrf`](crate::csrf).
    ///
    /// ```
    /// use portcullis::{cookies::SessionCookies, guard::Authenticator, verify::Verifier};
    ///
    /// /// `cookies` are those that the `CookieApi` has.
    /// fn guard(verifier: Verifier, cookies: &SessionCookies) -> Authenticator {
    ///     Authenticator::new(verifier).session_cookies(cookies)
    /// }
    /// ```
    #[must_use = "returns the changed authenticator"]
    pub fn session_cookies(self, cookies: &SessionCookies) -> Self {
        self.token_sources([TokenSource::bearer(), cookies.token_source()])
    }

    /// Lets preflight requests of browsers pass without credentials, which they
    /// never have (Fetch standard, section 3.3): `OPTIONS` with `Origin` and
    /// `Access-Control-Request-Method`.
    ///
    /// It is for services that answer them behind the authenticator; where a CORS
    /// layer stands in front of it, it need not be switched on. Whatever is behind
    /// must do no more for an `OPTIONS` request than answer it.
    #[must_use = "returns the changed authenticator"]
    pub fn pass_preflight(self) -> Self {
        self.with(|config| config.passes_preflight = true)
    }

    /// Adds a header to every answer to a request that is decided about,
    /// whether it passes or is refused; several add up. It stands beside those
    /// of the same name that a handler writes.
    ///
    /// An extractor that verifies by itself has no hand in the answer of its
    /// handler: it adds to refusals only.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), portcullis::ConfigError> {
    /// use portcullis::guard::Authenticator;
    ///
    /// // For caches that do not look at `Authorization` (RFC 9111 section 3.5).
    /// let authenticator = Authenticator::new(verifier).response_header("cache-control", "private")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If `name` or `value` is none of a header, or the header frames the
    /// message and so is the server's own (`Content-Length` and the like), or
    /// describes the body (`Content-Type` and the like).
    pub fn response_header(mut self, name: &str, value: &str) -> Result<Self, ConfigError> {
        let config = Arc::make_mut(&mut self.0);
        let answers = Arc::make_mut(&mut config.answers);
        answers.headers.push(name, value)?;
        Ok(self.with(|_| {}))
    }

    pub(super) fn with_answers(self, change: impl FnOnce(&mut Answers)) -> Self {
        self.with(|config| change(Arc::make_mut(&mut config.answers)))
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let config = Arc::make_mut(&mut self.0);
        change(config);
        let demands = config.policy.as_ref().map(Policy::demands);
        let scope = demands.map_or_else(ScopeSet::new, |demands| demands.scope.clone());
        let answers = Arc::make_mut(&mut config.answers);
        answers.prepare(&scope);
        let origins = config.sources.iter().flat_map(TokenSources::origins);
        let elsewhere = origins.map(|origin| Arc::new(answers.of_origin(origin)));
        config.elsewhere = elsewhere.collect();
        self
    }

    /// Decides about a request by its head.
    ///
    /// An adapter that lets it pass leaves the [`Authentication`] in the
    /// request's extensions, keeps the [credentials](Self::credential_headers)
    /// out of logs, and adds the
    /// [`response_headers`](Authentication::response_headers) to the answer. One
    /// that does not answers with the [`Rejection`](crate::challenge::Rejection) and
    /// nothing else.
    pub fn check(&self, head: &impl RequestHead) -> Check {
        self.decide_and_count(head, self.0.credentials == Credentials::Optional)
    }

    /// As [`check`](Self::check), where the handler of this one request can do
    /// without credentials.
    pub fn check_optional(&self, head: &impl RequestHead) -> Check {
        self.decide_and_count(head, !self.demands_credentials())
    }

    /// Whether a [policy](Self::require) demands credentials, even of a handler
    /// that can do without: where a framework makes `None` of an extractor's
    /// error, their absence is then a refusal, too.
    pub fn demands_credentials(&self) -> bool {
        self.0.credentials == Credentials::Demanded
    }

    /// The names of the request's headers that hold credentials, in lower case:
    /// what must not be logged, or passed on to somebody else. `authorization` is
    /// always the first of them; beside a cookie there is `x-csrf-token`.
    pub fn credential_headers(&self) -> impl Iterator<Item = &str> {
        let sources = self.0.sources.iter().flat_map(TokenSources::header_names);
        let others = sources.filter(|name| *name != credentials::AUTHORIZATION);
        std::iter::once(credentials::AUTHORIZATION).chain(others)
    }

    /// Marks the credentials of a request of `http` 1.x as sensitive, which
    /// keeps them out of `Debug` outputs and of the tables of HTTP/2. A token among
    /// the subprotocols of WebSocket is taken out, so that nobody selects it.
    pub fn hide_credentials(&self, headers: &mut HeaderMap) {
        hide_authorization(headers);
        if let Some(sources) = &self.0.sources {
            hide_others(headers, sources);
        }
    }

    /// The query of a request's target without the tokens that it may
    /// [hold](TokenSource::query): what may be written to a log.
    pub fn query_without_tokens<'t>(&self, target: Target<'t>) -> Option<Cow<'t, str>> {
        match &self.0.sources {
            None => target.query().map(Cow::Borrowed),
            Some(sources) => sources.query_without_tokens(target),
        }
    }

    fn decide_and_count(&self, head: &impl RequestHead, can_do_without: bool) -> Check {
        if !metrics::ARE_ON {
            // It would be copied once more only to be looked at by nobody.
            return self.decide_and_tell(head, can_do_without);
        }
        let check = self.decide_and_tell(head, can_do_without);
        if let Check::Ready(result) = &check {
            counted::decided(result);
        }
        check
    }

    fn decide_and_tell(&self, head: &impl RequestHead, can_do_without: bool) -> Check {
        if !self.0.answers.look_at_requests() {
            return self.decide(head, can_do_without);
        }
        let mut check = self.decide(head, can_do_without);
        self.tell(&mut check, HeadRef::new(head));
        check
    }

    /// Tells of a refusal, now or by a handler, as this request wants it.
    fn tell(&self, check: &mut Check, head: HeadRef<'_>) {
        let way = self.way(head);
        match check {
            Check::Ready(Ok(authentication)) => authentication.make_way(way),
            Check::Ready(Err(rejection)) => self.0.answers.finish_by(rejection, way.as_ref()),
            Check::Pending(check) => check.make_way(way),
        }
    }

    fn way(&self, head: HeadRef<'_>) -> Option<Way> {
        let answers = &self.0.answers;
        if let Some(call) = answers.grpc.then(|| GrpcType::of(head)).flatten() {
            return Some(Way::Grpc(call));
        }
        let page = answers.login.as_ref()?;
        let location = page.location(head, |target| self.query_without_tokens(target))?;
        Some(Way::Login(location))
    }

    // Only what depends on the framework's type is compiled for each.
    fn decide(&self, head: &impl RequestHead, can_do_without: bool) -> Check {
        if let Some(sources) = &self.0.sources {
            return self.decide_by(sources, head, can_do_without);
        }
        match unread_token(head.authorization()) {
            Ok(Some(token)) => self.decide_about(token, None, HeadRef::new(head)),
            Ok(None) => self.decide_without(HeadRef::new(head), can_do_without),
            Err(error) => self.refuse(Reason::Credentials(error), HeadRef::new(head)),
        }
    }

    /// Where a token may be in several places.
    fn decide_by(
        &self,
        sources: &TokenSources,
        head: &impl RequestHead,
        can_do_without: bool,
    ) -> Check {
        match sources.find(head) {
            Ok(Some(Found { token, source })) => {
                self.decide_about(&token, Some(source), HeadRef::new(head))
            }
            Ok(None) => self.decide_without(HeadRef::new(head), can_do_without),
            Err(error) => self.refuse(Reason::Credentials(error), HeadRef::new(head)),
        }
    }

    fn decide_without(&self, head: HeadRef<'_>, can_do_without: bool) -> Check {
        if can_do_without || (self.0.passes_preflight && is_preflight(head)) {
            let answers = self.0.answers.clone();
            Check::Ready(Ok(Authentication::new(answers, None)))
        } else {
            self.refuse(Reason::MissingCredentials, head)
        }
    }

    /// `source`: where the token was, unless it was where tokens are.
    fn decide_about(&self, token: &[u8], source: Option<&TokenSource>, head: HeadRef<'_>) -> Check {
        let answers = match source {
            None => &self.0.answers,
            Some(source) => self.answers_to(source),
        };
        match self.0.verifier.verify(token) {
            Verification::Done(Ok(verified)) => {
                if let Some(csrf) = source.and_then(TokenSource::csrf) {
                    let shown = csrf.look(head);
                    let checked = shown.and_then(|shown| csrf.check(&shown, &verified));
                    if let Err(error) = checked {
                        return Check::Ready(Err(answers.refuse(Reason::Csrf(error))));
                    }
                }
                Check::of_policy(self.0.policy.as_ref(), verified, Some(head), answers)
            }
            Verification::Done(Err(_)) if !is_b64token(token) => {
                self.refuse(Reason::Credentials(CredentialsError::Malformed), head)
            }
            Verification::Done(Err(error)) => {
                Check::Ready(Err(answers.refuse(Reason::Token(error))))
            }
            Verification::Pending(verification) => {
                let csrf = source.and_then(TokenSource::csrf);
                let shown = csrf.map(|csrf| Shown::by(head, csrf));
                let policy = self.0.policy.clone();
                let answers = answers.clone();
                Check::Pending(PendingCheck::verifying(
                    verification,
                    shown,
                    policy,
                    head,
                    answers,
                ))
            }
        }
    }

    /// What is answered to requests that bring a token in `source`.
    fn answers_to(&self, source: &TokenSource) -> &SharedAnswers {
        let origin = source.origin();
        let mut elsewhere = self.0.elsewhere.iter();
        let found = elsewhere.find(|answers| answers.origin == origin);
        found.unwrap_or(&self.0.answers)
    }

    fn refuse(&self, reason: Reason, head: HeadRef<'_>) -> Check {
        let sent = tracing::enabled!(tracing::Level::DEBUG).then(|| {
            let field = credentials::AUTHORIZATION;
            Sent::of(field, head.values(field))
        });
        Check::Ready(Err(self.0.answers.refuse_sent(reason, sent.flatten())))
    }
}

/// Whether a browser asks if it may send a request (Fetch standard, section 3.3.3).
fn is_preflight(head: HeadRef<'_>) -> bool {
    head.method() == "OPTIONS"
        && !head.values("origin").is_empty()
        && !head.values("access-control-request-method").is_empty()
}

impl Config {
    fn add(&mut self, policy: Policy) {
        self.policy = Some(match self.policy.take() {
            Some(own) => own.and(policy),
            None => policy,
        });
    }
}

impl From<Verifier> for Authenticator {
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("policy", &self.0.policy)
            .field("credentials", &self.0.credentials)
            .field("sources", &self.0.sources)
            .field("passes_preflight", &self.0.passes_preflight)
            .field("answers", &self.0.answers)
            .finish_non_exhaustive()
    }
}
