//! What refusals look like.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Reason, RefusalCode, RefusalFormat, RefusalKind, Refused, RejectionBody, RejectionKind,
};
use crate::credentials::CredentialsError;

const KINDS: [RejectionKind; 9] = [
    RejectionKind::MissingCredentials,
    RejectionKind::InvalidRequest,
    RejectionKind::InvalidToken,
    RejectionKind::InsufficientScope,
    RejectionKind::CrossOrigin,
    RejectionKind::CsrfToken,
    RejectionKind::InsufficientUserAuthentication,
    RejectionKind::Unavailable,
    RejectionKind::Misconfigured,
];

fn guards(kind: RejectionKind) -> Refused<'static> {
    Refused::by_guard(kind, &Reason::MissingCredentials)
}

fn constants() -> BTreeMap<Cow<'static, str>, Value> {
    BTreeMap::from([("login".into(), false.into())])
}

fn endpoints<'r>(
    status: u16,
    constants: Option<&'r BTreeMap<Cow<'static, str>, Value>>,
) -> Refused<'r> {
    let kind = RefusalKind::Rejection(RejectionKind::InvalidRequest);
    let (why, field) = ("the field must be a string", Some("username"));
    Refused::by_endpoint(status, "invalid_request", kind, why, field, constants)
}

fn text(body: &RejectionBody) -> &str {
    std::str::from_utf8(&body.content).unwrap()
}

#[test]
fn every_kind_has_its_code() {
    for kind in KINDS {
        let (status, body) = RefusalFormat::json().tell(&guards(kind));
        assert_eq!(status, kind.status());
        assert_eq!(text(&body), format!(r#"{{"error":"{}"}}"#, kind.code()));
        assert_eq!(body, RejectionBody::standard(kind));
        let mut known = RefusalCode::ALL.iter();
        let known = known.find(|known| known.code() == kind.code()).unwrap();
        assert_eq!(known.status(), kind.status(), "{known:?}");
        assert_eq!(guards(kind).title(), known.title());
    }
}

#[test]
fn codes_occur_once_and_by_status() {
    for pair in RefusalCode::ALL.windows(2) {
        assert!(pair[0].status() <= pair[1].status(), "{pair:?}");
    }
    for (at, code) in RefusalCode::ALL.iter().enumerate() {
        let mut others = RefusalCode::ALL[..at].iter();
        assert!(!others.any(|other| other.code() == code.code()), "{code:?}");
    }
}

#[test]
fn problem_details_say_what_there_is_to_say() {
    let constants = constants();
    let plain = RefusalFormat::problem_details();
    let typed = plain.clone().problem_types("https://a.example/p/").unwrap();
    let anchors = plain.clone().problem_types("https://a.example/p#").unwrap();
    let malformed = Reason::Credentials(CredentialsError::Malformed);
    for (format, refused, expected) in [
        (
            &plain,
            guards(RejectionKind::InvalidToken),
            r#"{"type":"about:blank","title":"Unauthorized","status":401,"error":"invalid_token"}"#,
        ),
        (
            &typed,
            guards(RejectionKind::InvalidToken),
            r#"{"type":"https://a.example/p/invalid_token","title":"Invalid token","status":401,"error":"invalid_token"}"#,
        ),
        (
            &anchors,
            Refused::by_guard(RejectionKind::InvalidRequest, &malformed),
            r#"{"type":"https://a.example/p#invalid_request","title":"Invalid request","status":400,"detail":"the credentials are malformed","error":"invalid_request"}"#,
        ),
        (
            &plain,
            endpoints(400, Some(&constants)),
            r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"the field must be a string","error":"invalid_request","field":"username"}"#,
        ),
    ] {
        let (status, body) = format.tell(&refused);
        assert_eq!(text(&body), expected);
        assert_eq!(body.content_type, "application/problem+json");
        assert_eq!(status, refused.status());
    }
    for known in RefusalCode::ALL {
        let kind = RefusalKind::NotFound;
        let constants = Some(&constants);
        let refused = Refused::by_endpoint(known.status(), known.code(), kind, "", None, constants);
        let body = plain.tell(&refused).1;
        let title: Value = serde_json::from_str(text(&body)).unwrap();
        assert_ne!(title["title"], "Refused", "{known:?}");
    }
}

#[test]
fn a_base_of_types_is_a_url() {
    for bad in [
        "",
        "/problems/",
        "https://a.example/problems",
        "http://a.example/problems/",
        "https://a.example/?p=",
        "https://a.example/a b/",
        "https://a.example/##",
    ] {
        let format = RefusalFormat::problem_details().problem_types(bad);
        assert!(format.is_err(), "{bad}");
    }
    let local = "http://localhost:8080/problems/";
    assert!(
        RefusalFormat::problem_details()
            .problem_types(local)
            .is_ok()
    );
    let error = RefusalFormat::json().problem_types("https://a.example/");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("problem_details"), "{error}");
}

