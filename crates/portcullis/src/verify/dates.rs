//! What the dates of an acceptable token say.

use std::{fmt, time::Duration};

use super::{
    VerifyError,
    VerifyErrorKind::*,
    cache::Validity,
    claim_rules::{ClaimRules, Expiry},
    observer::{Check, Observer, Seen},
};
use crate::{claims::RegisteredClaims, time::Timestamp};

impl ClaimRules {
    pub(super) fn check_times(
        &self,
        claims: &RegisteredClaims<'_>,
        now: Timestamp,
        expiry: Expiry,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        let ahead = self.leeway.max(self.skew);
        let issued_at = claims.issued_at.map(|date| date.0);
        let expires_at = claims.expires_at.map(|date| date.0);
        let seen = |date, leeway| Seen::of(shown_date(date, now), shown_leeway(leeway));
        match expires_at {
            Some(end) => {
                let is_over = expiry == Expiry::Checked && now >= end.saturating_add(self.leeway);
                observer.require(Check::Expiry, !is_over, Expired, || {
                    seen(expires_at, self.leeway)
                })?;
            }
            None => {
                let result = match self.lists_application_tokens || self.introspected {
                    true => Ok(()),
                    false => Err(VerifyError::new(NeverExpires)),
                };
                observer.observe(Check::Expiry, result, || Seen::found("none"))?;
            }
        }
        let not_before = claims.not_before.map(|date| date.0);
        let has_begun = not_before.is_none_or(|start| now >= start.saturating_sub(ahead));
        observer.require(Check::NotBefore, has_begun, NotYetValid, || {
            seen(not_before, ahead)
        })?;
        let is_issued = issued_at.is_none_or(|issued_at| issued_at <= now.saturating_add(ahead));
        observer.require(Check::IssuedAt, is_issued, IssuedInFuture, || {
            seen(issued_at, ahead)
        })?;
        if let Some(max_age) = self.max_age {
            let result = self.check_age(issued_at, max_age, now);
            observer.observe(Check::Age, result, || {
                Seen::of(
                    shown_date(issued_at, now),
                    format!("at most {} ago", Span(max_age)),
                )
            })?;
        }
        if let Some(max_lifetime) = self.max_lifetime {
            let result = check_lifetime(issued_at, expires_at, max_lifetime);
            observer.observe(Check::Lifetime, result, || {
                let life = issued_at.zip(expires_at);
                let life = life.map(|(start, end)| end.saturating_duration_since(start));
                let life = life.map_or_else(|| "none".into(), |life| Span(life).to_string());
                Seen::of(life, format!("at most {}", Span(max_lifetime)))
            })?;
        }
        Ok(())
    }

    fn check_age(
        &self,
        issued_at: Option<Timestamp>,
        max_age: Duration,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let Some(issued_at) = issued_at else {
            return Err(VerifyError::with_detail(MissingClaim, "iat"));
        };
        let end = issued_at.saturating_add(max_age);
        match now > end.saturating_add(self.leeway) {
            true => Err(VerifyError::new(TooOld)),
            false => Ok(()),
        }
    }

    /// When [`check`](Self::check) has nothing against the dates of these
    /// claims, and what was read from them at `now` stays as it is; at its very
    /// edges there may be nothing against them either.
    pub(super) fn validity(&self, claims: &RegisteredClaims<'_>, now: Timestamp) -> Validity {
        let ahead = self.leeway.max(self.skew);
        let starts = [claims.not_before, claims.issued_at];
        let starts = starts.into_iter().flatten();
        let end = claims.expires_at.map(|date| date.0);
        let too_old = self.max_age.zip(claims.issued_at);
        let too_old = too_old.map(|(age, issued_at)| issued_at.0.saturating_add(age));
        let ends = [end, too_old].into_iter().flatten();
        let ends = ends.map(|end| end.saturating_add(self.leeway));
        let stale = claims.fresh.and_then(|fresh| fresh.ends_at());
        Validity {
            from: starts
                .map(|date| date.0.saturating_sub(ahead))
                .max()
                .unwrap_or(Timestamp::from_millis(i64::MIN)),
            until: ends
                .chain(stale.filter(|stale| now < *stale))
                .min()
                .unwrap_or(Timestamp::from_millis(i64::MAX)),
        }
    }
}

