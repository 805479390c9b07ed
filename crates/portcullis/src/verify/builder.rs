//! Building a [`Verifier`]: what is mandatory is a type.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use super::{
    Confirmation, HasAudience, HasIssuer, HasKeys, IntrospectTokens, KeySource, LogoutVerifier,
    NoAudience, NoIssuer, NoKeys, Ready, TokenCache, TokenStatus, Verified, Verifier, VerifyError,
    audience_rule::AudienceRule, claim_rules::BindingRule, issuer_rule::IssuerRule,
    profile::Profile, trusted_keys::TrustedKeys, typ::TypRule,
};
use crate::{
    ConfigError,
    claims::{Claim, TokenShape},
    jose::KeySet,
    time::SharedClock,
};

/// Builds a [`Verifier`]. Keys (or [who is asked](Self::introspected_by) in their
/// place), issuer and audience are mandatory: without
/// them there is no `build`. Leaving one out is spelled
/// [`dangerous`](Self::dangerous).
///
/// ```
/// use portcullis::{jose::{Algorithm, VerifyingKey}, verify::Verifier};
///
/// let key = VerifyingKey::from_secret(Algorithm::HS256, &[7; 32])?;
/// let verifier = Verifier::builder()
///     .keys(key)
///     .issuer("https://issuer.example")
///     .audience("https://api.example")
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// # use portcullis::verify::Verifier;
/// // There are no keys: this does not compile.
/// Verifier::builder().issuer("https://issuer.example").audience("api").build();
/// ```
#[must_use = "does nothing until built"]
pub struct VerifierBuilder<Keys = NoKeys, Issuer = NoIssuer, Audience = NoAudience> {
    profile: Profile,
    choices: Choices<Keys, Issuer, Audience>,
}

/// What an issuer of this process writes into its tokens.
pub(crate) struct OwnTokens<'a> {
    pub(crate) keys: KeySet,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) audience: &'a [Arc<str>],
    pub(crate) shape: &'a TokenShape,
    pub(crate) clock: SharedClock,
}

/// Remembers the choices without owning anything of their types.
type Choices<Keys, Issuer, Audience> = PhantomData<fn() -> (Keys, Issuer, Audience)>;

impl Verifier {
    /// Starts with nothing chosen.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }
}

impl VerifierBuilder {
    fn new() -> Self {
        Self::with(Profile::default())
    }
}

impl VerifierBuilder<Ready, Ready, Ready> {
    /// Accepts exactly what an own issuer writes.
    pub(crate) fn of_own_tokens(tokens: OwnTokens<'_>) -> Self {
        Self::with(Profile {
            keys: TrustedKeys::fixed(tokens.keys),
            clock: tokens.clock,
            ..Profile::of_own_tokens(tokens.shape, tokens.issuer, tokens.audience)
        })
    }

    /// The same with the keys of an own issuer that change.
    pub(crate) fn following(mut self, source: impl KeySource) -> Self {
        self.profile.keys = TrustedKeys::live(source);
        self
    }
}

impl<I, A> VerifierBuilder<NoKeys, I, A> {
    /// The keys. Each fixes its algorithm (RFC 8725 section 3.1).
    pub fn keys(self, keys: impl Into<KeySet>) -> VerifierBuilder<Ready, I, A> {
        let mut profile = self.profile;
        profile.keys = TrustedKeys::fixed(keys.into());
        VerifierBuilder::with(profile)
    }

    /// Instead of keys, somebody who asks the issuer about each token (RFC 7662):
    /// for opaque tokens, and for those that must be refused as soon as the issuer
    /// revokes them.
    ///
    /// What the issuer answers must satisfy the same rules as signed claims, with
    /// two exceptions. It may leave out `iss`, for it is known who answers; what
    /// is there must be the configured one. And it may leave out `exp`, for it
    /// is asked again; what has passed is refused. An issuer that tells no `aud`
    /// needs [`dangerous().no_audience()`](Dangerous::no_audience). A `token_type`
    /// other than `Bearer` is refused.
    ///
    /// The token's form is not looked at, and [`cache`](Self::cache) and
    /// [`max_header_size`](Self::max_header_size) have nothing to do: the source
    /// remembers answers.
    ///
    /// ```
    /// use portcullis::verify::{IntrospectTokens, Verifier};
    ///
    /// # fn example(introspector: impl IntrospectTokens) -> Result<(), portcullis::ConfigError> {
    /// let verifier = Verifier::builder()
    ///     .introspected_by(introspector)
    ///     .issuer("https://login.example.com")
    ///     .audience("https://api.example")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn introspected_by(self, source: impl IntrospectTokens) -> VerifierBuilder<Ready, I, A> {
        let mut profile = self.profile;
        profile.introspection = Some(Arc::new(source));
        profile.claims.introspected = true;
        VerifierBuilder::with(profile)
    }

    /// Keys that change while the verifier is used. There may be none yet: a
    /// token that comes before them waits, or gets a 503, as the source decides.
    pub fn keys_from(self, source: impl KeySource) -> VerifierBuilder<Ready, I, A> {
        let mut profile = self.profile;
        profile.keys = TrustedKeys::live(source);
        VerifierBuilder::with(profile)
    }
}

