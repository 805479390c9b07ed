//! How calls of gRPC are refused: `PROTOCOL-HTTP2.md` and `PROTOCOL-WEB.md` of gRPC.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::RejectionKind;
use crate::head::HeadRef;

/// The status codes of gRPC that refusals have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrpcStatus {
    /// The token does not reach this far, or the request is not from where it may be.
    PermissionDenied,
    /// The service is put together wrongly.
    Internal,
    /// What is needed to judge the token is down.
    Unavailable,
    /// There are no good credentials.
    Unauthenticated,
}

impl GrpcStatus {
    /// The number, as it stands in `grpc-status`.
    pub const fn code(self) -> u8 {
        match self {
            Self::PermissionDenied => 7,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }

    /// The name that gRPC has for it, such as `UNAUTHENTICATED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

impl GrpcStatus {
    pub(super) fn to_bytes(self) -> Bytes {
        Bytes::from(self.code().to_string())
    }
}

impl fmt::Display for GrpcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RejectionKind {
    /// The status of gRPC: that of the HTTP [status](Self::status). It is not what
    /// clients of gRPC make of a bare HTTP status: for them 400 is `INTERNAL`.
    pub const fn grpc_status(self) -> GrpcStatus {
        match self.status() {
            400 | 401 => GrpcStatus::Unauthenticated,
            403 => GrpcStatus::PermissionDenied,
            503 => GrpcStatus::Unavailable,
            _ => GrpcStatus::Internal,
        }
    }
}

/// The media type of a call of gRPC or gRPC-Web, without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrpcType(Cow<'static, str>);

impl GrpcType {
    pub(super) const PLAIN: Self = Self(Cow::Borrowed(COMMON[0]));

    /// Those that nearly all calls have.
    pub(crate) fn common() -> [Self; COMMON.len()] {
        COMMON.map(|name| Self(Cow::Borrowed(name)))
    }

    /// That of a request, if it is a call.
    pub(crate) fn of(head: HeadRef<'_>) -> Option<Self> {
        if head.method() != "POST" {
            return None;
        }
        match head.values("content-type")[..] {
            [value] => Self::parse(value),
            _ => None,
        }
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let essence = value.split(|byte| *byte == b';').next()?.trim_ascii();
        if let Some(name) = common(essence) {
            return Some(Self(Cow::Borrowed(name)));
        }
        let plus = essence.iter().position(|byte| *byte == b'+')?;
        let (base, suffix) = essence.split_at(plus);
        common(base)?;
        let is_suffix = (2..=MAX_SUFFIX).contains(&suffix.len())
            && suffix.iter().all(|byte| is_restricted_name_char(*byte));
        let own = std::str::from_utf8(essence).ok().filter(|_| is_suffix)?;
        Some(Self(own.to_ascii_lowercase().into()))
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Cow::Borrowed(name) => Bytes::from_static(name.as_bytes()),
            Cow::Owned(name) => Bytes::copy_from_slice(name.as_bytes()),
        }
    }
}

const COMMON: [&str; 6] = [
    "application/grpc",
    "application/grpc+proto",
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

fn common(essence: &[u8]) -> Option<&'static str> {
    let is_it = |name: &&str| name.as_bytes().eq_ignore_ascii_case(essence);
    COMMON.into_iter().find(is_it)
}

/// The longest suffix of a media type that is sent back, with its plus sign.
const MAX_SUFFIX: usize = 64;

/// RFC 6838 section 4.2.
fn is_restricted_name_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte)
}

