//! What holds the guide's pages together.

#![allow(clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages(folder: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(root().join(folder)).expect("the guide's folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|it| it == "md"));
    pages.map(|path| (path.clone(), read(path))).collect()
}

/// The chapter about sessions shows the program, not something like it.
#[test]
fn the_page_about_sessions_shows_the_example() {
    let program = read("examples/sessions-axum/src/main.rs");
    // Its own documentation is on the page in other words.
    let (_, program) = program.split_once("\n\n").expect("a header");
    let page = read("docs/guide/sessions.md");
    assert!(
        page.contains(&format!("```rust,no_run\n{program}```\n")),
        "docs/guide/sessions.md shows another program than examples/sessions-axum"
    );
}

/// Every page with Rust in it is compiled.
#[test]
fn every_page_is_compiled() {
    let library = read("tests/guide/src/lib.rs");
    for (folder, below) in [("docs/guide", ""), ("docs/guide/migration", "migration/")] {
        for (path, text) in pages(folder) {
            let name = path.file_name().expect("a name").to_string_lossy();
            if text.contains("```rust") && name != "sessions.md" {
                assert!(
                    library.contains(&format!("\"{below}{name}\"")),
                    "{below}{name} is not in tests/guide/src/lib.rs"
                );
            }
        }
    }
}

/// No page is out of reach.
#[test]
fn the_index_names_every_page() {
    for folder in ["docs/guide", "docs/guide/migration"] {
        let index = read(Path::new(folder).join("README.md"));
        for (path, _) in pages(folder) {
            let name = path.file_name().expect("a name").to_string_lossy();
            assert!(
                name == "README.md" || index.contains(&format!("]({name})")),
                "{folder}/README.md does not lead to {name}"
            );
        }
    }
}

/// Within the project, every link of the guide leads somewhere.
#[test]
fn links_lead_somewhere() {
    for folder in ["docs/guide", "docs/guide/migration"] {
        for (path, text) in pages(folder) {
            // Not in code.
            let prose: String = text.split("```").step_by(2).collect();
            for link in prose.split("](").skip(1) {
                let link = link.split([')', '#']).next().unwrap_or_default();
                if link.is_empty() || link.contains("://") {
                    continue;
                }
                let target = path.parent().expect("a folder").join(link);
                assert!(target.exists(), "{}: {link} is not there", path.display());
            }
        }
    }
}
