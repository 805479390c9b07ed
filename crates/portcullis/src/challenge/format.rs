//! What bodies of refusals look like, throughout an application.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::Serialize;

use super::{
    PublicUrl, RejectionBody,
    problem::Problem,
    refused::{Own, Refused},
};
use crate::ConfigError;

/// What refusals look like: one setting for layers, extractors
/// ([`Authenticator::refusal_format`]) and endpoints
/// ([`EndpointsBuilder::refusal_format`]). Cheap to clone.
///
/// Status and header fields, the challenge among them, are the same in all formats;
/// only an [own renderer](Self::custom) may choose another status. Answers of OAuth
/// token endpoints and of back-channel log-outs keep the JSON of RFC 6749 section
/// 5.2, unless there is an own renderer.
///
/// ```
/// # fn example(
/// #     verifier: portcullis::verify::Verifier,
/// #     endpoints: portcullis::endpoint::EndpointsBuilder,
/// # ) -> Result<(), portcullis::ConfigError> {
/// use portcullis::{challenge::RefusalFormat, guard::Authenticator};
///
/// let format = RefusalFormat::problem_details()
///     .problem_types("https://api.example.com/problems/")?;
/// let authenticator = Authenticator::new(verifier).refusal_format(format.clone());
/// let endpoints = endpoints.refusal_format(format).build()?;
/// # Ok(())
/// # }
/// ```
///
/// [`Authenticator::refusal_format`]: crate::guard::Authenticator::refusal_format
/// [`EndpointsBuilder::refusal_format`]: crate::endpoint::EndpointsBuilder::refusal_format
#[derive(Clone, Default)]
pub struct RefusalFormat(Format);

#[derive(Clone, Default)]
enum Format {
    Empty,
    #[default]
    Json,
    /// The types of problems begin with it.
    Problem(Option<Arc<str>>),
    Custom(Arc<Renderer>),
}

type Renderer = dyn Fn(&Refused<'_>) -> RefusalAnswer + Send + Sync;

impl RefusalFormat {
    /// No body and no content type.
    pub const fn empty() -> Self {
        Self(Format::Empty)
    }

    /// `{"error":"…"}`; of endpoints with `field` and `error_description` where
    /// there is something to say, and the members that all errors of a route have.
    /// The default.
    pub const fn json() -> Self {
        Self(Format::Json)
    }

    /// Problem details (RFC 9457), `application/problem+json`: `type`, `title` and
    /// `status`, `detail` where there is something to say, and as extensions
    /// `error`, the [code](super::RefusalCode), and `field`, the name of the one
    /// that was wrong.
    ///
    /// The `type` is `about:blank` and the `title` the status's phrase (section
    /// 4.2.1) unless [`problem_types`](Self::problem_types) says where problems are
    /// explained.
    pub const fn problem_details() -> Self {
        Self(Format::Problem(None))
    }

    /// The `type` of problem details: `base` with the error code behind it, such as
    /// `https://api.example.com/problems/invalid_token`. The `title` is then that
    /// of the [code](super::RefusalCode).
    ///
    /// # Errors
    ///
    /// If the format is another one; or if `base` is no `https` URL that ends in `/`
    /// or `#`. `http` is for this machine itself.
    pub fn problem_types(self, base: &str) -> Result<Self, ConfigError> {
        if !matches!(self.0, Format::Problem(_)) {
            return Err(ConfigError::new(
                "only problem details have types: begin with `RefusalFormat::problem_details`",
            ));
        }
        if !base.ends_with(['/', '#']) {
            return Err(ConfigError::new(format!(
                "the base of problem types `{}` does not end in `/` or `#`: the error code is put \
                 right behind it",
                base.escape_debug()
            )));
        }
        let page = base.strip_suffix('#').unwrap_or(base);
        PublicUrl::parse("the base of problem types", page)?;
        Ok(Self(Format::Problem(Some(base.into()))))
    }

    /// Whatever `renderer` writes: a [`RejectionBody`], or a [`RefusalAnswer`] where
    /// it chooses a status, too.
    ///
    /// It sees what may be told of a refusal, and neither tokens nor the values of
    /// fields. Header fields stay as they are: it cannot take the challenge off a
    /// 401, and a refusal that it turns into a 401 gets one (RFC 9110 section
    /// 15.5.2).
    ///
    /// It writes the answers of OAuth token endpoints as well, whose clients look
    /// for JSON of RFC 6749 section 5.2: see [`Refused::is_oauth`].
    ///
    /// ```
    /// use portcullis::challenge::{RefusalAnswer, RefusalFormat, RejectionBody};
    ///
    /// let xml = RefusalFormat::custom(|refused| {
    ///     let body = format!("<error code=\"{}\"/>", refused.code());
    ///     RejectionBody::new("application/xml", body)
    /// });
    /// // For clients that know no other refusal than 401.
    /// let always_401 = RefusalFormat::custom(|refused| {
    ///     let answer = RefusalFormat::json().answer(refused);
    ///     match refused.status() {
    ///         403 => answer.status(401),
    ///         _ => answer,
    ///     }
    /// });
    /// ```
    pub fn custom<A: Into<RefusalAnswer>>(
        renderer: impl Fn(&Refused<'_>) -> A + Send + Sync + 'static,
    ) -> Self {
        let renderer = move |refused: &Refused<'_>| renderer(refused).into();
        Self(Format::Custom(Arc::new(renderer)))
    }

    /// The answer to a refusal in this format: what an own renderer falls back on.
    pub fn answer(&self, refused: &Refused<'_>) -> RefusalAnswer {
        match &self.0 {
            Format::Empty => RejectionBody::empty().into(),
            Format::Json => json(refused).into(),
            Format::Problem(types) => RefusalAnswer {
                status: None,
                content: Content::Problem(types.clone()),
            },
            Format::Custom(renderer) => renderer(refused),
        }
    }

    /// The status and the body that a refusal is told with.
    pub(crate) fn tell(&self, refused: &Refused<'_>) -> (u16, RejectionBody) {
        let answer = match &self.0 {
            Format::Custom(_) => self.answer(refused),
            _ if refused.is_oauth() => json(refused).into(),
            _ => self.answer(refused),
        };
        let status = answer.status_of(refused);
        let body = match answer.content {
            Content::Written(body) => body,
            Content::Problem(types) => Problem::new(types.as_deref(), status, refused).body(),
        };
        (status, body)
    }

    pub(crate) fn is_json(&self) -> bool {
        matches!(self.0, Format::Json)
    }
}

impl fmt::Debug for RefusalFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Format::Empty => "Empty",
            Format::Json => "Json",
            Format::Problem(_) => "ProblemDetails",
            Format::Custom(_) => "Custom",
        };
        write!(f, "RefusalFormat::{name}")
    }
}