fn check_lifetime(
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    max_lifetime: Duration,
) -> Result<(), VerifyError> {
    let (Some(issued_at), Some(end)) = (issued_at, expires_at) else {
        return Err(VerifyError::with_detail(MissingClaim, "iat or exp"));
    };
    match end > issued_at.saturating_add(max_lifetime) {
        true => Err(VerifyError::new(LivesTooLong)),
        false => Ok(()),
    }
}

/// A date, and how far it is from now.
fn shown_date(date: Option<Timestamp>, now: Timestamp) -> String {
    let Some(date) = date else {
        return "none".to_owned();
    };
    let secs = date.as_secs();
    match date <= now {
        true => {
            let ago = Span(now.saturating_duration_since(date));
            format!("{secs}, {ago} ago by this clock")
        }
        false => {
            let ahead = Span(date.saturating_duration_since(now));
            format!("{secs}, in {ahead} by this clock")
        }
    }
}

fn shown_leeway(leeway: Duration) -> String {
    match leeway.is_zero() {
        true => "no leeway".to_owned(),
        false => format!("a leeway of {}", Span(leeway)),
    }
}

/// A length of time in one unit, rounded down.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [
            (86_400, "days"),
            (3_600, "hours"),
            (60, "minutes"),
            (1, "seconds"),
        ];
        let secs = self.0.as_secs();
        // Two of a unit, or it would say too little.
        let unit = UNITS.iter().find(|(length, _)| secs >= 2 * length);
        match unit {
            Some((length, name)) => write!(f, "{} {name}", secs / length),
            None => write!(f, "{} ms", self.0.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::verify::observer::Unobserved;

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        for (millis, expected) in [
            (0, "0 ms"),
            (1_999, "1999 ms"),
            (2_000, "2 seconds"),
            (119_999, "119 seconds"),
            (120_000, "2 minutes"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
        ] {
            assert_eq!(Span(Duration::from_millis(millis)).to_string(), expected);
        }
        let far = Timestamp::from_millis(i64::MAX);
        let shown = shown_date(Some(far), Timestamp::from_millis(i64::MIN));
        assert!(shown.ends_with("by this clock"), "{shown}");
    }

    proptest! {
        /// What is remembered is never accepted at a time at which it would be
        /// refused, and hardly ever refused.
        #[test]
        fn a_token_is_valid_when_its_times_are_good(
            (not_before, issued_at) in (proptest::option::of(0..100_i64), proptest::option::of(0..100_i64)),
            (expires_at, now) in (0..100_i64, 0..120_i64),
            (leeway, skew) in (0..5_u64, 0..5_u64),
            max_age in proptest::option::of(0..50_u64),
        ) {
            let rules = ClaimRules {
                leeway: Duration::from_secs(leeway),
                skew: Duration::from_secs(skew),
                max_age: max_age.map(Duration::from_secs),
                ..ClaimRules::default()
            };
            let now = Timestamp::from_secs(now);
            let date = |name: &str, at: Option<i64>| at.map(|at| format!(r#""{name}":{at}"#));
            let dates = [
                date("nbf", not_before),
                date("iat", issued_at),
                date("exp", Some(expires_at)),
            ];
            let dates: Vec<_> = dates.into_iter().flatten().collect();
            let json = format!("{{{}}}", dates.join(","));
            let claims = RegisteredClaims::parse(&json, &rules.names).unwrap();
            let accepted = rules
                .check_times(&claims, now, Expiry::Checked, &mut Unobserved)
                .is_ok();
            let validity = rules.validity(&claims, now);
            if validity.contains(now) && (max_age.is_none() || issued_at.is_some()) {
                prop_assert!(accepted);
            }
            if accepted {
                prop_assert!(validity.contains(now) || now == validity.until);
            }
        }
    }
}