impl<K, A> VerifierBuilder<K, NoIssuer, A> {
    /// The `iss` that every token must have, to the letter (RFC 7519 section
    /// 4.1.1).
    pub fn issuer(self, issuer: impl Into<Arc<str>>) -> VerifierBuilder<K, Ready, A> {
        let mut profile = self.profile;
        profile.claims.issuer = IssuerRule::Exactly(issuer.into());
        VerifierBuilder::with(profile)
    }
}

impl<K, I> VerifierBuilder<K, I, NoAudience> {
    /// The name of this service, which every token must have in its `aud` (RFC
    /// 7519 section 4.1.3).
    pub fn audience(self, audience: impl Into<Arc<str>>) -> VerifierBuilder<K, I, Ready> {
        self.audiences([audience.into()])
    }

    /// Several names of this service, one of which every token must have in
    /// its `aud`.
    pub fn audiences<T>(self, audiences: T) -> VerifierBuilder<K, I, Ready>
    where
        T: IntoIterator,
        T::Item: Into<Arc<str>>,
    {
        let mut profile = self.profile;
        let audiences = audiences.into_iter().map(Into::into).collect();
        profile.claims.audience = AudienceRule::OneOf(audiences);
        VerifierBuilder::with(profile)
    }
}

impl<K, I, A> VerifierBuilder<K, I, A> {
    /// Builds the verifier.
    ///
    /// # Errors
    ///
    /// If the key set is empty, or a text that is configured is; if two claims are
    /// given the same name, or one that means something else.
    pub fn build(self) -> Result<Verifier, ConfigError>
    where
        K: HasKeys,
        I: HasIssuer,
        A: HasAudience,
    {
        self.profile.validate()?;
        Ok(Verifier::of_profile(self.profile))
    }

    /// Builds a verifier of the issuer's log-out tokens instead, which are for the
    /// client as which this service is registered there: its id is the audience.
    /// Keys, issuer, realm, subject claim, leeway, limits and clock count; the
    /// other settings are about access tokens.
    ///
    /// ```
    /// use portcullis::{jose::{Algorithm, VerifyingKey}, verify::Verifier};
    ///
    /// # fn example(key: VerifyingKey) -> Result<(), portcullis::ConfigError> {
    /// let verifier = Verifier::builder()
    ///     .keys(key)
    ///     .issuer("https://login.example.com")
    ///     .audience("my-client-id")
    ///     .build_for_logout()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); if issuer or audience may be any; if the issuer
    /// is [asked](Self::introspected_by) instead of having keys.
    pub fn build_for_logout(self) -> Result<LogoutVerifier, ConfigError>
    where
        K: HasKeys,
        I: HasIssuer,
        A: HasAudience,
    {
        let profile = self.profile.for_logout()?;
        profile.validate()?;
        Ok(LogoutVerifier::new(Verifier::of_profile(profile)))
    }

    pub(super) fn with(profile: Profile) -> Self {
        Self {
            profile,
            choices: PhantomData,
        }
    }

    pub(super) fn into_profile(self) -> Profile {
        self.profile
    }

