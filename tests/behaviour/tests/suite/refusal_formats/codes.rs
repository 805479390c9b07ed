//! What is said of the error codes.

use std::{fs, path::Path};

use portcullis::challenge::RefusalCode;

/// The page and the documentation of the type say what the code does.
#[test]
fn codes_are_documented() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (page, mark) in [
        ("docs/refusals.md", ""),
        ("crates/portcullis/src/challenge/refusal_code.rs", "/// "),
    ] {
        let text = fs::read_to_string(project.join(page)).unwrap();
        let rows = text.lines().filter_map(|line| {
            let line = line.strip_prefix(mark)?.strip_prefix("| `")?;
            let mut cells = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned());
            let (code, status, title) = (cells.next()?, cells.next()?, cells.next()?);
            status
                .parse::<u16>()
                .ok()
                .map(|status| (code, status, title))
        });
        let known = RefusalCode::ALL.iter().map(|known| {
            let (code, title) = (known.code().to_owned(), known.title().to_owned());
            (code, known.status(), title)
        });
        let (rows, known): (Vec<_>, Vec<_>) = (rows.collect(), known.collect());
        assert_eq!(rows, known, "{page}");
    }
}
