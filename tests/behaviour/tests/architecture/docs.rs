//! What the documentation points at is there.

use std::{collections::BTreeSet, fs};

use crate::{report, sources::crates};

/// The first folder of a path that is meant as one of the project's.
const TOP: [&str; 4] = ["crates/", "docs/", "examples/", "tests/"];

#[test]
fn paths_in_the_documentation_exist() {
    let project = crates().join("..").canonicalize().unwrap();
    let mut pages = vec![project.join("README.md")];
    let docs = fs::read_dir(project.join("docs")).unwrap();
    pages.extend(docs.map(|page| page.unwrap().path()));
    let (mut paths, mut complaints) = (BTreeSet::new(), Vec::new());
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|e| e == "md"))
    {
        let text = fs::read_to_string(page).unwrap();
        // Every second part stands between two backticks.
        for path in text.split('`').skip(1).step_by(2) {
            let is_path = TOP.iter().any(|top| path.starts_with(top)) && !path.contains([' ', '*']);
            if is_path && !project.join(path).exists() {
                complaints.push(format!("{} names `{path}`", page.display()));
            } else if is_path {
                paths.insert(path.to_owned());
            }
        }
    }
    assert!(paths.len() > 10, "{paths:?}");
    report(&complaints);
}

/// `docs/ARCHITECTURE.md` says of every folder and file of the core where it
/// belongs: whoever looks for something finds it there or one level above.
#[test]
fn every_module_of_the_core_has_its_line() {
    let project = crates().join("..").canonicalize().unwrap();
    let text = fs::read_to_string(project.join("docs/ARCHITECTURE.md")).unwrap();
    let (_, table) = text.split_once("## Where things live").unwrap();
    let src = crates().join("portcullis/src");
    let mut complaints = Vec::new();
    for entry in fs::read_dir(&src).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(&project).unwrap().to_str().unwrap();
        if !name.ends_with("lib.rs") && !table.contains(name) {
            complaints.push(format!("nothing is said to live in {name}"));
        }
    }
    report(&complaints);
}