#[test]
fn an_empty_format_has_no_type() {
    let constants = constants();
    for refused in [
        guards(RejectionKind::InvalidToken),
        endpoints(400, Some(&constants)),
    ] {
        let (_, body) = RefusalFormat::empty().tell(&refused);
        assert_eq!(body.into_parts(), (None, Bytes::new()));
    }
}

/// RFC 6749 section 5.2 says what an error looks like; who writes one anyhow
/// knows it.
#[test]
fn answers_of_oauth_keep_their_form() {
    let json = |body: RejectionBody| serde_json::from_slice::<Value>(&body.content).unwrap();
    let expected = json!({
        "error": "invalid_request",
        "field": "username",
        "error_description": "the field must be a string",
    });
    let refused = endpoints(400, None);
    for format in [
        RefusalFormat::empty(),
        RefusalFormat::json(),
        RefusalFormat::problem_details(),
    ] {
        assert_eq!(json(format.tell(&refused).1), expected, "{format:?}");
    }
    let own = RefusalFormat::custom(|refused| {
        assert!(refused.is_oauth());
        RejectionBody::new("text/plain", refused.code())
    });
    assert_eq!(text(&own.tell(&refused).1), "invalid_request");
    let constants = constants();
    let with_constants = endpoints(400, Some(&constants));
    assert!(!with_constants.is_oauth());
    let (_, body) = RefusalFormat::json().tell(&with_constants);
    assert!(text(&body).starts_with(r#"{"login":false,"error":"#));
}

#[test]
fn a_renderer_turns_a_4xx_into_another_and_nothing_else() {
    for (from, wanted, told) in [
        (401, 403, 403),
        (401, 404, 404),
        (403, 401, 401),
        (400, 499, 499),
        (405, 405, 405),
        (503, 503, 503),
        (401, 200, 401),
        (401, 204, 401),
        (401, 303, 401),
        (401, 500, 401),
        (403, 399, 403),
        (403, 0, 403),
        (403, u16::MAX, 403),
        (404, 405, 404),
        (401, 407, 401),
        (400, 426, 400),
        (500, 400, 500),
        (503, 401, 503),
        (503, 500, 503),
        (500, 200, 500),
    ] {
        let constants = constants();
        let refused = endpoints(from, Some(&constants));
        let format = RefusalFormat::custom(move |refused| {
            RefusalFormat::json().answer(refused).status(wanted)
        });
        let (status, body) = format.tell(&refused);
        assert_eq!(status, told, "{from} to {wanted}");
        // The body is the renderer's whatever becomes of its status.
        assert_eq!(body, RefusalFormat::json().tell(&refused).1);
    }
}

/// RFC 9457 section 3.1.2: they MUST say the status that is answered.
#[test]
fn problem_details_say_the_status_that_a_renderer_chose() {
    let plain = RefusalFormat::problem_details();
    let typed = plain.clone().problem_types("https://a.example/p/").unwrap();
    for (format, wanted, expected) in [
        (
            &plain,
            401,
            r#"{"type":"about:blank","title":"Unauthorized","status":401,"error":"insufficient_scope"}"#,
        ),
        (
            &typed,
            404,
            r#"{"type":"https://a.example/p/insufficient_scope","title":"Insufficient scope","status":404,"error":"insufficient_scope"}"#,
        ),
        // Which it may not choose.
        (
            &plain,
            200,
            r#"{"type":"about:blank","title":"Forbidden","status":403,"error":"insufficient_scope"}"#,
        ),
    ] {
        let format = format.clone();
        let own = RefusalFormat::custom(move |refused| format.answer(refused).status(wanted));
        let (status, body) = own.tell(&guards(RejectionKind::InsufficientScope));
        let told: Value = serde_json::from_str(text(&body)).unwrap();
        assert_eq!(told["status"], status);
        assert_eq!(text(&body), expected);
    }
}
