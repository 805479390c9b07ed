//! The page in the documentation is made from what was explored.

use std::{env, fs, path::Path};

use model::{
    domain::cases,
    page::{MARK, page},
    setting::Setting,
};

use crate::explored;

/// Set, the page is written rather than compared.
const WRITE: &str = "PORTCULLIS_WRITE_GUIDE";

#[test]
fn the_page_says_what_was_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rotation-model.md");
    let text = fs::read_to_string(&path).unwrap();
    let (by_hand, made) = text.split_once(MARK).unwrap();
    let found = Setting::ALL.map(|setting| {
        let states = explored(setting).faults.values().map(|found| found.states);
        (setting, states.sum())
    });
    let expected = page(&found);
    if env::var_os(WRITE).is_some() {
        fs::write(&path, [by_hand, MARK, &expected].concat()).unwrap();
    } else {
        let wrong = made.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert!(
            made == expected,
            "write the page anew: set {WRITE}=1 for this test: {wrong:#?}"
        );
    }
}

#[test]
fn the_page_names_what_is_broken_and_counts_the_cases() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../../docs/rotation-model.md")).unwrap();
    let script = fs::read_to_string(here.join("mutants")).unwrap();
    let calls = script
        .lines()
        .filter_map(|line| line.strip_prefix("mutant '"));
    let names: Vec<_> = calls.filter_map(|call| call.split('\'').next()).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("\n| {name} | `")), "{name}");
    }
    let cases = cases().len();
    let count = format!("{},{:03} cases", cases / 1000, cases % 1000);
    assert!(page.contains(&count), "{count}");
}
