//! Requests at guards.

use std::time::Duration;

use behaviour::{
    client::Request,
    run::{Everywhere, block_on, exchange},
    site::{Guard, Handler, Site},
};
use portcullis::{
    cookies::SessionCookies,
    csrf::{CsrfKey, CsrfProtection},
    guard::Authenticator,
    jose::Algorithm,
    metrics::ALL,
    policy::Policy,
    time::Timestamp,
    verify::{KeySource, KeyTerms, KeysUnavailable, LiveKeys, MissingKey, TokenCache, Verifier},
};
use portcullis_testing::{
    keys,
    mint::{AUDIENCE, ISSUER, Mint, hostile},
};

use crate::recorded::{recorder, series};

const REQUESTS: &str = "portcullis_requests_total";
const LATER: &str = "portcullis_handler_refusals_total";

fn mint() -> Mint {
    Mint::with_key(keys::signing(Algorithm::HS256))
}

fn get(path: &str) -> Request {
    Request::new("GET", path)
}

/// Keys that come when somebody waits, or do not.
struct Source {
    keys: LiveKeys,
    will_come: bool,
}

impl KeySource for Source {
    fn keys(&self) -> &LiveKeys {
        &self.keys
    }

    fn missing(&self) -> MissingKey {
        let (keys, will_come) = (self.keys.clone(), self.will_come);
        MissingKey::Wait(Box::pin(async move {
            tokio::task::yield_now().await;
            if !will_come {
                return Err(KeysUnavailable {
                    retry_after: Duration::from_secs(1),
                });
            }
            let terms = KeyTerms {
                settled_until: Timestamp::from_millis(i64::MIN),
                good_until: Timestamp::from_millis(i64::MAX),
            };
            keys.publish(mint().keys(), terms);
            Ok(())
        }))
    }
}

fn site() -> Site {
    let guard = || Authenticator::new(mint().verifier());
    let scope = || Policy::scope("read").unwrap();
    let csrf = CsrfProtection::new(CsrfKey::generate().unwrap());
    let asking = |will_come| {
        let keys = LiveKeys::new(&[Algorithm::HS256]);
        let verifier = Verifier::builder()
            .keys_from(Source { keys, will_come })
            .issuer(ISSUER)
            .audience(AUDIENCE);
        Authenticator::new(verifier.build().unwrap())
    };
    Site::new()
        .route("/layer", guard(), Handler::Claims)
        .route("/own", Guard::extractor(guard()), Handler::Claims)
        .route("/maybe", guard().optional(), Handler::Maybe)
        .route("/wanted", guard().optional(), Handler::Claims)
        .route("/scope", guard().require(scope()), Handler::Claims)
        .route("/fresh", guard().require(Policy::fresh()), Handler::Claims)
        .route("/typed", guard(), Handler::Typed)
        .route("/scoped", guard(), Handler::Scoped)
        .route("/inner", Guard::inner(guard(), scope()), Handler::Claims)
        .route(
            "/inner/asks",
            Guard::inner(guard(), asking_for("alice")),
            Handler::Claims,
        )
        .route("/bare", Guard::Nothing, Handler::Claims)
        .route("/keys/come", asking(true).require(scope()), Handler::Claims)
        .route("/keys/away", asking(false), Handler::Claims)
        .route(
            "/page",
            guard().session_cookies(&SessionCookies::new(csrf)),
            Handler::Claims,
        )
}

/// Asks somebody whether it is this one.
fn asking_for(name: &'static str) -> Policy {
    Policy::ask(async move |token| {
        tokio::task::yield_now().await;
        Ok(token.subject_name() == Some(name))
    })
}

/// A request, how it is counted at the guard, if it comes to one, and how afterwards.
type Counted = (
    &'static str,
    Request,
    Option<(&'static str, &'static str)>,
    Option<&'static str>,
);

