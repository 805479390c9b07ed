//! Providers that tell of log-outs (OpenID Connect Back-Channel Logout 1.0).

use behaviour::{
    answer::Answer,
    apps::Server,
    backend::Backend,
    client::Request,
    run::{Everywhere, block_on, exchange},
    site::{Handler, Site},
};
use portcullis::{
    challenge::RefusalFormat,
    endpoint::{Endpoints, EndpointsBuilder, SessionApi},
    guard::Authenticator,
    jose::Algorithm,
    session::Revocations,
    verify::{LogoutVerifier, Verifier},
};
use portcullis_testing::{
    clock::FakeClock,
    faulty::Fault,
    keys,
    mint::{Draft, Mint},
};
use serde_json::{Value, json};

const PATH: &str = "/backchannel-logout";
const CLIENT: &str = "client-1";

/// Two providers whose sessions may have the same ids.
struct Providers {
    one: Mint,
    two: Mint,
    clock: FakeClock,
}

impl Providers {
    fn of(backend: &Backend) -> Self {
        let mint = |algorithm, name: &str| {
            Mint::with_key(keys::signing(algorithm))
                .issuer(name)
                .clock(backend.clock.shared())
        };
        Self {
            one: mint(Algorithm::ES256, "https://one.test"),
            two: mint(Algorithm::ES384, "https://two.test"),
            clock: backend.clock.clone(),
        }
    }

    fn logout_verifier(&self) -> LogoutVerifier {
        let of = |mint: &Mint, name: &str| {
            Verifier::builder()
                .keys(mint.keys())
                .issuer(name)
                .audience(CLIENT)
                .clock(self.clock.shared())
                .build_for_logout()
                .unwrap()
        };
        LogoutVerifier::combine([
            of(&self.one, "https://one.test"),
            of(&self.two, "https://two.test"),
        ])
        .unwrap()
    }

    fn guard(&self, revocations: &Revocations) -> Authenticator {
        let of = |mint: &Mint| {
            let builder = mint.verifier_builder().status(revocations.clone());
            builder.build().unwrap()
        };
        Verifier::combine([of(&self.one), of(&self.two)])
            .unwrap()
            .into()
    }

    /// A service with sessions of its own.
    fn serve(&self, backend: &Backend) -> Everywhere {
        let builder = Endpoints::builder(backend.people.clone())
            .session_api(SessionApi::new(backend.session.clone()));
        self.serve_with(backend, builder)
    }

    fn serve_with(&self, backend: &Backend, builder: EndpointsBuilder) -> Everywhere {
        let revocations = backend.session.revocations().clone();
        let endpoints = builder
            .backchannel_logout(PATH, self.logout_verifier(), revocations.clone())
            .build()
            .unwrap();
        let site = Site::new()
            .route("/me", self.guard(&revocations), Handler::Claims)
            .endpoints(endpoints);
        Everywhere::serve(&site)
    }
}

fn in_session(mint: &Mint, id: &str) -> String {
    mint.token("alice").claim("sid", id).build()
}

fn logout(mint: &Mint, subject: &str) -> Draft {
    mint.logout_token(subject).audience(CLIENT)
}

async fn tell(server: &Server, token: &str) -> Answer {
    let form = format!("logout_token={token}");
    exchange(server, &Request::new("POST", PATH).form(&form)).await
}

async fn accepts(server: &Server, token: &str) -> bool {
    let answer = exchange(server, &Request::new("GET", "/me").bearer(token)).await;
    match answer.status {
        200 => true,
        401 => {
            let challenge = answer.field("www-authenticate").unwrap();
            assert!(challenge.contains("invalid_token"), "{answer:?}");
            false
        }
        _ => panic!("{answer:?}"),
    }
}

fn done(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    assert!(answer.body.is_empty());
}

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    assert_eq!(
        answer.field("content-type").as_deref(),
        Some("application/json")
    );
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["error"], error, "{answer:?}");
    assert!(answer.field("www-authenticate").is_none());
}

/// Plays a scene on each adapter, with two nodes of its own.
fn play(scene: impl AsyncFn(&Providers, [&Backend; 2], [&Server; 2])) {
    let first = Backend::new();
    let backends = [first.another_node(), first.another_node()];
    let providers = Providers::of(&first);
    let served = [0, 1].map(|node: usize| providers.serve(&backends[node]));
    block_on(async {
        let [one, two] = &served;
        for (one, two) in one.servers().iter().zip(two.servers()) {
            let [a, b] = &backends;
            a.sync().await;
            b.sync().await;
            scene(&providers, [a, b], [one, two]).await;
            // A log-out by subject reaches the tokens of its second, and of those
            // that clocks may differ by.
            a.clock.advance(std::time::Duration::from_secs(5));
        }
    });
}

#[test]
fn a_session_ends_on_every_node_and_no_others() {
    play(async |providers, [_, other], [here, there]| {
        let Providers { one, two, .. } = providers;
        let id = format!("s-{}", one.now());
        let ended = in_session(one, &id);
        let others = [
            in_session(two, &id),
            in_session(one, "another"),
            one.token("alice").build(),
            // A `jti` is no `sid`.
            one.token("alice").claim("jti", id.as_str()).build(),
        ];
        assert!(accepts(here, &ended).await);
        let draft = logout(one, "alice").claim("sid", id.as_str());
        for _ in 0..2 {
            done(&tell(here, &draft.build()).await);
        }
        assert!(!accepts(here, &ended).await);
        // Those of afterwards are the same session's.
        assert!(!accepts(here, &in_session(one, &id)).await);
        assert!(accepts(there, &ended).await);
        other.sync().await;
        assert!(!accepts(there, &ended).await);
        for server in [here, there] {
            for token in &others {
                assert!(accepts(server, token).await);
            }
        }
    });
}

