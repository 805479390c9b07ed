//! What to do about a check that failed.

use super::super::{VerifyErrorKind, observer::Check};

/// What to change, where nothing more particular is known.
pub(super) fn advice(check: Check, kind: VerifyErrorKind, token: &[u8]) -> Option<String> {
    use VerifyErrorKind::{Encrypted, MissingClaim, SenderConstrained};
    let advice = match check {
        Check::Form | Check::Claims if kind == Encrypted => ENCRYPTED,
        Check::Form => return form(token),
        Check::Size => {
            "if the issuer's tokens are that long, allow it by `max_token_size` or \
             `max_header_size`"
        }
        Check::Verifier => "trust this issuer, or ask one that is trusted for a token",
        Check::Header => "have the issuer write a plain header: none that demands extensions",
        Check::Type => "send an access token; if this is one, allow its `typ` or have it changed",
        Check::Key => {
            "give the verifier the issuer's keys of today; if they change, have them fetched"
        }
        Check::Signature => {
            "compare the keys: the token was changed, or signed by another key of the same id"
        }
        Check::Claims => "have the issuer write the claims as RFC 7519 wants them",
        Check::Issuer => "configure the issuer as the token has it, or ask the one configured",
        Check::Required | Check::OneOf => "have the issuer add the claim, or demand it no more",
        Check::Audience | Check::AudienceClaim => {
            "ask the issuer for a token for this service, or configure the name that it knows it by"
        }
        Check::Kind | Check::KindClaim | Check::RefusedClaims => {
            "send the access token: this one is of another kind"
        }
        Check::Bound if kind == SenderConstrained => {
            "check what it is bound to by `binding_checked_by`, or have the issuer give plain ones"
        }
        Check::Tenant | Check::IdToken | Check::Values => {
            "configure what the token says, or ask for one that says what is configured"
        }
        Check::Expiry if kind == VerifyErrorKind::NeverExpires => {
            "have the issuer write `exp`, or give the verifier a status that lists such tokens"
        }
        Check::Expiry => "get a new one; if it is new, compare this clock with the issuer's",
        Check::NotBefore | Check::IssuedAt => {
            "compare this clock with the issuer's, or allow for more of a difference by `leeway`"
        }
        Check::Age | Check::Lifetime if kind == MissingClaim => {
            "have the issuer write `iat` and `exp`"
        }
        Check::Age => "get a new one: this verifier wants them younger than they may get",
        Check::Lifetime => "have the issuer give tokens that live for a shorter time",
        Check::KeyIssuer => "the key is for tokens of one issuer only: ask that one",
        Check::Binding => "send it with the proof that it is bound to",
        Check::Application => "it is the application that says no, by a check of its own",
        Check::Revocation => "log in again: the token, its session or its subject was logged out",
        Check::Bound | Check::Introspection | Check::WeakKey => return None,
    };
    Some(advice.to_owned())
}

/// Who would have to be asked.
pub(super) const fn unasked_advice(check: Check) -> Option<&'static str> {
    Some(match check {
        Check::Introspection => "the issuer would be asked what the token says",
        Check::Verifier => "whoever knows the issuers would be asked whether this is one",
        Check::Key | Check::Signature => {
            "the source of the keys would be asked whether there is such a one by now"
        }
        Check::Revocation => "the store would be asked whether the token is revoked",
        _ => return None,
    })
}

const ENCRYPTED: &str = "have the issuer sign tokens and not encrypt them";

/// What is wrong with the form of a token: most often, how it was copied.
fn form(token: &[u8]) -> Option<String> {
    let starts_with = |prefix: &str| {
        let front = token.get(..prefix.len());
        front.is_some_and(|front| front.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let is_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    let is_segment = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let dots = token.iter().filter(|byte| **byte == b'.').count();
    let advice = if token.is_empty() {
        "there is nothing: give the token"
    } else if starts_with("Authorization:") {
        "give the token alone, without `Authorization: Bearer` in front of it"
    } else if starts_with("Bearer ") {
        "give the token alone, without `Bearer` in front of it"
    } else if is_quote(token.first()) || is_quote(token.last()) {
        "leave out the quotation marks around the token"
    } else if token.iter().any(u8::is_ascii_whitespace) {
        "leave out the white space: a token is in one piece and one line"
    } else if token.starts_with(b"{") {
        "this is JSON: give the token in the compact form, three parts between dots"
    } else if token.contains(&b'%') {
        "this was encoded for a URL: decode it first"
    } else if token.iter().any(|byte| b"=+/".contains(byte)) {
        "its parts are base64url without padding (RFC 7515): `-` and `_`, no `+`, `/` or `=`"
    } else if let Some(place) = token.iter().position(|byte| !is_segment(byte)) {
        return Some(format!("at byte {place} is a character that no token has"));
    } else if dots == 0 {
        "this is no signed token: if the issuer gives opaque ones, have it asked \
         (`introspected_by`)"
    } else if dots == 2 && token.ends_with(b".") {
        "it is not signed, and nobody has to believe it: have the issuer sign its tokens"
    } else if dots == 4 {
        ENCRYPTED
    } else if dots == 2 {
        "one of its parts is cut off, or was changed: copy it again"
    } else {
        "a signed token has three parts between two dots: copy it again"
    };
    Some(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_token_was_copied_is_told() {
        for (token, expected) in [
            ("", "nothing"),
            ("Authorization: Bearer a.b.c", "without `Authorization"),
            ("bearer a.b.c", "without `Bearer`"),
            ("\"a.b.c\"", "quotation"),
            ("a.b.c\n", "white space"),
            ("{\"payload\":\"\"}", "JSON"),
            ("a.b.c%3D", "URL"),
            ("a.b.c=", "padding"),
            ("a.b.\u{e9}", "at byte 4"),
            ("hunter2", "introspected_by"),
            ("a.b.", "not signed"),
            ("a.b.c.d.e", "encrypt"),
            ("a.b.c", "copy it again"),
            ("a.b", "three parts"),
        ] {
            let told = form(token.as_bytes()).unwrap();
            assert!(told.contains(expected), "{token}: {told}");
        }
    }
}
