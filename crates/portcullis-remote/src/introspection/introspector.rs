//! Who asks.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use portcullis::{
    metrics::family::{INTROSPECTIONS, Stopwatch},
    time::{Clock, SharedClock, Timestamp},
    verify::{IntrospectTokens, Introspection, IntrospectionUnavailable},
};
use tokio::{sync::watch, time};
use url::{Url, form_urlencoded};

use super::{
    answer::Answer,
    client_auth::ClientAuth,
    endpoint::Endpoint,
    failure::{Failure, FailureKind, RETRY_AFTER},
    memory::Memory,
    token::Token,
};
use crate::{FetchError, FetchErrorKind, Worker, http::Fetcher, url_rules::shown};

/// Asks an issuer about tokens that only it can read (RFC 7662), for
/// [`VerifierBuilder::introspected_by`](portcullis::verify::VerifierBuilder::introspected_by).
/// Cheap to clone; clones share everything.
///
/// Answers are remembered for a short while, and never after the token has
/// expired. For however many requests that bring the same token the issuer is
/// asked once; that question goes on, on a [thread of its own](Worker), whatever
/// becomes of the requests. An issuer that cannot be asked makes a 503, never a 401.
///
/// ```
/// use portcullis::{ConfigError, secret::SecretString, verify::Verifier};
/// use portcullis_remote::{ClientAuth, Introspector};
///
/// # fn example(secret: SecretString) -> Result<(), ConfigError> {
/// let auth = ClientAuth::secret("my-api", &secret)?;
/// let introspector = Introspector::at("https://login.example.com/introspect", auth).build()?;
/// let verifier = Verifier::builder()
///     .introspected_by(introspector)
///     .issuer("https://login.example.com")
///     .audience("https://api.example")
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Introspector(Arc<Inner>);

/// All that an [`Introspector`] is made of.
pub(super) struct Settings {
    pub(super) endpoint: Endpoint,
    pub(super) auth: ClientAuth,
    /// For whom assertions are; the endpoint, if nothing is said.
    pub(super) audience: Option<Arc<str>>,
    pub(super) fetcher: Fetcher,
    pub(super) timeout: Duration,
    pub(super) max_requests: usize,
    pub(super) memory: Memory,
    pub(super) clock: SharedClock,
    pub(super) worker: Worker,
}

struct Inner {
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is being asked.
    questions: HashMap<Token, watch::Receiver<Option<Outcome>>>,
    /// From the first until the second nobody asks; a clock that was turned back
    /// makes it no longer.
    paused: Option<(Timestamp, Timestamp)>,
    /// How the last question failed, if it did.
    failing: Option<FailureKind>,
}

/// How a question ended.
type Outcome = Result<Answer, IntrospectionUnavailable>;

impl Introspector {
    pub(super) fn new(settings: Settings) -> Self {
        Self(Arc::new(Inner {
            settings,
            state: Mutex::default(),
        }))
    }
}

impl IntrospectTokens for Introspector {
    fn introspect(&self, token: &str) -> Introspection {
        let now = self.0.settings.clock.now();
        if let Some(answer) = self.0.settings.memory.get(token, now) {
            return told(Ok(answer));
        }
        let mut outcome = match self.0.ask(token, now) {
            Ok(outcome) => outcome,
            Err(outcome) => return told(outcome),
        };
        Introspection::Pending(Box::pin(async move {
            let ended = outcome.wait_for(Option::is_some).await;
            let outcome = ended.ok().and_then(|outcome| outcome.clone());
            // Without one, the question was given up.
            told(outcome.unwrap_or(Err(unavailable(RETRY_AFTER))))
        }))
    }
}

fn told(outcome: Outcome) -> Introspection {
    match outcome {
        Ok(Answer::Active { claims, .. }) => Introspection::Active(claims),
        Ok(Answer::Inactive) => Introspection::Inactive,
        Err(unavailable) => Introspection::Unavailable(unavailable),
    }
}

fn unavailable(retry_after: Duration) -> IntrospectionUnavailable {
    IntrospectionUnavailable { retry_after }
}

