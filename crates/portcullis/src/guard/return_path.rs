//! Paths of this origin, whoever says them.

use percent_encoding::percent_decode_str;

/// The longest that is written into a URL, or read from one.
const MAX_LENGTH: usize = 2048;

/// Whether `text` is an absolute path of this origin, with a query or not, and
/// remains one whatever browsers, proxies and frameworks do with it.
///
/// Browsers take `\` for `/`, leave tabs and line breaks out, and resolve segments
/// of dots, escaped ones too (WHATWG URL, section 4.4): so `/\evil.example`,
/// `/<TAB>/evil.example` and `/.//evil.example` lead elsewhere, or become what leads
/// there when a server redirects once more. The path is looked at without its
/// escapes, so that the same holds where somebody unescapes twice.
pub(super) fn is_own_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else {
        return false;
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path: Vec<u8> = percent_decode_str(path).collect();
    let mut segments = path.split(|byte| *byte == b'/');
    text.len() <= MAX_LENGTH
        && text.bytes().all(is_sent_by_browsers)
        && !path.starts_with(b"/")
        && !path
            .iter()
            .any(|byte| byte.is_ascii_control() || *byte == b'\\')
        && !segments.any(|segment| matches!(segment, b"." | b".."))
}

/// Visible characters, but for those that no browser sends as they are (WHATWG URL,
/// section 1.3, the query percent-encode set), and the backslash.
fn is_sent_by_browsers(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn what_leads_elsewhere_is_no_path() {
        for good in [
            "/",
            "/a",
            "/a/",
            "/a//b",
            "/?",
            "/?next=https://evil.example/",
            "/?a=\u{7e}{}|^`'",
            "/a?b#c",
            "/%C3%A9/%20/%2e%2e%2e?%0a%5c",
            "/.well-known/x",
            "/...",
            "/a%2Fb",
            "/a:b@c",
            "/%",
            "/%zz",
        ] {
            assert!(is_own_path(good), "{good}");
        }
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        for bad in [
            "",
            "a",
            "https://evil.example/",
            "HTTPS:evil.example",
            "javascript:alert(1)",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\b",
            "/?\\",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/a\r\nSet-Cookie: b",
            "/ ",
            "/\0",
            "/\u{7f}",
            "/\u{e9}",
            "/\u{ff0f}evil.example",
            "/./evil.example",
            "/.//evil.example",
            "/%2e//evil.example",
            "/a/..//evil.example",
            "/a/.%2E//evil.example",
            "/..",
            "/%2fevil.example",
            "/%2F/evil.example",
            "/%5cevil.example",
            "/a%5Cb",
            "/%09/evil.example",
            "/%0d%0aevil.example",
            "/%00",
            "/a%2F..%2F%2Fevil.example",
            "/\"",
            "/<a>",
            &long,
        ] {
            assert!(!is_own_path(bad), "{bad}");
        }
    }

    fn own() -> Url {
        Url::parse("https://own.example/login?a=b").unwrap()
    }

    const PARTS: [&str; 44] = [
        "/",
        "/",
        "\\",
        "//",
        "/\\",
        "%2f",
        "%2F",
        "%5c",
        "%5C",
        ".",
        "..",
        "%2e",
        "%2E",
        "\t",
        "\n",
        "\r",
        "\0",
        " ",
        "%09",
        "%0a",
        "%20",
        "%00",
        "%25",
        "%252f",
        "@",
        ":",
        "?",
        "#",
        ";",
        "&",
        "=",
        "evil.example",
        "own.example",
        "https:",
        "http://",
        "javascript:",
        "user:pass@",
        "[::1]",
        "\u{ff0f}",
        "\u{2215}",
        "\u{a0}",
        "\u{feff}",
        "\u{202e}",
        "a",
    ];

    /// What somebody who wants to be sent elsewhere would try.
    fn hostile() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            6 => proptest::sample::select(&PARTS[..]).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        // Most of it is refused.
        #![proptest_config(ProptestConfig {
            cases: 2048,
            max_global_rejects: 200_000,
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_path_leaves_its_origin(start in "/?", rest in hostile()) {
            let text = format!("{start}{rest}");
            prop_assume!(is_own_path(&text));
            let unescaped = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            for text in [&text, &unescaped] {
                let joined = own().join(text).unwrap();
                prop_assert_eq!(joined.origin(), own().origin(), "{}", text);
                // Nor does the path alone, which a server may redirect to.
                let again = own().join(joined.path()).unwrap();
                prop_assert_eq!(again.origin(), own().origin(), "{}", text);
            }
            let joined = own().join(&text).unwrap();
            prop_assert!(!joined.path().starts_with("//"), "{}", text);
        }

        /// What a browser asks for by a URL of ours, it is sent back to.
        #[test]
        fn browsers_find_their_way_back(
            path in "(/[a-z \u{e9}%{}|^`'\"<>+&=;:@!$(),*~_-]{1,6}){0,3}/?",
            query in proptest::option::of("[a-z /?\u{e9}%{}|^`'\"<>+&=;:@!$(),*~_.-]{0,8}"),
        ) {
            let mut url = own();
            url.set_path(&path);
            url.set_query(query.as_deref());
            let asked = &url[url::Position::BeforePath..url::Position::AfterQuery];
            prop_assume!(percent_decode_str(url.path()).all(|byte| !byte.is_ascii_control()));
            prop_assume!(percent_decode_str(url.path()).all(|byte| byte != b'\\'));
            prop_assert!(is_own_path(asked), "{}", asked);
            let joined = own().join(asked).unwrap();
            prop_assert_eq!(joined.as_str(), url.as_str());
        }
    }
}
