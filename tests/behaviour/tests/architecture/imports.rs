//! Which file takes names from which, as far as their imports say.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::sources::{Source, sources};

/// A path through modules, such as `["jose", "key_set"]`; empty for the root.
type Module = Vec<String>;

/// The modules of one crate, and what each takes from others.
pub(crate) struct Crate {
    files: BTreeMap<Module, File>,
}

struct File {
    /// The code, without comments and tests.
    code: String,
    /// Names that the module passes on from elsewhere, with their paths.
    passed_on: BTreeMap<String, Vec<String>>,
}

impl Crate {
    /// Reads the crate whose sources are in `src`.
    pub(crate) fn read(src: &Path) -> Self {
        let read = sources(src).into_iter().filter(|file| !file.is_test());
        let files = read.map(|source| (module_of(src, &source), File::read(&source)));
        let files: BTreeMap<_, _> = files.collect();
        assert!(!files.is_empty(), "{} has no sources", src.display());
        Self { files }
    }

    /// Pairs of modules, the first of which takes something from the second.
    ///
    /// What a module only passes on (`pub use`) it does not take.
    pub(crate) fn imports(&self) -> BTreeSet<(Module, Module)> {
        let mut found = BTreeSet::new();
        for (module, file) in &self.files {
            for path in paths(&file.code, Passed::Over) {
                if let Some(taken) = self.resolve(module, &path)
                    && taken != *module
                {
                    found.insert((module.clone(), taken));
                }
            }
        }
        found
    }

    /// The module in whose file `path`, as it stands in `module`, ends.
    fn resolve(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut at = module.clone();
        let mut rest = path;
        let mut is_anchored = false;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => {
                    at.pop();
                }
                _ => break,
            }
            (rest, is_anchored) = (after, true);
        }
        while let Some((name, after)) = rest.split_first() {
            let child: Module = at.iter().cloned().chain([name.clone()]).collect();
            let file = self.files.get(&at)?;
            if self.files.contains_key(&child) {
                at = child;
            } else if let Some(passed_on) = file.passed_on.get(name) {
                // `pub use other_crate;` leads out of the crate.
                if passed_on.first() == Some(name) {
                    return None;
                }
                let further: Vec<_> = passed_on.iter().chain(after).cloned().collect();
                return self.resolve(&at, &further);
            } else if is_anchored {
                return Some(at);
            } else {
                // Another crate, or a name of the file's own.
                return None;
            }
            (rest, is_anchored) = (after, true);
        }
        Some(at)
    }
}

impl File {
    fn read(source: &Source) -> Self {
        let code: Vec<_> = source.code().map(|(_, line)| line).collect();
        let code = code.join("\n");
        let passed_on = paths(&code, Passed::On)
            .into_iter()
            .filter_map(|path| Some((path.last()?.clone(), path)))
            .collect();
        Self { code, passed_on }
    }
}

/// The module that a file is.
fn module_of(src: &Path, source: &Source) -> Module {
    let path = source.path.strip_prefix(src.canonicalize().unwrap());
    let path = path.unwrap().with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    let mut module: Module = parts.collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Which paths are looked for.
#[derive(Clone, Copy, PartialEq)]
enum Passed {
    /// Those of `pub use`.
    On,
    /// All others.
    Over,
}

/// The paths that `code` names.
fn paths(code: &str, passed: Passed) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some((before, import, after)) = next_import(rest) {
        if passed == Passed::Over {
            inline(before, &mut found);
        }
        let is_passed_on = before.trim_end().ends_with("pub")
            || before.trim_end().ends_with("pub(crate)")
            || before.trim_end().ends_with("pub(super)");
        if is_passed_on == (passed == Passed::On) {
            tree(import, &mut Vec::new(), &mut found);
        }
        rest = after;
    }
    if passed == Passed::Over {
        inline(rest, &mut found);
    }
    found
}

/// What stands before, in and behind the next `use …;`.
fn next_import(code: &str) -> Option<(&str, &str, &str)> {
    let starts = code.match_indices("use ").map(|(at, _)| at);
    let is_word = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_import = |at: usize| {
        let line = code[..at].rsplit('\n').next().unwrap_or_default().trim();
        line.is_empty() || (line.starts_with("pub") && !line.contains(' '))
    };
    let at = starts.filter(|at| is_word(*at)).find(|at| is_import(*at))?;
    let (import, after) = code[at + "use ".len()..].split_once(';')?;
    Some((&code[..at], import, after))
}

/// The paths of an import, with braces and renaming.
fn tree(import: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let import = import.trim();
    let depth = prefix.len();
    let (path, group) = match import.split_once('{') {
        Some((path, group)) => (path, Some(group.trim_end().trim_end_matches('}'))),
        None => (import, None),
    };
    let path = path.split(" as ").next().unwrap_or_default();
    let names = path.split("::").map(str::trim);
    prefix.extend(
        names
            .filter(|name| !name.is_empty() && *name != "*")
            .map(str::to_owned),
    );
    match group {
        None => found.push(prefix.clone()),
        Some(group) => {
            for part in split_outside_braces(group) {
                tree(part, prefix, found);
            }
        }
    }
    prefix.truncate(depth);
}

/// The parts between the commas that no brace encloses.
fn split_outside_braces(group: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[from..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The paths of two names and more outside of imports.
fn inline(code: &str, found: &mut Vec<Vec<String>>) {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in code.match_indices("::") {
        let first = &code[..at];
        let start = first.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
        if first[..start].ends_with("::") || first[start..].is_empty() {
            continue;
        }
        let end = code[start..]
            .find(|c| !is_name(c) && c != ':')
            .map_or(code.len(), |end| start + end);
        let path = code[start..end].split("::").map(str::to_owned);
        found.push(path.filter(|name| !name.is_empty()).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(code: &str, passed: Passed) -> Vec<String> {
        let paths = paths(code, passed).into_iter();
        paths.map(|path| path.join("::")).collect()
    }

    #[test]
    fn imports_are_read_with_their_braces() {
        let code = "use std::fmt;\npub use self::{a::B, c};\nuse crate::{\n    x::{Y, self},\n    z as w,\n};\n\
                    fn f() { super::g::h(); let u = v; crate::K::new() }";
        assert_eq!(joined(code, Passed::On), ["self::a::B", "self::c"]);
        assert_eq!(
            joined(code, Passed::Over),
            [
                "std::fmt",
                "crate::x::Y",
                "crate::x::self",
                "crate::z",
                "super::g::h",
                "crate::K::new"
            ]
        );
    }
}