impl Inner {
    /// The question about this token that is under way, or a new one; unless the
    /// outcome is known.
    fn ask(
        self: &Arc<Self>,
        token: &str,
        now: Timestamp,
    ) -> Result<watch::Receiver<Option<Outcome>>, Outcome> {
        let mut state = self.lock();
        if let Some(outcome) = state.questions.get(token) {
            return Ok(outcome.clone());
        }
        // It may have ended just now: answers are remembered first.
        if let Some(answer) = self.settings.memory.get(token, now) {
            return Err(Ok(answer));
        }
        if let Some((from, end)) = state.paused
            && from <= now
            && now < end
        {
            return Err(Err(unavailable(end.saturating_duration_since(now))));
        }
        if state.questions.len() >= self.settings.max_requests {
            return Err(Err(unavailable(RETRY_AFTER)));
        }
        let (sender, outcome) = watch::channel(None);
        let token = Token::from(token);
        state.questions.insert(token.clone(), outcome.clone());
        drop(state);
        let question = Question {
            of: Arc::clone(self),
            token,
        };
        self.settings.worker.run(question.put(sender));
        Ok(outcome)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is half done where somebody else's code could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self, token: &str) -> Result<Answer, Failure> {
        let Settings {
            endpoint, fetcher, ..
        } = &self.settings;
        let url = endpoint.url(fetcher).await?;
        let request = self.request(&url, token)?;
        let response = fetcher.send(&url, request).await?;
        if response.status() != StatusCode::OK {
            let (status, headers) = (response.status(), response.headers());
            if status == StatusCode::NOT_FOUND {
                endpoint.doubt();
            }
            let error = fetcher.refused(&url, status, headers);
            return Err(Failure::of_status(status, response.body(), error));
        }
        let answer = Answer::parse(response.body());
        Ok(answer.map_err(|error| error.within(shown(&url)))?)
    }

    /// RFC 7662 section 2.1.
    fn request(&self, url: &Url, token: &str) -> Result<Request<Bytes>, FetchError> {
        let Settings { auth, clock, .. } = &self.settings;
        let audience = self.settings.audience.as_deref();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token);
        form.append_pair("token_type_hint", "access_token");
        auth.sign(&mut form, audience.unwrap_or(url.as_str()), clock)?;
        let mut request = Request::new(Bytes::from(form.finish()));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = auth.authorization() {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    fn ended(
        &self,
        answer: Result<Answer, Failure>,
        token: &Token,
        asked_at: Timestamp,
    ) -> Outcome {
        match answer {
            Ok(answer) => {
                let memory = &self.settings.memory;
                memory.insert(token.clone(), answer.clone(), asked_at);
                if self.lock().failing.take().is_some() {
                    tracing::info!("the issuer answers questions about tokens again");
                }
                Ok(answer)
            }
            Err(failure) => {
                self.failed(&failure);
                Err(unavailable(failure.retry_after))
            }
        }
    }

    fn failed(&self, failure: &Failure) {
        let now = self.settings.clock.now();
        let before = {
            let mut state = self.lock();
            if failure.pauses {
                state.paused = Some((now, now.saturating_add(failure.retry_after)));
            }
            state.failing.replace(failure.kind)
        };
        let error = &failure.error;
        match failure.kind {
            // One line for many of the same kind.
            kind if before == Some(kind) => {
                tracing::debug!(%error, "a question about a token was not answered");
            }
            FailureKind::Credentials => tracing::error!(
                %error,
                "the issuer refuses to answer this service: its opaque tokens cannot be verified"
            ),
            FailureKind::Other => {
                tracing::warn!(%error, "the issuer does not answer questions about tokens");
            }
        }
    }
}

fn outcome_of(answer: &Result<Answer, Failure>) -> &'static str {
    match answer {
        Ok(Answer::Active { .. }) => "active",
        Ok(Answer::Inactive) => "inactive",
        Err(failure) => match failure.kind {
            FailureKind::Credentials => "credentials",
            FailureKind::Other => failure.error.kind().as_str(),
        },
    }
}

/// A question that is under way. When it is dropped, the next one can be asked.
struct Question {
    of: Arc<Inner>,
    token: Token,
}

impl Question {
    async fn put(self, outcome: watch::Sender<Option<Outcome>>) {
        let settings = &self.of.settings;
        let asked_at = settings.clock.now();
        let time = Stopwatch::start();
        let answer = time::timeout(settings.timeout, self.of.fetch(self.token.as_str()));
        let answer = answer.await.unwrap_or_else(|_| {
            let message = format!("no answer within {:?}", settings.timeout);
            Err(FetchError::new(FetchErrorKind::Timeout, message).into())
        });
        INTROSPECTIONS.record(time, [outcome_of(&answer)]);
        let ended = self.of.ended(answer, &self.token, asked_at);
        // Who waits hears it; who comes later finds it remembered, or asks anew.
        drop(self);
        let _ = outcome.send(Some(ended));
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.of.lock().questions.remove(self.token.as_str());
    }
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspector")
            .field("auth", &self.0.settings.auth)
            .finish_non_exhaustive()
    }
}
