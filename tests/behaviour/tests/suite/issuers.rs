//! Several issuers in one service: each with its own keys (RFC 8725 section
//! 3.8).

use std::sync::OnceLock;

use behaviour::{
    case::{Case, invalid_token, passes},
    client::Request,
    run::Everywhere,
    site::{Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::Algorithm,
    subject::Subject,
    verify::Verifier,
};
use portcullis_testing::{
    clock::FakeClock,
    keys,
    mint::{Draft, Mint},
};

use crate::protected::get;

fn one() -> Mint {
    Mint::with_key(keys::signing(Algorithm::ES256))
        .issuer("https://one.test")
        .clock(FakeClock::new().shared())
}

fn two() -> Mint {
    Mint::with_key(keys::signing(Algorithm::HS256))
        .issuer("https://two.test")
        .clock(FakeClock::new().shared())
}

/// Two more, whose tokens have the same header to the byte.
fn twins() -> [Mint; 2] {
    [
        Mint::with_key(keys::signing(Algorithm::ES384)).issuer("https://three.test"),
        Mint::with_key(keys::untrusted(Algorithm::ES384)).issuer("https://four.test"),
    ]
    .map(|mint| mint.clock(FakeClock::new().shared()))
}

/// An own issuer without `iss` and `aud`.
fn own(shape: TokenShape) -> TokenIssuer {
    TokenIssuer::builder(keys::signing(Algorithm::HS512))
        .shape(shape)
        .clock(FakeClock::new().shared())
        .build()
        .unwrap()
}

/// Another of the same key, with an audience.
fn with_audience(shape: TokenShape) -> TokenIssuer {
    TokenIssuer::builder(keys::signing(Algorithm::HS512))
        .shape(shape)
        .audience("own:auth")
        .clock(FakeClock::new().shared())
        .build()
        .unwrap()
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| {
        let issuers = Verifier::combine([one().verifier(), two().verifier()]).unwrap();
        let session = own(TokenShape::session()).verifier().build().unwrap();
        let grant = with_audience(TokenShape::password_grant())
            .verifier()
            .build()
            .unwrap();
        let all = Verifier::combine([issuers.clone(), session.clone(), grant.clone()]).unwrap();
        let twins = Verifier::combine(twins().map(|mint| mint.verifier())).unwrap();
        let site = Site::new()
            .route("/twins", Authenticator::new(twins), Handler::Claims)
            .route("/two", Authenticator::new(issuers), Handler::Claims)
            .route("/session", Authenticator::new(session), Handler::Claims)
            .route("/grant", Authenticator::new(grant), Handler::Claims)
            .route("/all", Authenticator::new(all), Handler::Claims);
        Everywhere::serve(&site)
    })
}

#[test]
fn each_issuer_needs_its_own_key() {
    let on_two = |draft: Draft| get("/two").authorization(draft.bearer());
    let es = keys::signing(Algorithm::ES256);
    let hs = keys::signing(Algorithm::HS256);
    everywhere().run(&[
        Case::new("one", on_two(one().token("a")), passes()),
        Case::new("two", on_two(two().token("a")), passes()),
        Case::new(
            "one, by the key of two",
            on_two(one().token("a").signed_by(&hs)),
            invalid_token(),
        ),
        Case::new(
            "two, by the key of one",
            on_two(two().token("a").signed_by(&es)),
            invalid_token(),
        ),
        Case::new(
            "one, by the key of two under its own header",
            on_two(one().token("a").forged_by(&hs)),
            invalid_token(),
        ),
        Case::new(
            "nobody",
            on_two(one().token("a").claim("iss", "https://three.test")),
            invalid_token().reason("WrongIssuer"),
        ),
        Case::new(
            "no issuer",
            on_two(one().token("a").without("iss")),
            invalid_token(),
        ),
        Case::new(
            "both at once",
            on_two(one().token("a").claim(
                "iss",
                serde_json::json!(["https://one.test", "https://two.test"]),
            )),
            invalid_token(),
        ),
        Case::new(
            "the audience of the other",
            on_two(one().token("a").claim("aud", "https://two.test")),
            invalid_token().reason("WrongAudience"),
        ),
    ]);
}