fn cases() -> Vec<Counted> {
    let token = || mint().token("alice");
    let good = || token().bearer();
    let accepted = Some(("accepted", "none"));
    let refused = |reason| Some(("refused", reason));
    let other_key = keys::signing(Algorithm::ES256).with_key_id("strange");
    let by = |name, path: &str, value: String, counted, later| {
        (name, get(path).authorization(value), counted, later)
    };
    vec![
        by("good", "/layer", good(), accepted, None),
        by("good, by an extractor", "/own", good(), accepted, None),
        by("good and optional", "/maybe", good(), accepted, None),
        ("nobody", get("/maybe"), Some(("anonymous", "none")), None),
        (
            "missing",
            get("/layer"),
            refused("missing_credentials"),
            None,
        ),
        (
            "missing, by an extractor",
            get("/own"),
            refused("missing_credentials"),
            None,
        ),
        (
            "missing, where a handler wants them",
            get("/wanted"),
            Some(("anonymous", "none")),
            Some("missing_credentials"),
        ),
        by(
            "malformed",
            "/layer",
            "Bearer".into(),
            refused("malformed_credentials"),
            None,
        ),
        (
            "repeated",
            get("/layer").authorization(good()).authorization(good()),
            refused("repeated_credentials"),
            None,
        ),
        by(
            "garbage",
            "/layer",
            "Bearer garbage".into(),
            refused("malformed"),
            None,
        ),
        by(
            "expired",
            "/layer",
            token().expired().bearer(),
            refused("expired"),
            None,
        ),
        by(
            "forged",
            "/layer",
            token().forged_by(&keys::signing(Algorithm::HS512)).bearer(),
            refused("bad_signature"),
            None,
        ),
        by(
            "unknown key",
            "/own",
            token().signed_by(&other_key).bearer(),
            refused("unknown_key"),
            None,
        ),
        by(
            "audience",
            "/layer",
            token().audience("nobody").bearer(),
            refused("wrong_audience"),
            None,
        ),
        by("no scope", "/scope", good(), refused("scope_missing"), None),
        by(
            "scope",
            "/scope",
            token().claim("scope", "read").bearer(),
            accepted,
            None,
        ),
        by("not fresh", "/fresh", good(), refused("not_fresh"), None),
        by(
            "form",
            "/typed",
            good(),
            accepted,
            Some("wrong_claims_form"),
        ),
        by(
            "no scope, by an extractor",
            "/scoped",
            good(),
            accepted,
            Some("scope_missing"),
        ),
        by(
            "no scope, by an inner policy",
            "/inner",
            good(),
            accepted,
            Some("scope_missing"),
        ),
        by(
            "good for an inner policy that asks",
            "/inner/asks",
            good(),
            accepted,
            None,
        ),
        by(
            "refused by an inner policy that asks",
            "/inner/asks",
            mint().token("bob").bearer(),
            accepted,
            Some("answer_was_no"),
        ),
        by("no layer", "/bare", good(), None, Some("missing_layer")),
        by(
            "keys that are away",
            "/keys/away",
            good(),
            Some(("unavailable", "keys_unavailable")),
            None,
        ),
        by(
            "keys that come",
            "/keys/come",
            token().claim("scope", "read").bearer(),
            accepted,
            None,
        ),
        by(
            "keys that came, no scope",
            "/keys/come",
            good(),
            refused("scope_missing"),
            None,
        ),
        (
            "another origin",
            Request::new("POST", "/page")
                .field("Cookie", format!("__Host-access_token={}", token().build()))
                .field("Sec-Fetch-Site", "cross-site"),
            refused("foreign_origin"),
            None,
        ),
    ]
}

#[test]
fn every_request_is_counted_once() {
    let recorder = recorder();
    let everywhere = Everywhere::serve(&site());
    let mut wrong = Vec::new();
    block_on(async {
        for (name, request, at_guard, later) in cases() {
            for server in everywhere.servers() {
                let before = recorder.series();
                exchange(server, &request).await;
                let expected = at_guard.map(|(outcome, reason)| {
                    format!("{REQUESTS} outcome={outcome} reason={reason}")
                });
                let expected = series(expected.as_deref().map(|series| (series, 1.0)));
                let later = later.map(|reason| format!("{LATER} reason={reason}"));
                let later = series(later.as_deref().map(|series| (series, 1.0)));
                let (found, after) = (
                    recorder.growth(&before, REQUESTS),
                    recorder.growth(&before, LATER),
                );
                if (&found, &after) != (&expected, &later) {
                    wrong.push(format!(
                        "{name} on {}: {found:?}, {after:?}, not {expected:?}, {later:?}",
                        server.name
                    ));
                }
            }
        }
    });
    drop(everywhere);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whatever is sent, there are no more series, and each is one that is declared.
#[test]
fn nothing_that_was_sent_is_in_a_label() {
    let recorder = recorder();
    let everywhere = Everywhere::serve(&site());
    let strange = keys::signing(Algorithm::ES256).with_key_id("canary-kid");
    let marked = || {
        mint()
            .token("canary-subject")
            .claim("jti", "canary-jti")
            .claim("sid", "canary-sid")
            .claim("scope", "canary-scope")
    };
    let mut tokens = vec![
        marked().bearer(),
        marked().claim("iss", "https://canary-issuer.test").bearer(),
        marked().audience("canary-audience").bearer(),
        marked().signed_by(&strange).bearer(),
        marked().header("typ", "canary-typ").bearer(),
        "Bearer canary-garbage".to_owned(),
    ];
    tokens.extend(
        hostile::tokens(&mint())
            .iter()
            .map(|hostile| hostile.bearer()),
    );
    block_on(async {
        for server in everywhere.servers() {
            for token in &tokens {
                for path in ["/layer?canary-query", "/own", "/scope", "/typed", "/scoped"] {
                    let request = get(path)
                        .authorization(token)
                        .field("User-Agent", "canary-agent");
                    exchange(server, &request).await;
                }
            }
        }
    });
    drop(everywhere);
    let text = recorder.text();
    assert!(!text.contains("canary"), "{text}");
    let own = recorder.series().into_keys();
    let own: Vec<_> = own.filter(|it| it.starts_with("portcullis_")).collect();
    assert!(own.len() > 20, "{own:?}");
    for series in own {
        let (name, labels) = series.split_once('{').unwrap_or((&series, ""));
        let name = name
            .strip_suffix("_sum")
            .or(name.strip_suffix("_count"))
            .unwrap_or(name);
        let metric = ALL.iter().find(|metric| metric.name() == name);
        let metric = metric.unwrap_or_else(|| panic!("`{name}` is not declared"));
        let labels: Vec<_> = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty() && !label.starts_with("quantile="))
            .map(|label| label.split_once('=').unwrap())
            .collect();
        let names: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, metric.labels(), "{series}");
        for (_, value) in labels {
            let value = value.trim_matches('"');
            let is_plain = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(is_plain && !value.is_empty(), "{series}");
        }
    }
}

