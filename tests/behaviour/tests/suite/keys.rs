//! Keys that change, and issuers that have to be asked for them.

use std::{sync::OnceLock, task::Poll, time::Duration};

use behaviour::{
    case::{Case, Expected, insufficient_role, invalid_token, passes, status},
    client::Request,
    run::Everywhere,
    site::{Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    jose::{Algorithm, KeySet, SigningKey},
    policy::Policy,
    time::Timestamp,
    verify::{KeySource, KeyTerms, KeysUnavailable, LiveKeys, MissingKey, TokenCache, Verifier},
};
use portcullis_testing::{
    clock::FakeClock,
    keys::signing,
    mint::{AUDIENCE, ISSUER},
};

use crate::protected::{get, mint, private, token, with_cache};

/// A source without keys, that answers in one way.
struct Source {
    keys: LiveKeys,
    answer: Answer,
}

#[derive(Clone, Copy)]
enum Answer {
    Absent,
    Down,
    /// The keys are there a little later.
    Later,
    /// And then they are not.
    LaterDown,
}

impl KeySource for Source {
    fn keys(&self) -> &LiveKeys {
        &self.keys
    }

    fn missing(&self) -> MissingKey {
        let down = |secs| KeysUnavailable {
            retry_after: Duration::from_secs(secs),
        };
        let keys = self.keys.clone();
        match self.answer {
            Answer::Absent => MissingKey::Absent,
            Answer::Down => MissingKey::Unavailable(down(7)),
            Answer::Later => MissingKey::Wait(Box::pin(async move {
                a_moment().await;
                publish(&keys, mint().keys());
                Ok(())
            })),
            Answer::LaterDown => MissingKey::Wait(Box::pin(async move {
                a_moment().await;
                Err(down(3))
            })),
        }
    }
}

/// For ever, but not settled.
fn publish(keys: &LiveKeys, set: KeySet) {
    let terms = KeyTerms {
        settled_until: Timestamp::from_secs(0),
        good_until: Timestamp::from_secs(i64::MAX),
    };
    keys.publish(set, terms);
}

async fn a_moment() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let guard = |answer, set: Option<KeySet>| {
        let keys = LiveKeys::new(Algorithm::ALL);
        if let Some(set) = set {
            publish(&keys, set);
        }
        let source = Source {
            keys: keys.clone(),
            answer,
        };
        let builder = Verifier::builder()
            .keys_from(source)
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .clock(FakeClock::new().shared())
            // Every request finds the keys gone.
            .check(move |_| {
                keys.withdraw();
                Ok(())
            });
        Authenticator::new(with_cache(builder, &cache).build().unwrap())
    };
    let stranger = || Some(KeySet::from(signing(Algorithm::RS256).verifying_key()));
    let get_only =
        || Policy::request(|_, head| head.method() == "GET" && head.values("x").len() == 1);
    Site::new()
        .route(
            "/absent",
            guard(Answer::Absent, stranger()),
            Handler::Claims,
        )
        .route("/down", guard(Answer::Down, None), Handler::Claims)
        .route("/later", guard(Answer::Later, None), Handler::Claims)
        .route(
            "/maybe",
            guard(Answer::Later, None).optional(),
            Handler::Maybe,
        )
        .route(
            "/later-down",
            guard(Answer::LaterDown, None),
            Handler::Claims,
        )
        .route("/echo", guard(Answer::Later, None), Handler::Echo)
        .route(
            "/read",
            guard(Answer::Later, None).require(Policy::scope("read").unwrap()),
            Handler::Claims,
        )
        .route(
            "/get",
            private(guard(Answer::Later, None)).require(get_only()),
            Handler::Claims,
        )
}

/// One table, so that one request at a time finds the keys gone.
#[test]
fn what_becomes_of_tokens_whose_key_is_missing() {
    let good = |path: &str| get(path).authorization(token().bearer());
    let expired = |path: &str| get(path).authorization(token().expired().bearer());
    let down = |secs: &str| {
        let down = status(503).error("temporarily_unavailable");
        down.reason("KeysUnavailable").field("retry-after", secs)
    };
    let private = |expected: Expected| expected.field("cache-control", "private");
    let marked = |method: &str, marks: usize| {
        let request = Request::new(method, "/get").authorization(token().bearer());
        (0..marks).fold(request, |request, _| request.field("x", "1"))
    };
    let refused = || private(insufficient_role().reason("RequestRefused"));
    everywhere().run(&[
        Case::new(
            "nobody has it",
            good("/absent"),
            invalid_token().reason("UnknownKey"),
        ),
        Case::new("down", good("/down"), down("7")),
        Case::new(
            "down, bad anyway",
            expired("/down"),
            invalid_token().reason("Expired"),
        ),
        Case::new("down later", good("/later-down"), down("3")),
        Case::new("later", good("/later"), passes()),
        Case::new("later again", good("/later"), passes()),
        Case::new(
            "later, bad anyway",
            expired("/later"),
            invalid_token().reason("Expired"),
        ),
        Case::new(
            "later, forged",
            get("/later").authorization(
                token()
                    .forged_by(&SigningKey::generate(Algorithm::ES256).unwrap())
                    .bearer(),
            ),
            invalid_token().reason("BadSignature"),
        ),
        Case::new("optional", good("/maybe"), status(200)),
        Case::new(
            "the body waits",
            Request::new("POST", "/echo")
                .authorization(token().bearer())
                .body("text/plain", "the body"),
            status(200).body("the body"),
        ),
        Case::new(
            "a policy",
            good("/read"),
            behaviour::case::insufficient_scope("read"),
        ),
        Case::new(
            "a rule about the request",
            marked("GET", 1),
            private(passes()),
        ),
        Case::new("another method", marked("POST", 1), refused()),
        Case::new("no field", marked("GET", 0), refused()),
        Case::new("two fields", marked("GET", 2), refused()),
    ]);
}