/// The value of `grpc-message`: printable ASCII but for `%` as it is, the rest escaped.
pub(super) fn message(text: &str) -> Bytes {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');
    Bytes::from(utf8_percent_encode(text, ESCAPED).to_string())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};
    use proptest::prelude::*;

    use super::*;

    fn echoed(value: &str) -> Option<String> {
        let found = GrpcType::parse(value.as_bytes())?;
        Some(String::from_utf8(found.to_bytes().to_vec()).unwrap())
    }

    #[test]
    fn media_types_of_calls_are_sent_back_without_parameters() {
        for (sent, expected) in [
            ("application/grpc", "application/grpc"),
            ("Application/gRPC", "application/grpc"),
            ("application/grpc+proto", "application/grpc+proto"),
            (
                " application/grpc ; charset=utf-8 ; a=b\t",
                "application/grpc",
            ),
            ("application/grpc;x", "application/grpc"),
            ("application/grpc+json", "application/grpc+json"),
            (
                "application/grpc+Flat.Buffers-2",
                "application/grpc+flat.buffers-2",
            ),
            ("application/grpc+a+b", "application/grpc+a+b"),
            ("application/grpc-web", "application/grpc-web"),
            (
                "application/grpc-web+thrift; q=1",
                "application/grpc-web+thrift",
            ),
            ("application/grpc-web-text", "application/grpc-web-text"),
            (
                "application/grpc-web-text+proto",
                "application/grpc-web-text+proto",
            ),
        ] {
            assert_eq!(echoed(sent).as_deref(), Some(expected), "{sent}");
        }
    }

    #[test]
    fn other_media_types_are_none_of_calls() {
        let long = format!("application/grpc+{}", "a".repeat(MAX_SUFFIX));
        for other in [
            "",
            ";application/grpc",
            "application/json",
            "application/grpcx",
            "application/grpc/x",
            "application/grpc-",
            "application/grpc-webs",
            "application/grpc-text",
            "application/grpc+",
            "application/grpc+a b",
            "application/grpc+a, text/html",
            "application/grpc, application/grpc",
            "application/grpc+proto+",
            "text/grpc",
            "application/x+grpc",
            "application/grpc+\u{e9}",
            "application/grpc+a\r\nx: y",
            &long,
        ] {
            // A plus sign may itself be in a name (RFC 6838 section 4.2).
            let expected = other.ends_with("proto+").then(|| other.to_owned());
            assert_eq!(echoed(other), expected, "{other}");
        }
    }

    #[test]
    fn a_call_is_a_post_with_one_media_type() {
        let request = |method: &str, types: &[&str]| {
            let request = Request::builder().method(method);
            let add = |request: http::request::Builder, sent: &&str| {
                request.header("content-type", *sent)
            };
            types.iter().fold(request, add).body(()).unwrap()
        };
        let is_call = |request: &Request<()>| GrpcType::of(HeadRef::new(request)).is_some();
        assert!(is_call(&request("POST", &["application/grpc"])));
        for method in ["GET", "PUT", "OPTIONS", "post"] {
            assert!(
                !is_call(&request(method, &["application/grpc"])),
                "{method}"
            );
        }
        for types in [
            &[][..],
            &["text/plain"],
            &["application/grpc", "application/grpc"],
            &["application/grpc", "text/plain"],
        ] {
            assert!(!is_call(&request("POST", types)), "{types:?}");
        }
    }

    #[test]
    fn every_status_has_its_number_and_name() {
        for (kind, code, name) in [
            (RejectionKind::InvalidRequest, 16, "UNAUTHENTICATED"),
            (RejectionKind::MissingCredentials, 16, "UNAUTHENTICATED"),
            (RejectionKind::InvalidToken, 16, "UNAUTHENTICATED"),
            (
                RejectionKind::InsufficientUserAuthentication,
                16,
                "UNAUTHENTICATED",
            ),
            (RejectionKind::InsufficientScope, 7, "PERMISSION_DENIED"),
            (RejectionKind::CrossOrigin, 7, "PERMISSION_DENIED"),
            (RejectionKind::CsrfToken, 7, "PERMISSION_DENIED"),
            (RejectionKind::Unavailable, 14, "UNAVAILABLE"),
            (RejectionKind::Misconfigured, 13, "INTERNAL"),
        ] {
            let status = kind.grpc_status();
            assert_eq!((status.code(), status.as_str()), (code, name), "{kind:?}");
        }
    }

    proptest! {
        /// Whatever is sent, what comes back is a header value and the type of a call.
        #[test]
        fn what_is_sent_back_is_a_media_type(
            value in "application/grpc(-web)?(-text)?[+]?[ -~]{0,80}(;.*)?"
        ) {
            if let Some(echoed) = echoed(&value) {
                prop_assert!(HeaderValue::from_str(&echoed).is_ok());
                prop_assert!(echoed.starts_with("application/grpc") && echoed.len() < 100);
                prop_assert!(!echoed.contains([' ', ',', ';', '"']));
            }
        }

        #[test]
        fn messages_come_back(text: String) {
            let value = message(&text);
            prop_assert!(value.iter().all(|byte| matches!(byte, b' '..=b'~')));
            let decoded = percent_encoding::percent_decode(&value).decode_utf8().unwrap();
            prop_assert_eq!(decoded, text);
        }
    }
}