#[test]
fn look_ups_of_remembered_tokens_are_counted() {
    const LOOKUPS: &str = "portcullis_token_cache_lookups_total";
    let recorder = recorder();
    let before = recorder.series();
    let clock = portcullis_testing::clock::FakeClock::new();
    let mint = Mint::with_key(keys::signing(Algorithm::ES256))
        .clock(clock.shared())
        .ttl(Duration::from_secs(60));
    let verifier = mint
        .verifier_builder()
        .cache(TokenCache::new())
        .build()
        .unwrap();
    let [first, second] = ["alice", "bob"].map(|name| mint.token(name).build());
    let forged = mint
        .token("mallory")
        .forged_by(&keys::signing(Algorithm::ES256))
        .build();
    let forged = format!("{}AAAAAAAA", &forged[..forged.len() - 8]);
    for token in [&first, &second, &first, &first] {
        verifier.verify_now(token.as_bytes()).unwrap();
    }
    for _ in 0..3 {
        verifier.verify_now(forged.as_bytes()).unwrap_err();
    }
    let grown = |metric| recorder.growth(&before, metric);
    let expected = [
        ("portcullis_token_cache_lookups_total result=hit", 2.0),
        ("portcullis_token_cache_lookups_total result=miss", 3.0),
        ("portcullis_token_cache_lookups_total result=forged", 2.0),
    ];
    assert_eq!(grown(LOOKUPS), series(expected));
    let tokens = "portcullis_token_cache_tokens";
    assert_eq!(grown(tokens), series([(tokens, 2.0)]));
    assert!(grown("portcullis_token_cache_bytes").values().sum::<f64>() > 200.0);

    let before = recorder.series();
    clock.advance(Duration::from_secs(3600));
    verifier.verify_now(first.as_bytes()).unwrap_err();
    let expired = [("portcullis_token_cache_lookups_total result=miss", 1.0)];
    assert_eq!(recorder.growth(&before, LOOKUPS), series(expired));
    // With the verifier goes what it remembered.
    drop(verifier);
    assert_eq!(recorder.value(tokens), 0.0);
    assert_eq!(recorder.value("portcullis_token_cache_bytes"), 0.0);
}

#[test]
fn what_had_to_make_room_is_counted() {
    const EVICTIONS: &str = "portcullis_token_cache_evictions_total";
    let recorder = recorder();
    let before = recorder.series();
    let mint = Mint::with_key(keys::signing(Algorithm::ES256));
    let small = TokenCache::new().max_bytes(64 * 1024);
    let verifier = mint.verifier_builder().cache(small).build().unwrap();
    for number in 0..200 {
        let token = mint.token(&number.to_string()).build();
        verifier.verify_now(token.as_bytes()).unwrap();
    }
    let evicted: f64 = recorder.growth(&before, EVICTIONS).values().sum();
    assert_eq!(
        evicted + recorder.value("portcullis_token_cache_tokens"),
        200.0
    );
    assert!(evicted > 0.0);
}
