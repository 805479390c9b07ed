//! Layers look down only, and no circle ties modules or files together.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{imports::Crate, report, sources::crates};

/// The modules of the core, the lowest first. Each may use those before it.
const LAYERS: [&str; 24] = [
    "error",
    "metrics",
    "random",
    "crypto",
    "json",
    "time",
    "secret",
    "subject",
    "head",
    "jose",
    "claims",
    "verify",
    "policy",
    "user",
    "issue",
    "session",
    "csrf",
    "credentials",
    "challenge",
    "cookies",
    "guard",
    "config",
    "endpoint",
    "lib",
];

#[test]
fn the_cores_layers_look_down_only() {
    let layer = |module: &[String]| {
        // `crate::ConfigError` is what the root passes on.
        let name = module.first().map_or("lib", String::as_str);
        let found = LAYERS.iter().position(|layer| *layer == name);
        found.unwrap_or_else(|| panic!("`{name}` has no place among the layers"))
    };
    let core = Crate::read(&crates().join("portcullis/src"));
    let imports = core.imports();
    // The test reads something at all.
    assert!(imports.len() > 100, "{}", imports.len());
    let complaints: Vec<_> = imports
        .iter()
        .filter(|(user, used)| layer(user) < layer(used))
        .map(|(user, used)| format!("{} looks up to {}", user.join("/"), used.join("/")))
        .collect();
    report(&complaints);
}

#[test]
fn no_circle_ties_files_together() {
    let mut complaints = Vec::new();
    for member in fs::read_dir(crates()).unwrap() {
        let path = member.unwrap().path();
        let imports = Crate::read(&path.join("src")).imports();
        for circle in circles(&imports) {
            complaints.push(format!("{}: {}", path.display(), circle.join(" -> ")));
        }
    }
    report(&complaints);
}

/// For each module that is on a circle, the shortest way back to it.
fn circles(imports: &BTreeSet<(Vec<String>, Vec<String>)>) -> Vec<Vec<String>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (user, used) in imports {
        uses.entry(user.join("/"))
            .or_default()
            .insert(used.join("/"));
    }
    uses.keys()
        .filter_map(|start| way_back(&uses, start))
        .collect()
}

fn way_back(uses: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.to_owned()]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in uses.get(way.last()?).into_iter().flatten() {
                let mut way = way.clone();
                way.push(next.clone());
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

#[test]
fn a_circle_is_found() {
    let pair = |user: &str, used: &str| (vec![user.to_owned()], vec![used.to_owned()]);
    let imports = BTreeSet::from([
        pair("a", "b"),
        pair("b", "c"),
        pair("c", "b"),
        pair("d", "a"),
    ]);
    assert_eq!(circles(&imports), [["b", "c", "b"], ["c", "b", "c"]]);
}
