//! Headers and what they say of time.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AGE, CACHE_CONTROL, DATE, EXPIRES, RETRY_AFTER},
};
use portcullis::time::Timestamp;
use proptest::prelude::*;

use super::{LONGEST, SHORTEST, fresh_for, retry_after};

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn secs(fields: &[(&str, &str)]) -> u64 {
    fresh_for(&headers(fields)).as_secs()
}

#[test]
fn without_a_word_it_is_ten_minutes() {
    assert_eq!(secs(&[]), 600);
    for value in [
        "",
        ",",
        "no-cache",
        "no-store",
        "NO-CACHE",
        "public, no-store, max-age=86400",
        // Spring, Keycloak.
        "no-cache, no-store, max-age=0, must-revalidate",
        "no-cache=, max-age",
        "public",
        "max-age",
        "max-age=",
        "max-age=\"\"",
        "max-age=soon",
        "max-age=-1",
        "max-age=+60",
        "max-age=1.5",
        "max-age=60s",
        "s-maxage=60",
        "x-max-age=60",
        "x=\"max-age=60\"",
        "x=\"y, max-age=60\"",
        "x=\"\\\", max-age=60",
    ] {
        assert_eq!(secs(&[("cache-control", value)]), 600, "{value}");
    }
}

#[test]
fn max_age_counts_within_bounds() {
    for (value, expected) in [
        ("max-age=0", 30),
        ("max-age=29", 30),
        ("max-age=31", 31),
        ("max-age=300", 300),
        ("max-age=3600", 3600),
        ("max-age=3601", 3600),
        ("max-age=86400", 3600),
        ("max-age=99999999999999999999999", 3600),
        ("Max-Age=300", 300),
        ("max-age=\"300\"", 300),
        ("max-age=\"3\\00\"", 300),
        ("public,max-age=300,must-revalidate", 300),
        (" , public ,\tmax-age = 300 , x", 300),
        ("max-age=300;x", 600),
        // Others' extensions may have commas and quotes in quotes.
        ("x=\"a, no-store, \\\" b\", max-age=300", 300),
        // About some fields only.
        ("no-cache=\"set-cookie\", max-age=300", 300),
        ("private=\"x-y\", max-age=300", 300),
        // Twice: the shorter.
        ("max-age=300, max-age=60", 60),
        ("max-age=60, max-age=300", 60),
        ("max-age=nonsense, max-age=300", 300),
    ] {
        assert_eq!(secs(&[("cache-control", value)]), expected, "{value}");
    }
}

#[test]
fn lines_of_a_field_are_one_list() {
    let both = [
        ("cache-control", "public"),
        ("cache-control", "max-age=120"),
    ];
    assert_eq!(secs(&both), 120);
    let forbidden = [
        ("cache-control", "max-age=120"),
        ("cache-control", "no-store"),
    ];
    assert_eq!(secs(&forbidden), 600);
}

#[test]
fn age_is_taken_off() {
    let aged = |age| secs(&[("cache-control", "max-age=900"), ("age", age)]);
    assert_eq!(aged("0"), 900);
    assert_eq!(aged("300"), 600);
    assert_eq!(aged("899"), 30);
    assert_eq!(aged("5000"), 30);
    assert_eq!(aged("300, 800"), 600);
    assert_eq!(aged("nonsense"), 900);
    assert_eq!(aged("-5"), 900);
    // From a shared cache that keeps it for longer than an hour.
    let old = [("cache-control", "max-age=86400"), ("age", "84600")];
    assert_eq!(secs(&old), 1800);
}

#[test]
fn an_expiry_counts_where_no_max_age_does() {
    const SENT: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    const ENDS: (&str, &str) = ("expires", "Sun, 06 Nov 1994 08:59:38 GMT");
    assert_eq!(secs(&[SENT, ENDS]), 601);
    assert_eq!(secs(&[SENT, ENDS, ("age", "500")]), 101);
    assert_eq!(secs(&[SENT, ENDS, ("cache-control", "max-age=60")]), 60);
    assert_eq!(secs(&[SENT, ENDS, ("cache-control", "no-cache")]), 600);
    assert_eq!(secs(&[SENT, ("expires", "0")]), 600);
    assert_eq!(secs(&[SENT, ("expires", SENT.1)]), 600);
    // By whose clock?
    assert_eq!(secs(&[ENDS]), 600);
}

#[test]
fn retrying_is_in_seconds_or_at_a_date() {
    let now = Timestamp::from_secs(784_111_777);
    let wait =
        |fields: &[(&str, &str)]| retry_after(&headers(fields), now).map(|delay| delay.as_secs());
    assert_eq!(wait(&[]), None);
    assert_eq!(wait(&[("retry-after", "120")]), Some(120));
    assert_eq!(wait(&[("retry-after", "0")]), Some(0));
    assert_eq!(wait(&[("retry-after", "-1")]), None);
    assert_eq!(wait(&[("retry-after", "soon")]), None);
    assert_eq!(
        wait(&[("retry-after", "99999999999999")]),
        Some(u32::MAX.into())
    );
    let at = ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT");
    assert_eq!(wait(&[at]), Some(60));
    // A clock that is off by an hour is off in both.
    let hour_early = [
        ("date", "Sun, 06 Nov 1994 07:49:37 GMT"),
        ("retry-after", "Sun, 06 Nov 1994 07:50:07 GMT"),
    ];
    assert_eq!(wait(&hour_early), Some(30));
    let past = ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT");
    assert_eq!(wait(&[past]), Some(0));
    // The older forms (RFC 9110 section 5.6.7).
    let asctime = ("retry-after", "Sun Nov  6 08:50:37 1994");
    assert_eq!(wait(&[asctime]), Some(60));
}

proptest! {
    #[test]
    fn an_answer_is_always_good_for_a_sensible_time(
        lines in proptest::collection::vec("[ -~]{0,40}|(max-age|no-cache|public)(=\"?[0-9]{0,4}\"?)?(, ?x)?", 0..4),
        age in proptest::option::of("[0-9]{0,30}"),
    ) {
        let mut map = HeaderMap::new();
        for line in &lines {
            map.append(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
        }
        if let Some(age) = &age {
            map.insert(AGE, HeaderValue::from_str(age).unwrap());
        }
        let time = fresh_for(&map);
        prop_assert!((SHORTEST..=LONGEST).contains(&time), "{time:?}");
    }

    #[test]
    fn every_byte_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else {
            return Ok(());
        };
        let map: HeaderMap = [CACHE_CONTROL, AGE, EXPIRES, DATE, RETRY_AFTER]
            .map(|name| (name, value.clone()))
            .into_iter()
            .collect();
        let time = fresh_for(&map);
        prop_assert!((SHORTEST..=LONGEST).contains(&time));
        let _ = retry_after(&map, Timestamp::from_secs(0));
    }

    #[test]
    fn quoting_splitting_and_letters_change_nothing(
        max_age in 0_u32..100_000,
        is_quoted: bool,
        is_upper: bool,
        is_split: bool,
    ) {
        let name = if is_upper { "MAX-AGE" } else { "max-age" };
        let directive = match is_quoted {
            true => format!("{name}=\"{max_age}\""),
            false => format!("{name}={max_age}"),
        };
        let fields = match is_split {
            true => headers(&[("cache-control", "public"), ("cache-control", &directive)]),
            false => headers(&[("cache-control", &format!("public, {directive}"))]),
        };
        prop_assert_eq!(fresh_for(&fields).as_secs(), u64::from(max_age).clamp(30, 3600));
    }
}