/// What an [own renderer](RefusalFormat::custom) answers a refusal with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalAnswer {
    status: Option<u16>,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Written(RejectionBody),
    /// Problem details of these types, which say the status that is answered at last
    /// (RFC 9457 section 3.1.2).
    Problem(Option<Arc<str>>),
}

impl RefusalAnswer {
    /// With this body, and the status that the refusal has anyhow.
    pub fn new(body: RejectionBody) -> Self {
        Self {
            status: None,
            content: Content::Written(body),
        }
    }

    /// With another status: another 4xx for a 4xx. Not 405, 407 and 426, which need
    /// header fields of their own (RFC 9110 sections 15.5.6, 15.5.8 and 15.5.22).
    ///
    /// Anything else is ignored, and logged as an error each time: a refusal never
    /// becomes a success or a redirection, and a fault of the service stays one.
    #[must_use = "returns the changed answer"]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    fn status_of(&self, refused: &Refused<'_>) -> u16 {
        let is_refusal = |status: u16| (400..500).contains(&status);
        match self.status {
            Some(wanted) if wanted == refused.status => wanted,
            Some(wanted)
                if is_refusal(refused.status)
                    && is_refusal(wanted)
                    && !NEED_FIELDS.contains(&wanted) =>
            {
                wanted
            }
            Some(wanted) => {
                tracing::error!(
                    http.response.status_code = refused.status,
                    wanted,
                    code = refused.code,
                    "the status that a renderer of refusals wants is ignored: it may turn a 4xx \
                     into another 4xx, but for 405, 407 and 426"
                );
                refused.status
            }
            None => refused.status,
        }
    }
}

/// They MUST name what is allowed, asked for, or to be upgraded to.
const NEED_FIELDS: [u16; 3] = [405, 407, 426];

impl From<RejectionBody> for RefusalAnswer {
    fn from(body: RejectionBody) -> Self {
        Self::new(body)
    }
}

fn json(refused: &Refused<'_>) -> RejectionBody {
    let constants = match refused.own {
        Own::Guard(kind, words) => return RejectionBody::of(kind, words),
        Own::Endpoint(constants) => Some(constants),
        Own::OAuth => None,
    };
    let body = ErrorBody {
        constants,
        error: refused.code,
        field: refused.field(),
        error_description: refused.description(),
    };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    RejectionBody::new("application/json", Bytes::from(body))
}

/// An error of an endpoint as it stands on the wire.
#[derive(Serialize)]
struct ErrorBody<'a, C: Serialize> {
    #[serde(flatten)]
    constants: Option<&'a C>,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
}