/// A header that was seen from one issuer says nothing about another.
#[test]
fn the_same_header_from_two_issuers() {
    let on_twins = |draft: Draft| get("/twins").authorization(draft.bearer());
    let [three, four] = twins();
    let crossed = |mint: &Mint, other: &Mint| {
        let draft = mint.token("a").forged_by(other.signing_key());
        Case::new(
            "crossed",
            on_twins(draft),
            invalid_token().reason("BadSignature"),
        )
    };
    let good = |mint: &Mint| Case::new("its own", on_twins(mint.token("a")), passes());
    everywhere().run(&[
        crossed(&three, &four),
        good(&three),
        crossed(&three, &four),
        crossed(&four, &three),
        good(&four),
        crossed(&four, &three),
        crossed(&three, &four),
        good(&three),
        good(&four),
    ]);
}

fn issued(path: &str, issuer: &TokenIssuer) -> Request {
    let subject = Subject::new("users", "alice");
    let token = issuer
        .access(&AccessToken::new(&subject).client("mobile"))
        .unwrap();
    get(path).bearer(token.token().expose())
}

/// Kinds of APIs in one server: a token is judged by the profile it names, and
/// only by that.
#[test]
fn profiles_do_not_mix() {
    let session = own(TokenShape::session());
    let grant = with_audience(TokenShape::password_grant());
    everywhere().run(&[
        Case::new("session", issued("/session", &session), passes()),
        Case::new("grant", issued("/grant", &grant), passes()),
        // A verifier without an audience refuses tokens that carry one.
        Case::new(
            "grant on session",
            issued("/session", &grant),
            invalid_token(),
        ),
        Case::new(
            "session on grant",
            issued("/grant", &session),
            invalid_token(),
        ),
        Case::new("session on all", issued("/all", &session), passes()),
        Case::new("grant on all", issued("/all", &grant), passes()),
        Case::new(
            "one on all",
            get("/all").authorization(one().token("a").bearer()),
            passes(),
        ),
        Case::new(
            "two on all",
            get("/all").authorization(two().token("a").bearer()),
            passes(),
        ),
        Case::new(
            "one by the key of the session",
            get("/all").authorization(
                one()
                    .token("a")
                    .signed_by(&keys::signing(Algorithm::HS512))
                    .bearer(),
            ),
            invalid_token(),
        ),
    ]);
}

/// RFC 7519 section 4.1.2: a subject is unique within its issuer, and nobody
/// becomes a local user by being called like one.
#[test]
fn subjects_are_those_of_their_issuers() {
    let verifiers = [one(), two()].map(|mint| mint.verifier_builder());
    let plain = Verifier::combine(verifiers.map(|builder| builder.build().unwrap())).unwrap();
    let named = [one(), two()].map(|mint| {
        let builder = mint.verifier_builder().subject_claim("uid");
        builder.kind_claim("type", "access").build().unwrap()
    });
    let named = Verifier::combine(named).unwrap();
    let local = Subject::new(TokenShape::rfc9068().realm(), "alice");
    for verifier in [plain, named] {
        let of = |mint: Mint| {
            let draft = mint
                .token("alice")
                .claim("uid", "alice")
                .claim("type", "access");
            let verified = verifier.verify_now(draft.build().as_bytes()).unwrap();
            verified.subject().unwrap()
        };
        let [first, second] = [of(one()), of(two())];
        assert_eq!(first, Subject::new("https://one.test", "alice"));
        assert_eq!(second, Subject::new("https://two.test", "alice"));
        assert!(first != local && second != local);
    }
}

/// A second verifier of the same issuer and audience would be asked never.
#[test]
fn no_verifier_is_silently_dead() {
    let build = |mint: Mint| mint.verifier_builder().build().unwrap();
    let same = || Mint::with_key(keys::signing(Algorithm::HS256)).issuer("https://one.test");
    let error = Verifier::combine([build(two()), build(one()), build(same())]).unwrap_err();
    let error = error.to_string();
    for part in ["number 2", "number 3", r#"issuer "https://one.test""#] {
        assert!(error.contains(part), "{error}");
    }
    let elsewhere = same().audience("https://another-api.test");
    assert!(Verifier::combine([build(one()), build(elsewhere)]).is_ok());
}
