//! What holds for every answer, whatever the request.

use std::fmt::Write;

use crate::{answer::Answer, client::Request};

/// The fields that are each server's own, as is how it frames a body; all
/// others must be the same from every adapter.
const OWN: [&str; 5] = [
    "date",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
];

/// What is wrong with an answer; empty if nothing is.
pub fn check(request: &Request, answer: &Answer) -> String {
    let mut wrong = String::new();
    let challenges = match answer.challenges() {
        Ok(challenges) => challenges,
        Err(error) => return format!("the challenge is malformed: {error}\n"),
    };
    // RFC 9110 section 15.5.2.
    if answer.status == 401 && challenges.is_empty() {
        wrong.push_str("a 401 has no challenge\n");
    }
    if answer.status >= 500 && !challenges.is_empty() {
        wrong.push_str("a fault of the server has a challenge\n");
    }
    if answer.status == 503 && answer.field("retry-after").is_none() {
        wrong.push_str("a 503 does not say when to come back\n");
    }
    if answer.status == 405 && answer.field("allow").is_none() {
        wrong.push_str("a 405 does not say what is allowed\n");
    }
    // RFC 9110 section 11.7.1: that is for proxies.
    if answer.field("proxy-authenticate").is_some() {
        wrong.push_str("a challenge of a proxy\n");
    }
    // What sets a cookie is not for a cache.
    if answer.values("set-cookie").next().is_some()
        && answer.field("cache-control").as_deref() != Some("no-store")
    {
        wrong.push_str("a cookie may be stored\n");
    }
    for challenge in challenges.iter() {
        if challenge.param("realm").is_none() {
            wrong.push_str("a challenge has no realm\n");
        }
    }
    for name in answer.names() {
        let may_repeat = matches!(name, "www-authenticate" | "set-cookie");
        if answer.values(name).count() > 1 && !may_repeat {
            let _ = writeln!(wrong, "`{name}` occurs twice");
        }
    }
    // RFC 9110 section 8.6, RFC 9112 section 6.1.
    if answer.status == 204
        && (answer.field("content-length").is_some() || answer.field("transfer-encoding").is_some())
    {
        wrong.push_str("an answer without content announces some\n");
    }
    if request.method() == "HEAD" && !answer.body.is_empty() {
        wrong.push_str("an answer to HEAD has a body\n");
    }
    let refused_call = answer.field("grpc-status").is_some();
    if refused_call {
        let media_type = answer.field("content-type").unwrap_or_default();
        if answer.status != 200 || !media_type.starts_with("application/grpc") {
            wrong.push_str("no call of gRPC has a status of gRPC\n");
        }
        if !answer.body.is_empty() {
            wrong.push_str("something follows the trailers\n");
        }
    }
    if answer.status >= 400 || refused_call {
        let seen = format!("{answer:?}");
        for secret in request.secrets() {
            if seen.contains(&secret) {
                let _ = writeln!(wrong, "a refusal repeats what was sent: {secret}");
            }
        }
    }
    wrong
}

/// How two answers to the same request differ; empty if they do not.
pub fn difference(one: &Answer, other: &Answer) -> String {
    let mut wrong = String::new();
    if one.status != other.status {
        wrong.push_str("the statuses differ\n");
    }
    let names = one.names().chain(other.names());
    for name in names.filter(|name| !OWN.contains(name)) {
        if !one.values(name).eq(other.values(name)) {
            let _ = writeln!(wrong, "`{name}` differs");
        }
    }
    if one.body != other.body {
        wrong.push_str("the bodies differ\n");
    }
    wrong
}
