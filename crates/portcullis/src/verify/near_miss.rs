//! Names that are almost those that are configured.

/// In what a name differs from one of those that are configured, if hardly.
pub(super) fn near_miss<'c>(
    found: &str,
    configured: impl IntoIterator<Item = &'c str>,
) -> Option<&'static str> {
    configured
        .into_iter()
        .find_map(|own| difference(found, own))
}

/// The most that names differ in length, in bytes. Anybody may send a long one, and
/// it is compared with all that are configured.
const MAX_DIFFERENCE: usize = 64;

fn difference(found: &str, configured: &str) -> Option<&'static str> {
    if found == configured || found.len().abs_diff(configured.len()) > MAX_DIFFERENCE {
        return None;
    }
    let bare = (without_scheme(found), without_scheme(configured));
    if found.trim() == configured.trim() {
        Some("they differ in white space only, which counts")
    } else if without_slash(found) == without_slash(configured) {
        Some("they differ in the slash at the end only: configure it as the token has it")
    } else if found.eq_ignore_ascii_case(configured) {
        Some("they differ in upper and lower case only, which counts")
    } else if bare.0.is_some() && bare.0 == bare.1 {
        Some("they differ in what stands before `://` only: configure it as the token has it")
    } else if bare.0 == Some(configured) || bare.1 == Some(found) {
        Some("one of them lacks what stands before `://`: configure it as the token has it")
    } else {
        None
    }
}

fn without_slash(name: &str) -> &str {
    name.strip_suffix('/').unwrap_or(name)
}

fn without_scheme(name: &str) -> Option<&str> {
    name.split_once("://").map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hardly_differs_is_told() {
        for (found, configured, expected) in [
            ("https://i", "https://i/", "slash"),
            ("https://i/", "https://i", "slash"),
            ("https://I", "https://i", "case"),
            (" api", "api", "white space"),
            ("api://x", "https://x", "before `://`"),
            ("x", "api://x", "lacks"),
        ] {
            let told = near_miss(found, ["other", configured]).unwrap();
            assert!(told.contains(expected), "{told}");
        }
        for (found, configured) in [
            ("a", "a"),
            ("a", "b"),
            ("", "a"),
            ("https://a", "https://b"),
        ] {
            assert_eq!(near_miss(found, [configured]), None, "{found} {configured}");
        }
        // Not that it is worth a look.
        let long = format!("a{}", " ".repeat(MAX_DIFFERENCE + 1));
        assert_eq!(near_miss(&long, ["a"]), None);
    }
}