    fn name(self, claim: Claim, name: impl Into<Arc<str>>) -> Self {
        self.set(|profile| profile.claims.names.rename(claim, name.into()))
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut Profile)) -> Self {
        change(&mut self.profile);
        self
    }

    /// The mandatory choices, left out with eyes open.
    pub fn dangerous(self) -> Dangerous<Self> {
        Dangerous(self)
    }

    /// Demands the access-token profile of RFC 9068 section 4: the `typ`
    /// `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti`.
    pub fn rfc9068(self) -> Self {
        self.set(|profile| profile.typ = TypRule::AtJwt)
            .require_claims(["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])
    }

    /// The claim that carries the subject; `sub` unless set. For Entra ID `oid`,
    /// say, and for Okta `uid`.
    pub fn subject_claim(self, name: impl Into<Arc<str>>) -> Self {
        self.name(Claim::Subject, name)
    }

    /// The realm to which the subjects belong; the issuer unless set, for only
    /// there a subject is unique (RFC 7519 section 4.1.2). Two issuers with one
    /// realm can speak for each other's subjects.
    pub fn subject_realm(self, realm: impl Into<Arc<str>>) -> Self {
        self.set(|profile| profile.realm = Some(realm.into()))
    }

    /// The claim that carries the scopes, as a text or an array; `scope` and
    /// `scp` together unless set, and with it neither of them but this one.
    pub fn scope_claim(self, name: impl Into<Arc<str>>) -> Self {
        self.name(Claim::Scope, name)
    }

    /// The claim that names the client; `client_id` unless set. For Keycloak
    /// and Entra ID `azp`, for Entra ID's tokens of version 1 `appid`, for Okta
    /// `cid`.
    pub fn client_claim(self, name: impl Into<Arc<str>>) -> Self {
        self.name(Claim::ClientId, name)
    }

    /// The claim that names the kind of a token, and what it says of access
    /// tokens; all others are refused, and those without it.
    ///
    /// ```
    /// # use portcullis::verify::Verifier;
    /// # let (keycloak, cognito) = (Verifier::builder(), Verifier::builder());
    /// keycloak.kind_claim("typ", "Bearer").client_claim("azp");
    /// cognito.kind_claim("token_use", "access");
    /// ```
    pub fn kind_claim(self, name: impl Into<Arc<str>>, access: impl Into<Arc<str>>) -> Self {
        self.set(|profile| profile.claims.kind = Some(access.into()))
            .name(Claim::Kind, name)
    }

    /// The claim that tells whether a login with credentials gave the token:
    /// true, false, or the date until which it counts as fresh. Unless it is
    /// set no token is [fresh](Verified::is_fresh).
    pub fn fresh_claim(self, name: impl Into<Arc<str>>) -> Self {
        self.name(Claim::Fresh, name)
    }

    /// Accepts sender-constrained tokens, which have a `cnf` claim (RFC 7800),
    /// if `check` finds that whoever sent one holds the key or certificate that
    /// it is bound to. Without such a check they are refused: a stolen one must
    /// not be good as a plain Bearer token. It is asked about every request;
    /// several add up.
    ///
    /// ```
    /// # use portcullis::verify::{Verifier, VerifyError};
    /// # let builder = Verifier::builder();
    /// # fn certificate_of_the_connection() -> Option<String> { None }
    /// // The thumbprint of the client's certificate (RFC 8705), as the code that
    /// // accepted the connection left it in a task-local.
    /// builder.binding_checked_by(|bound| match bound.text("x5t#S256") {
    ///     Some(thumbprint) if certificate_of_the_connection().as_deref() == Some(&*thumbprint) => {
    ///         Ok(())
    ///     }
    ///     _ => Err(VerifyError::custom("not the certificate that the token is bound to")),
    /// });
    /// ```
    pub fn binding_checked_by(
        self,
        check: impl Fn(&Confirmation<'_>) -> Result<(), VerifyError> + Send + Sync + 'static,
    ) -> Self {
        self.set(|profile| match &mut profile.claims.binding {
            BindingRule::CheckedBy(checks) => checks.push(Arc::new(check)),
            binding => *binding = BindingRule::CheckedBy(vec![Arc::new(check)]),
        })
    }

    /// By how much clocks may differ; 60 seconds unless set. For tokens of an
    /// own issuer none after they expire, and two seconds before they begin.
    pub fn leeway(self, leeway: Duration) -> Self {
        self.set(|profile| profile.claims.leeway = leeway)
    }

    /// How long ago a token may have been issued; makes `iat` required.
    pub fn max_age(self, age: Duration) -> Self {
        self.set(|profile| profile.claims.max_age = Some(age))
    }

    /// How long a token may live in all, from `iat` to `exp`; makes both
    /// required.
    pub fn max_lifetime(self, lifetime: Duration) -> Self {
        self.set(|profile| profile.claims.max_lifetime = Some(lifetime))
    }

    /// Claims that every token must have, whatever their value. Of those that
    /// mean something to a verifier, `null` is none.
    pub fn require_claims<T>(self, names: T) -> Self
    where
        T: IntoIterator,
        T::Item: Into<Box<str>>,
    {
        let names = names.into_iter().map(Into::into);
        self.set(|profile| profile.claims.names.require(names))
    }

    /// A check of the application's own, after all others.
    ///
    /// ```
    /// # use portcullis::verify::{Verifier, VerifyError};
    /// # let builder = Verifier::builder();
    /// builder.check(|token| match token.client_id() {
    ///     Some("mobile") => Ok(()),
    ///     _ => Err(VerifyError::custom("only the mobile client may come here")),
    /// });
    /// ```
    pub fn check(
        self,
        check: impl Fn(&Verified) -> Result<(), VerifyError> + Send + Sync + 'static,
    ) -> Self {
        self.set(|profile| profile.checks.push(Arc::new(check)))
    }

    /// Where revocations are looked up. Without one, tokens without `exp` are
    /// refused.
    pub fn status(self, status: impl TokenStatus) -> Self {
        self.set(|profile| {
            profile.claims.lists_application_tokens = status.lists_application_tokens();
            profile.status = Some(Arc::new(status));
        })
    }

    /// Remembers verified tokens, so that those that come again cost almost
    /// nothing; nothing is remembered unless this is called.
    pub fn cache(self, cache: TokenCache) -> Self {
        self.set(|profile| profile.cache = Some(cache))
    }

    /// The clock; the system's unless set.
    pub fn clock(self, clock: SharedClock) -> Self {
        self.set(|profile| profile.clock = clock)
    }

    /// The largest token that is looked at, in bytes; 8192 unless set. With keys of
    /// ML-DSA it is what their signatures have above 1024 bytes, in base64url, more.
    pub fn max_token_size(self, bytes: usize) -> Self {
        self.set(|profile| profile.max_token = Some(bytes))
    }

    /// The longest header that is looked at, in bytes of the token;
    /// [`MAX_HEADER`](crate::jose::MAX_HEADER) unless set. Issuers that send a
    /// chain of certificates along (`x5c`) need more, and often a larger
    /// [token](Self::max_token_size) as well. The chain itself is never looked
    /// at.
    pub fn max_header_size(self, bytes: usize) -> Self {
        self.set(|profile| profile.max_header = Some(bytes))
    }
}

impl<I, A> VerifierBuilder<NoKeys, I, A> {
    /// What can be told to be wrong before there are keys.
    pub(crate) fn check_rules(&self) -> Result<(), ConfigError> {
        self.profile.validate_rules()
    }
}

impl<K, I, A> fmt::Debug for VerifierBuilder<K, I, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifierBuilder")
            .field(&self.profile)
            .finish()
    }
}

