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

fn difference(found: &str, configured: &str) -> Option<&'static str> {
    let scheme = |name: &str| name.split_once("://").map(|(_, rest)| rest.to_owned());
    let slash = |name: &str| name.strip_suffix('/').unwrap_or(name).to_owned();
    if found == configured {
        None
    } else if found.trim() == configured.trim() {
        Some("they differ in white space only, which counts")
    } else if slash(found) == slash(configured) {
        Some("they differ in the slash at the end only: configure it as the token has it")
    } else if found.eq_ignore_ascii_case(configured) {
        Some("they differ in upper and lower case only, which counts")
    } else if scheme(found).is_some() && scheme(found) == scheme(configured) {
        Some("they differ in what stands before `://` only: configure it as the token has it")
    } else if scheme(found).as_deref() == Some(configured)
        || scheme(configured).as_deref() == Some(found)
    {
        Some("one of them lacks what stands before `://`: configure it as the token has it")
    } else {
        None
    }
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
    }
}
