//! `docs/tracing.md` has every event of the family, as it is in the sources.

use std::{collections::BTreeSet, fs, path::Path};

use crate::sources::{crates, sources};

#[test]
fn every_event_has_its_row() {
    let page = fs::read_to_string(crates().join("../docs/tracing.md")).unwrap();
    let rows: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with("| `portcullis"))
        .map(|line| line.trim_matches(['|', ' ']).to_owned())
        .collect();
    let mut events = BTreeSet::new();
    for member in fs::read_dir(crates()).unwrap() {
        let member = member.unwrap().path();
        let name = member.file_name().unwrap().to_str().unwrap().to_owned();
        let src = member.join("src");
        for source in sources(&src).iter().filter(|source| !source.is_test()) {
            let target = target(&name, source.path.strip_prefix(&src).unwrap());
            events.extend(events_of(&source.text).map(|event| event.row(&target)));
        }
    }
    assert!(events.len() > 50, "{events:#?}");
    let missing: Vec<_> = events.difference(&rows).collect();
    let left_over: Vec<_> = rows.difference(&events).collect();
    assert!(
        missing.is_empty() && left_over.is_empty(),
        "docs/tracing.md lacks {missing:#?}, and has {left_over:#?}"
    );
}

/// What `tracing` makes the target of: the module's path.
fn target(name: &str, file: &Path) -> String {
    let file = file.with_extension("");
    let parts = file.iter().map(|part| part.to_str().unwrap());
    let parts = parts.filter(|part| !matches!(*part, "mod" | "lib"));
    let name = name.replace('-', "_");
    std::iter::once(name.as_str())
        .chain(parts)
        .collect::<Vec<_>>()
        .join("::")
}

#[derive(Debug, Default, PartialEq)]
struct Event {
    level: String,
    name: String,
    message: String,
    fields: Vec<String>,
}

impl Event {
    fn row(&self, target: &str) -> String {
        let code = |text: &str| format!("`{text}`");
        let name = match self.name.as_str() {
            "" => String::new(),
            name => code(name),
        };
        let fields: Vec<_> = self.fields.iter().map(|field| code(field)).collect();
        let Self { level, message, .. } = self;
        let row = format!(
            "`{target}` | {level} | {name} | {message} | {}",
            fields.join(", ")
        );
        row.trim_matches(['|', ' ']).to_owned()
    }
}

const LEVELS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];

/// The events that a source file tells of.
fn events_of(text: &str) -> impl Iterator<Item = Event> {
    text.match_indices("tracing::").filter_map(move |(at, it)| {
        let rest = &text[at + it.len()..];
        let level = LEVELS.iter().find(|level| {
            rest.strip_prefix(**level)
                .is_some_and(|it| it.starts_with("!("))
        })?;
        let mut event = Event {
            level: level.to_uppercase(),
            ..Event::default()
        };
        for argument in arguments(&rest[level.len() + 2..]) {
            event.add(&argument);
        }
        Some(event)
    })
}

impl Event {
    fn add(&mut self, argument: &str) {
        let is_text = argument.starts_with('"');
        match argument.split_once('=') {
            Some((field, value)) if !is_text || field.trim_end().ends_with('"') => {
                let (field, value) = (field.trim().trim_matches('"'), value.trim());
                match field {
                    "event" => self.name = value.trim_matches('"').to_owned(),
                    field => self.fields.push(field.to_owned()),
                }
            }
            _ if is_text => self.message = unbroken(argument.trim_matches('"')),
            _ => {
                let field = argument.trim_start_matches(['%', '?', '&', '*']);
                self.fields.push(field.to_owned());
            }
        }
    }
}

/// A text of the source that goes on in the next line.
fn unbroken(text: &str) -> String {
    let lines: Vec<_> = text.split("\\\n").collect();
    let (first, rest) = lines.split_first().unwrap();
    rest.iter()
        .fold((*first).to_owned(), |all, line| all + line.trim_start())
}

/// The arguments of a macro, which end where its bracket closes.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut one) = (Vec::new(), String::new());
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for c in text.chars() {
        if in_text {
            in_text = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else {
            match c {
                '"' => in_text = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    all.push(std::mem::take(&mut one));
                    continue;
                }
                _ => {}
            }
        }
        one.push(c);
    }
    all.push(one);
    let all = all.into_iter().map(|it| it.trim().to_owned());
    all.filter(|it| !it.is_empty()).collect()
}

#[test]
fn events_are_read_from_sources() {
    let source = r#"
        tracing::warn!(
            event = "a_name",
            "error.type" = kind(a, b).as_str(),
            session.id = id,
            %error,
            "a message, \
             that = goes on"
        );
        tracing::Level::DEBUG;
    "#;
    let events: Vec<_> = events_of(source).collect();
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        event.row("target"),
        "`target` | WARN | `a_name` | a message, that = goes on | `error.type`, `session.id`, `error`"
    );
}
