//! The code of `docs/refresh-interceptor.md`, as modules for pages.

use std::collections::HashMap;

use crate::axios;

const PAGE: &str = include_str!("../../../docs/refresh-interceptor.md");

/// What most people write: no lock, no second thought.
const NAIVE: &str = include_str!("pages/naive.js");

const NAIVE_COOKIES: &str = include_str!("pages/naive-cookies.js");

/// An application on the page's code.
const APP: &str = include_str!("pages/app.js");

const BLANK: &str = "<!doctype html><title>app</title>";

/// Files by their names.
pub(crate) fn pages() -> HashMap<String, String> {
    let mut pages: HashMap<_, _> = blocks(PAGE).collect();
    pages.insert("app.js".into(), APP.into());
    pages.insert("naive.js".into(), NAIVE.into());
    pages.insert("naive-cookies.js".into(), NAIVE_COOKIES.into());
    pages.insert("blank.html".into(), BLANK.into());
    if let Some(module) = axios::module() {
        pages.insert("axios.min.js".into(), module);
    }
    pages
}

/// Blocks of JavaScript whose first line is a comment with the name of a file.
fn blocks(page: &str) -> impl Iterator<Item = (String, String)> {
    page.split("\n```js\n").skip(1).filter_map(|rest| {
        let (block, _) = rest.split_once("\n```")?;
        let name = block.lines().next()?.strip_prefix("// ")?;
        name.ends_with(".js")
            .then(|| (name.to_owned(), format!("{block}\n")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_all_blocks() {
        let mut names: Vec<_> = blocks(PAGE).map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["axios-session.js", "fetch-session.js", "session.js"]
        );
    }
}