/// Choices that weaken a verifier; see [`VerifierBuilder::dangerous`].
#[derive(Debug)]
#[must_use = "does nothing until a choice is made"]
pub struct Dangerous<B>(B);

impl<K, I, A> Dangerous<VerifierBuilder<K, I, A>> {
    /// Accepts sender-constrained tokens (`cnf`, RFC 7800) from whoever sends
    /// them, as if they were plain Bearer tokens: what makes a stolen one
    /// useless is not looked at.
    pub fn ignore_binding(self) -> VerifierBuilder<K, I, A> {
        self.0
            .set(|profile| profile.claims.binding = BindingRule::Ignored)
    }
}

impl<K, A> Dangerous<VerifierBuilder<K, NoIssuer, A>> {
    /// Accepts tokens of whatever issuer, and without one. Whoever holds one
    /// of the keys can then speak as anybody, in every realm unless
    /// [`subject_realm`](VerifierBuilder::subject_realm) names one.
    pub fn any_issuer(self) -> VerifierBuilder<K, Ready, A> {
        let mut profile = self.0.profile;
        profile.claims.issuer = IssuerRule::Any;
        VerifierBuilder::with(profile)
    }
}

impl<K, I> Dangerous<VerifierBuilder<K, I, NoAudience>> {
    /// Accepts tokens that name no audience, and refuses those that do: they
    /// are meant for somebody else (RFC 7519 section 4.1.3).
    pub fn no_audience(self) -> VerifierBuilder<K, I, Ready> {
        let mut profile = self.0.profile;
        profile.claims.audience = AudienceRule::Absent;
        VerifierBuilder::with(profile)
    }

    /// Accepts tokens for whatever audience. A token that a user gave to
    /// another service can then be replayed here.
    pub fn any_audience(self) -> VerifierBuilder<K, I, Ready> {
        let mut profile = self.0.profile;
        profile.claims.audience = AudienceRule::Any;
        VerifierBuilder::with(profile)
    }
}
