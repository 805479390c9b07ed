//! How long an answer is good, as its headers say.

use std::time::Duration;

use http::{
    HeaderMap,
    header::{AGE, DATE, EXPIRES, HeaderName, RETRY_AFTER},
};
use portcullis::time::Timestamp;

use super::cache_control::{CacheControl, delta_seconds};

/// For answers that do not say it, or say that they must not be kept: verifying
/// needs keys that are kept.
pub(crate) const UNSAID: Duration = Duration::from_secs(600);

/// An answer is good for at least this long.
pub(crate) const SHORTEST: Duration = Duration::from_secs(30);

/// An answer is good for at most this long.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);

/// How long the answer with these headers is good, from now on.
///
/// `max-age` less `Age` counts (RFC 9111 section 4.2), else `Expires` less `Date`;
/// within [`SHORTEST`] and [`LONGEST`]. With `no-cache` or `no-store`, whatever
/// stands beside them, or with nothing, it is [`UNSAID`].
pub(crate) fn fresh_for(headers: &HeaderMap) -> Duration {
    let cache_control = CacheControl::read(headers);
    if cache_control.forbids {
        return UNSAID;
    }
    let Some(lifetime) = cache_control.max_age.or_else(|| until_expiry(headers)) else {
        return UNSAID;
    };
    lifetime
        .saturating_sub(age(headers))
        .clamp(SHORTEST, LONGEST)
}

/// How long from `now` on the other side asks to be left alone (RFC 9110 section
/// 10.2.3): seconds, or a date by the other side's clock.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER)?;
    if let Some(delay) = delta_seconds(text) {
        return Some(delay);
    }
    let from = date(headers, DATE).unwrap_or(now);
    Some(parse_date(text)?.saturating_duration_since(from))
}

/// `None` too of what expired already: "0" is how `no-cache` was said of old.
fn until_expiry(headers: &HeaderMap) -> Option<Duration> {
    let lifetime = date(headers, EXPIRES)?.saturating_duration_since(date(headers, DATE)?);
    (!lifetime.is_zero()).then_some(lifetime)
}

fn age(headers: &HeaderMap) -> Duration {
    // Of a list the first counts (RFC 9111 section 5.1).
    text(headers, AGE)
        .and_then(|text| delta_seconds(text.split(',').next()?.trim()))
        .unwrap_or_default()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    parse_date(text(headers, name)?)
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text).ok()?;
    let since_epoch = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(
        i64::try_from(since_epoch.as_secs()).ok()?,
    ))
}
