//! Judging tokens by what their issuer answers (RFC 7662).

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;

use super::{
    IntrospectTokens, Introspection, PendingVerification, Verification, Verified, VerifyError,
    VerifyErrorKind::{
        Inactive, IntrospectionUnavailable, Malformed, SenderConstrained, TooLarge, WrongKind,
    },
    claim_rules::Expiry,
    observer::{Check, Observer, Seen, Unobserved},
    profile::Profile,
    shown::Shown,
};
use crate::{claims::RegisteredClaims, head::is_b64token, time::Clock};

/// One issuer's tokens, about which it is asked.
pub(super) struct Introspecting {
    pub(super) profile: Profile,
    source: Arc<dyn IntrospectTokens>,
}

impl Introspecting {
    /// Of a profile whose issuer is asked, at `source`.
    pub(super) fn new(profile: Profile, source: Arc<dyn IntrospectTokens>) -> Self {
        Self { profile, source }
    }

    /// Asks about a token, of which nothing is known.
    pub(super) fn verify<O: Observer>(
        self: &Arc<Self>,
        token: &[u8],
        observer: &mut O,
    ) -> Verification {
        observer.plan(|| vec![Check::Size, Check::Form, Check::Introspection]);
        let asked = self.look_at(token, observer).and_then(|token| {
            observer.settle()?;
            Ok(token)
        });
        match asked {
            Err(error) => Verification::Done(Err(error)),
            Ok(_) if O::LOOKS => {
                observer.unasked(Check::Introspection, Seen::nothing);
                Verification::Pending(PendingVerification::unasked(IntrospectionUnavailable))
            }
            Ok(token) => self.judge(self.source.introspect(token)),
        }
    }

    /// Nothing but what has the form of a token is ever sent to anybody.
    fn look_at<'t>(
        &self,
        token: &'t [u8],
        observer: &mut impl Observer,
    ) -> Result<&'t str, VerifyError> {
        let is_small = token.len() <= self.profile.limits.token;
        let result = match is_small {
            true => Ok(()),
            false => Err(VerifyError::new(TooLarge)),
        };
        observer.observe(Check::Size, result, || {
            let configured = format!("at most {}", self.profile.limits.token);
            Seen::of(format!("{} bytes", token.len()), configured)
        })?;
        let text = str::from_utf8(token).ok().filter(|_| is_b64token(token));
        match text {
            Some(token) => {
                observer.observe(Check::Form, Ok(()), Seen::nothing)?;
                Ok(token)
            }
            None => {
                let detail = "not the characters of a Bearer token";
                let error = VerifyError::with_detail(Malformed, detail);
                Err(observer.failed(Check::Form, error, Seen::nothing))
            }
        }
    }

    fn judge(self: &Arc<Self>, answer: Introspection) -> Verification {
        let json = match answer {
            Introspection::Active(json) => json,
            Introspection::Inactive => {
                return Verification::Done(Err(VerifyError::new(Inactive)));
            }
            Introspection::Unavailable(unavailable) => {
                let error = VerifyError::introspection_unavailable(unavailable);
                return Verification::Done(Err(error));
            }
            Introspection::Pending(answer) => {
                let this = Arc::clone(self);
                return Verification::Pending(PendingVerification::for_answer(async move {
                    this.judge(answer.await)
                }));
            }
        };
        match self.read(&json) {
            Ok(verified) => self.profile.conclude(verified, &mut Unobserved),
            Err(error) => Verification::Done(Err(error)),
        }
    }

    /// The same rules as for signed claims, which an issuer's answer stands for.
    fn read(&self, json: &str) -> Result<Verified, VerifyError> {
        let rules = &self.profile.claims;
        let mut claims = RegisteredClaims::parse(json, &rules.names)
            .map_err(|detail| VerifyError::with_detail(Malformed, detail))?;
        let now = self.profile.clock.now();
        rules.check(json, &claims, now, Expiry::Checked, &mut Unobserved)?;
        check_kind(json, claims.confirmation.is_some())?;
        let mut token = {
            self.profile.name_issuer(&mut claims);
            self.profile.keep(json, &claims, now)
        };
        token.introspected = true;
        Ok(Verified::own(token))
    }
}

/// What kind of token it is, by the members that tell: issuers answer about
/// refresh tokens as well.
fn check_kind(json: &str, is_bound: bool) -> Result<(), VerifyError> {
    let kind: Kind<'_> = serde_json::from_str(json).map_err(|_| {
        VerifyError::with_detail(Malformed, "`token_type` or `token_use` is not a text")
    })?;
    let refuse = |name: &str, found: &str| {
        let detail = format!("`{name}` is {}", Shown(found));
        Err(VerifyError::with_detail(WrongKind, detail))
    };
    if let Some(found) = kind.token_type.as_deref()
        && !found.eq_ignore_ascii_case("Bearer")
    {
        // Bound tokens are judged by their `cnf`, which these lack.
        if !["DPoP", "PoP"]
            .iter()
            .any(|it| found.eq_ignore_ascii_case(it))
        {
            return refuse("token_type", found);
        }
        if !is_bound {
            let detail = format!("`token_type` is {}, and there is no `cnf`", Shown(found));
            return Err(VerifyError::with_detail(SenderConstrained, detail));
        }
    }
    match kind.token_use.as_deref() {
        None | Some("access" | "access_token") => Ok(()),
        Some(found) => refuse("token_use", found),
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    /// RFC 7662 section 2.2.
    #[serde(borrow, default)]
    token_type: Option<Cow<'a, str>>,
    /// What Ory Hydra and others have.
    #[serde(borrow, default)]
    token_use: Option<Cow<'a, str>>,
}