#[test]
fn a_service_without_sessions_of_its_own_is_told() {
    let backend = Backend::new();
    let providers = Providers::of(&backend);
    let served = providers.serve_with(&backend, Endpoints::without_accounts());
    block_on(async {
        backend.sync().await;
        for (index, server) in served.servers().iter().enumerate() {
            let id = format!("n-{index}");
            let token = in_session(&providers.one, &id);
            assert!(accepts(server, &token).await);
            let draft = logout(&providers.one, "alice").claim("sid", id.as_str());
            done(&tell(server, &draft.build()).await);
            assert!(!accepts(server, &token).await);
        }
    });
}

#[test]
fn without_a_session_all_of_the_subject_end() {
    play(async |providers, [own, other], [here, there]| {
        let Providers { one, two, .. } = providers;
        let ended = [in_session(one, "a"), one.token("alice").build()];
        let others = [two.token("alice").build(), one.token("bob").build()];
        done(&tell(here, &logout(one, "alice").build()).await);
        other.sync().await;
        for server in [here, there] {
            for token in &ended {
                assert!(!accepts(server, token).await);
            }
            for token in &others {
                assert!(accepts(server, token).await);
            }
        }
        // Whoever logs in again is in again.
        own.clock.advance(std::time::Duration::from_secs(5));
        assert!(accepts(here, &one.token("alice").build()).await);
    });
}

#[test]
fn what_is_not_good_is_refused() {
    play(async |providers, _, [here, _]| {
        let one = &providers.one;
        let event = "http://schemas.openid.net/event/backchannel-logout";
        let id = format!("k-{}", one.now());
        let draft = || logout(one, "alice").claim("sid", id.as_str());
        let token = in_session(one, &id);
        for bad in [
            draft().audience("client-2").build(),
            draft().expired().build(),
            draft().without("jti").build(),
            draft().without("iat").build(),
            draft().without("exp").build(),
            draft().without("events").build(),
            draft().claim("events", json!({event: []})).build(),
            draft().claim("nonce", "n").build(),
            draft().without("sub").without("sid").build(),
            draft().header("typ", "at+jwt").build(),
            draft().claim("iss", "https://two.test").build(),
            draft().claim("iss", "https://three.test").build(),
            draft()
                .forged_by(&keys::untrusted(Algorithm::ES256))
                .build(),
            token.clone(),
            "garbage".to_owned(),
            "a%20b".to_owned(),
        ] {
            refused(&tell(here, &bad).await, 400, "invalid_request");
        }
        refused(&tell(here, "").await, 400, "invalid_request");
        let good = draft().build();
        let twice = format!("{good}&logout_token={good}");
        refused(&tell(here, &twice).await, 400, "invalid_request");
        let json = format!(r#"{{"logout_token":"{good}"}}"#);
        let json = Request::new("POST", PATH).json(&json);
        refused(&exchange(here, &json).await, 415, "unsupported_media_type");
        let get = exchange(here, &Request::new("GET", PATH)).await;
        refused(&get, 405, "method_not_allowed");
        assert!(accepts(here, &token).await);
        // As some providers send them.
        done(&tell(here, &draft().header("typ", "JWT").build()).await);
        assert!(!accepts(here, &token).await);
    });
}

#[test]
fn a_store_that_is_down_is_told_again() {
    play(async |providers, [own, _], [here, _]| {
        let one = &providers.one;
        let id = format!("d-{}", one.now());
        let (token, draft) = (in_session(one, &id), logout(one, "alice"));
        let draft = draft.claim("sid", id.as_str()).build();
        for fault in [Fault::Unreachable, Fault::AnswerLost] {
            own.store.fail_next(1, fault);
            let answer = tell(here, &draft).await;
            refused(&answer, 503, "temporarily_unavailable");
            assert!(answer.field("retry-after").is_some());
        }
        done(&tell(here, &draft).await);
        assert!(!accepts(here, &token).await);
    });
}

/// Providers read errors as of OAuth, whatever the application's own look like.
#[test]
fn errors_keep_their_form() {
    let backend = Backend::new();
    let providers = Providers::of(&backend);
    let builder = Endpoints::builder(backend.people.clone())
        .session_api(SessionApi::new(backend.session.clone()))
        .refusal_format(RefusalFormat::empty());
    let everywhere = providers.serve_with(&backend, builder);
    block_on(async {
        for server in everywhere.servers() {
            refused(&tell(server, "a.b.c").await, 400, "invalid_request");
            let answer = exchange(server, &Request::new("POST", PATH).form("x=y")).await;
            refused(&answer, 400, "invalid_request");
            let answer =
                exchange(server, &Request::new("POST", "/api/users/login").json("{}")).await;
            assert_eq!((answer.status, answer.text()), (400, String::new()));
        }
    });
}
