//! The files of the page, which are part of the program.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::replies;

macro_rules! files {
    ($($path:literal: $file:literal, $media_type:literal;)*) => {
        &[$(File {
            path: $path,
            media_type: $media_type,
            content: include_bytes!(concat!("../../console/", $file)),
        }),*]
    };
}

const FILES: &[File] = files! {
    "/": "index.html", "text/html; charset=utf-8";
    "/console/icon.svg": "icon.svg", "image/svg+xml";
    "/console/console.css": "console.css", "text/css; charset=utf-8";
    "/console/console.js": "console.js", "text/javascript; charset=utf-8";
    "/console/client.js": "client.js", "text/javascript; charset=utf-8";
    "/console/dom.js": "dom.js", "text/javascript; charset=utf-8";
    "/console/experiments.js": "experiments.js", "text/javascript; charset=utf-8";
    "/console/explain.js": "explain.js", "text/javascript; charset=utf-8";
    "/console/feed.js": "feed.js", "text/javascript; charset=utf-8";
    "/console/state.js": "state.js", "text/javascript; charset=utf-8";
    "/console/theme.js": "theme.js", "text/javascript; charset=utf-8";
    "/console/timeline.js": "timeline.js", "text/javascript; charset=utf-8";
    "/console/view.js": "view.js", "text/javascript; charset=utf-8";
    "/console/wire.js": "wire.js", "text/javascript; charset=utf-8";
};

struct File {
    path: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

/// Scripts, styles and answers from here and from nowhere else, none of them
/// within the page; in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // Asked about each time: another version of the demo has other files.
    (header::CACHE_CONTROL, "no-cache"),
];

/// The paths of all files.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.path)
}

/// The file at `path`: 304 for whoever has it already, by the values of
/// `If-None-Match` (RFC 9110 section 13.1.2); 404 if there is none.
pub(super) fn answer<'a>(
    path: &str,
    if_none_match: impl IntoIterator<Item = &'a [u8]>,
) -> Response<Bytes> {
    let mut files = FILES.iter().zip(&*TAGS);
    let Some((file, tag)) = files.find(|(file, _)| file.path == path) else {
        return replies::not_found();
    };
    let is_known = if_none_match
        .into_iter()
        .any(|value| names(value, tag.as_bytes()));
    let mut response = Response::default();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::ETAG, tag.clone());
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(file.media_type),
        );
        *response.body_mut() = Bytes::from_static(file.content);
    }
    response
}

/// The entity tag of each file.
static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| FILES.iter().map(tag).collect());

fn tag(file: &File) -> HeaderValue {
    let digest = digest(&SHA256, file.content);
    let digits = digest.as_ref().iter().take(16);
    let text: String = digits.map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{text}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a value of `If-None-Match` names `tag`, which has no comma. Tags
/// compare weakly: a cache may have weakened it.
fn names(value: &[u8], tag: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|one| {
        let one = one.trim_ascii();
        one == b"*" || one.strip_prefix(b"W/").unwrap_or(one) == tag
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/console");
        let there: BTreeSet<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "index.html")
            .collect();
        let served: BTreeSet<_> = paths()
            .filter_map(|path| path.strip_prefix("/console/"))
            .map(str::to_owned)
            .collect();
        assert_eq!(there, served);
    }

    #[test]
    fn nothing_of_the_page_is_forbidden_by_its_own_policy() {
        let page = std::str::from_utf8(FILES[0].content).unwrap();
        for forbidden in [
            "<style",
            " style=",
            " onclick=",
            "http://",
            "https://",
            "//",
        ] {
            let found = page.lines().find(|line| line.contains(forbidden));
            assert_eq!(found, None, "{forbidden}");
        }
        // A script tag is empty: what it does is in a file.
        for script in page.split("<script").skip(1) {
            assert!(script.contains("></script>"), "{script}");
        }
        for file in FILES.iter().filter(|file| file.path.ends_with(".js")) {
            let text = std::str::from_utf8(file.content).unwrap();
            for dangerous in [
                "innerHTML",
                "eval(",
                "document.write",
                "http://",
                "https://",
            ] {
                assert!(!text.contains(dangerous), "{}: {dangerous}", file.path);
            }
        }
    }

    #[test]
    fn what_is_linked_exists() {
        for file in FILES {
            let text = String::from_utf8_lossy(file.content);
            let linked = text.split(['"', '\'']).filter_map(|part| {
                let own = part.strip_prefix("./").filter(|name| name.ends_with(".js"));
                own.map(|name| format!("/console/{name}"))
                    .or_else(|| part.starts_with("/console/").then(|| part.to_owned()))
            });
            for path in linked {
                assert!(paths().any(|own| own == path), "{}: {path}", file.path);
            }
        }
    }

    #[test]
    fn whoever_has_a_file_is_told_so() {
        let fresh = answer("/", []);
        assert_eq!(fresh.status(), 200);
        let tag = fresh.headers()["etag"].as_bytes().to_owned();
        for value in [
            tag.clone(),
            [b"W/", &*tag].concat(),
            [b"\"x\", ", &*tag].concat(),
            b"*".to_vec(),
        ] {
            let known = answer("/", [&*value]);
            assert_eq!(known.status(), 304);
            assert!(known.body().is_empty());
            assert_eq!(known.headers()["etag"].as_bytes(), tag);
        }
        assert_eq!(answer("/", [&b"\"x\""[..]]).status(), 200);
        assert_eq!(answer("/console/", []).status(), 404);
        let tags: BTreeSet<_> = TAGS.iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(tags.len(), FILES.len());
    }
}
