//! The folders of the three crates: which folder may import which, and what else keeps them easy to find one's way in.
//!
//! The test reads the sources as text and needs no build of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of a crate and what it may name besides itself: other folders, or crates.
type Rule = (&'static str, &'static [&'static str]);

/// The folders of `channel-runtime/src`, each with the folders that it may import.
const ROOMS: [Rule; 13] = [
    ("wire", &[]),
    ("protocol", &[]),
    ("contract", &["protocol"]),
    ("config", &["protocol", "wire"]),
    ("connection", &["wire"]),
    ("room", &["connection", "wire"]),
    ("handshake", &["config", "connection", "protocol", "wire"]),
    ("channel", &["config", "connection", "handshake", "protocol", "wire"]),
    ("socket", &["channel", "connection", "protocol", "room", "wire"]),
    ("cluster", &["channel", "connection", "protocol", "room", "socket", "wire"]),
    ("session", &["channel", "config", "connection", "handshake", "protocol", "room", "socket", "wire"]),
    (
        "server",
        &[
            "channel",
            "cluster",
            "config",
            "connection",
            "contract",
            "handshake",
            "protocol",
            "room",
            "session",
            "socket",
            "wire",
        ],
    ),
    (
        "testing",
        &[
            "channel",
            "cluster",
            "config",
            "connection",
            "handshake",
            "protocol",
            "room",
            "server",
            "session",
            "socket",
            "wire",
        ],
    ),
];

/// The crates below a server that each folder of the runtime may name, of those in [`WATCHED`].
const CRATES: [Rule; 13] = [
    ("wire", &[]),
    ("protocol", &[]),
    ("contract", &["warp"]),
    ("config", &[]),
    ("connection", &["tokio"]),
    ("room", &["tokio"]),
    ("handshake", &["tokio", "warp"]),
    ("channel", &[]),
    ("socket", &["tokio"]),
    ("cluster", &["tokio"]),
    ("session", &["tokio"]),
    ("server", &["hyper", "tokio", "tower", "warp"]),
    ("testing", &["hyper", "tokio", "tower", "warp"]),
];

/// A crate is watched with all whose names go on behind an underscore: `hyper` with `hyper_util`.
const WATCHED: [&str; 4] = ["hyper", "tokio", "tower", "warp"];

/// The folders of `channel-macros/src`, in the order in which a macro's input passes through them.
const MACRO_ROOMS: [Rule; 6] = [
    ("syntax", &[]),
    ("describe", &["syntax"]),
    ("fault", &["describe", "syntax"]),
    ("message", &["describe", "syntax"]),
    ("channel", &["describe", "message", "syntax"]),
    ("channels", &["channel", "describe", "message", "syntax"]),
];

/// The stages of `#[channel]`, each with those that it may import.
const CHANNEL_STAGES: [Rule; 4] = [
    ("channel/model", &[]),
    ("channel/check", &["channel/model"]),
    ("channel/parse", &["channel/check", "channel/model"]),
    ("channel/expand", &["channel/model"]),
];

/// The folders of `channel-client/src`.
const CLIENT_ROOMS: [Rule; 3] = [("engine", &[]), ("transport", &[]), ("client", &["engine", "transport"])];

/// The state machine has tokio's clock and one channel, and no task.
const CLIENT_CRATES: [Rule; 3] = [("engine", &["tokio"]), ("transport", &["tokio"]), ("client", &["tokio"])];

const CRATES_OF_OURS: [Crate; 3] = [
    Crate {
        source: "channel-runtime/src",
        rooms: &ROOMS,
        stages: &[],
        crates: &CRATES,
        beside: &["lib.rs", "private.rs"],
    },
    Crate {
        source: "channel-macros/src",
        rooms: &MACRO_ROOMS,
        stages: &CHANNEL_STAGES,
        crates: &[],
        beside: &["lib.rs"],
    },
    Crate {
        source: "channel-client/src",
        rooms: &CLIENT_ROOMS,
        stages: &[],
        crates: &CLIENT_CRATES,
        beside: &["lib.rs"],
    },
];

/// A room's members and the room itself own each other, and that is the only circle.
const ALLOWED_CIRCLE: [&str; 2] = ["room/live_room", "room/member"];

const LINES_OF_CODE: usize = 300;

/// One crate, and its rules.
struct Crate {
    source: &'static str,
    rooms: &'static [Rule],
    /// Folders within a room.
    stages: &'static [Rule],
    crates: &'static [Rule],
    /// What stands beside the folders, and is not held to a folder's rule.
    beside: &'static [&'static str],
}

#[test]
fn the_house_is_as_its_rules_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found: BTreeMap<_, _> = CRATES_OF_OURS.iter().flat_map(|each| violations(root, each)).collect();
    let wrong: Vec<_> = found.iter().map(|(line, remedy)| format!("{line}\n    {remedy}")).collect();
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}

/// What is not as the rules say, each with what to do about it.
fn violations(root: &Path, of: &Crate) -> Vec<(String, String)> {
    let source = root.join(of.source);
    let mut found = entries(&source, of);
    let tree = Tree::read(&source);
    let in_a_room = |module: &str| of.rooms.iter().find(|(room, _)| *room == first(module));
    let mut inside: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (module, file) in &tree.files {
        let shown = format!("{}/{}", of.source, file.path);
        if file.lines > LINES_OF_CODE {
            let remedy =
                format!("it has {} lines: look for the second noun in it, which wants a file of its own", file.lines);
            found.push((format!("{shown} has more than {LINES_OF_CODE} lines of code"), remedy));
        }
        let Some((room, below)) = in_a_room(module) else { continue };
        for target in tree.imports(module) {
            let to = first(target);
            if to == *room {
                inside.entry(room).or_default().push((module, target));
                found.extend(
                    stage_above(module, target, of).map(|(stage, remedy)| (format!("{shown} imports {stage}"), remedy)),
                );
            } else if !below.contains(&to) {
                let what = if target.is_empty() { "the root of the crate" } else { target };
                let remedy = match below {
                    [] => format!("`{room}/` imports no other folder: move what it needs down, or pass it in"),
                    _ => format!("`{room}/` may import {}: move what it needs down, or pass it in", below.join(", ")),
                };
                found.push((format!("{shown} imports {what}"), remedy));
            }
        }
        let allowed = of.crates.iter().find(|(name, _)| name == room).map_or(&WATCHED[..], |(_, crates)| crates);
        for name in WATCHED.iter().filter(|name| !allowed.contains(name) && file.names_crate(name)) {
            let remedy = format!("`{room}/` does not know {name}: that belongs in a folder above");
            found.push((format!("{shown} names {name}"), remedy));
        }
    }
    for edges in inside.values() {
        for (from, to) in circles(edges) {
            let remedy = "they import each other, maybe by others: move what both need into a third file".to_owned();
            found.push((format!("{}/{} is in a circle with {to}", of.source, tree.files[from].path), remedy));
        }
    }
    found
}

/// The stage that a file imports and its own stage may not, and what to do about it.
fn stage_above(module: &str, target: &str, of: &Crate) -> Option<(&'static str, String)> {
    let stage =
        |module: &str| of.stages.iter().find(|(stage, _)| module == *stage || module.starts_with(&format!("{stage}/")));
    let ((from, below), (to, _)) = (stage(module)?, stage(target)?);
    let may = match below {
        [] => "imports no other stage".to_owned(),
        _ => format!("may import {}", below.join(", ")),
    };
    let is_above = from != to && !below.contains(to);
    is_above.then(|| (*to, format!("`{from}/` {may}: move what it needs down, or pass it in")))
}

/// Each folder has its line in the table and a `mod.rs`, and each line its folder.
fn entries(source: &Path, of: &Crate) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let names = names_in(source);
    for name in &names {
        let shown = format!("{}/{name}", of.source);
        if of.rooms.iter().any(|(room, _)| room == name) {
            if !source.join(name).join("mod.rs").is_file() {
                found.push((
                    format!("{shown} has no mod.rs"),
                    "write one that says what the folder promises".to_owned(),
                ));
            }
        } else if !of.beside.contains(&name.as_str()) {
            let rooms: Vec<_> = of.rooms.iter().map(|(room, _)| *room).collect();
            let remedy =
                format!("put it into one of {}, or give a new folder its line in tests/house.rs", rooms.join(", "));
            found.push((format!("{shown} is no folder of the house"), remedy));
        }
    }
    for (room, _) in of.rooms.iter().filter(|(room, _)| !names.iter().any(|name| name == room)) {
        let remedy = "make the folder, or remove its line from tests/house.rs".to_owned();
        found.push((format!("{}/{room} is not there", of.source), remedy));
    }
    found
}

/// The edges between files that can be reached from each other, without the circle that is allowed.
fn circles<'a>(edges: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let reached: BTreeMap<_, _> = edges.iter().map(|(from, _)| (*from, reachable(from, edges))).collect();
    let together = |one: &str, other: &str| {
        let leads = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
        leads(one, other) && leads(other, one)
    };
    let is_allowed =
        |one: &str| reached.keys().filter(|other| together(one, other)).all(|other| ALLOWED_CIRCLE.contains(other));
    edges.iter().copied().filter(|(from, to)| together(from, to) && !is_allowed(from)).collect()
}

fn reachable<'a>(from: &'a str, edges: &[(&'a str, &'a str)]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        let targets = edges.iter().filter(|(start, _)| *start == module).map(|(_, end)| *end);
        next.extend(targets.filter(|target| reached.insert(*target)));
    }
    reached
}

/// The files of a crate that are no tests, by their modules: `room/member`, and the empty name for `lib.rs`.
struct Tree {
    files: BTreeMap<String, File>,
}

struct File {
    path: String,
    tokens: Vec<String>,
    lines: usize,
    /// The paths that are imported or named, from the root of the crate on, and whether they are only handed on.
    paths: Vec<Named>,
}

/// `crate::a::b::Name` is `["a", "b", "Name"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    path: Vec<String>,
    is_reexport: bool,
}

impl Tree {
    fn read(source: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut tests = Vec::new();
        for path in rust_files(source) {
            let text = fs::read_to_string(&path).expect("a source can be read");
            let path = path.strip_prefix(source).expect("below the source").to_string_lossy().replace('\\', "/");
            let module = module_of(&path);
            let whole = code(&text);
            let kept = without_tests(&whole);
            let declared = |code: &str| child_modules(&tokens(code));
            let children = declared(&kept);
            tests.extend(
                declared(&whole).into_iter().filter(|name| !children.contains(name)).map(|name| join(&module, &name)),
            );
            let tokens = tokens(&kept);
            let lines = kept.lines().filter(|line| !line.trim().is_empty()).count();
            let paths = paths(&tokens, &module, &children);
            files.insert(module, File { path, tokens, lines, paths });
        }
        let is_test = |module: &str| tests.iter().any(|test| module == test || module.starts_with(&format!("{test}/")));
        files.retain(|module, _| !is_test(module));
        Self { files }
    }

    /// The modules that one imports, each once. What a module hands on is looked up where it stands.
    fn imports(&self, module: &str) -> BTreeSet<&str> {
        let file = &self.files[module];
        let is_used = |named: &Named| !named.is_reexport || file.uses(named.path.last().map_or("", String::as_str));
        let targets = file.paths.iter().filter(|named| is_used(named)).filter_map(|named| self.home(&named.path, 0));
        targets.filter(|target| *target != module).collect()
    }

    /// The module in which what a path names is defined.
    fn home(&self, path: &[String], depth: usize) -> Option<&str> {
        let at = (0..=path.len()).rev().find(|&length| self.files.contains_key(&path[..length].join("/")))?;
        let (module, file) = self.files.get_key_value(&path[..at].join("/"))?;
        let handed_on = path.get(at).and_then(|name| {
            let mut reexports = file.paths.iter().filter(|named| named.is_reexport && !module.is_empty());
            reexports.find(|named| named.path.last() == Some(name) && named.path[..] != *path)
        });
        match handed_on {
            Some(named) if depth < 8 => self.home(&named.path, depth + 1),
            _ => Some(module),
        }
    }
}

impl File {
    /// Whether a name that is handed on is used in the file, too.
    fn uses(&self, name: &str) -> bool {
        self.tokens.iter().filter(|token| *token == name).count() > 1
    }

    fn names_crate(&self, name: &str) -> bool {
        self.tokens.windows(2).enumerate().any(|(at, pair)| {
            let goes_on =
                |token: &str| token.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
            pair[1] == "::"
                && goes_on(&pair[0])
                && (at < 2 || self.tokens[at - 1] != "::" || !is_name(&self.tokens[at - 2]))
        })
    }
}

/// All paths that begin with `crate`, `super`, `self` or a module of this file, from the root of the crate on.
fn paths(tokens: &[String], module: &str, children: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    let here: Vec<String> = module.split('/').filter(|name| !name.is_empty()).map(String::from).collect();
    let mut in_use = None;
    for (at, token) in tokens.iter().enumerate() {
        let before = |steps: usize| at.checked_sub(steps).map_or("", |index| tokens[index].as_str());
        match token.as_str() {
            // `impl Trait + use<'a>` imports nothing.
            "use" if tokens.get(at + 1).is_some_and(|next| next != "<") => {
                in_use = Some(matches!(before(1), "pub" | ")"))
            }
            ";" => in_use = None,
            _ => {}
        }
        let is_inside = in_use.is_some() && before(1) != "use";
        let is_start = tokens.get(at + 1).is_some_and(|next| next == "::") && before(1) != "::" && !is_inside;
        // `pub(in crate::room)` imports nothing.
        if !is_start || before(1) == "in" && before(2) == "(" {
            continue;
        }
        let base = match token.as_str() {
            "crate" => Vec::new(),
            "self" => here.clone(),
            "super" => here[..here.len().saturating_sub(1)].to_vec(),
            child if children.iter().any(|name| name == child) => [&here[..], std::slice::from_ref(token)].concat(),
            _ => continue,
        };
        let mut rest = &tokens[at + 2..];
        branches(&mut rest, base, in_use.unwrap_or(false), &mut found);
    }
    found
}

/// Reads what stands behind `base::`: names, a group in braces, or a star.
fn branches(rest: &mut &[String], base: Vec<String>, is_reexport: bool, found: &mut Vec<Named>) {
    let Some((token, behind)) = rest.split_first() else { return };
    *rest = behind;
    match token.as_str() {
        "{" => {
            while let Some(next) = rest.first().filter(|next| *next != "}") {
                if next == "," {
                    *rest = &rest[1..];
                } else {
                    branches(rest, base.clone(), is_reexport, found);
                }
            }
            *rest = rest.get(1..).unwrap_or_default();
        }
        "super" if rest.first().is_some_and(|next| next == "::") => {
            *rest = &rest[1..];
            branches(rest, base[..base.len().saturating_sub(1)].to_vec(), is_reexport, found);
        }
        // `{self}`, and `use a::*`: the module itself.
        "self" | "*" => found.push(Named { path: base, is_reexport }),
        name => {
            let path = [&base[..], &[name.to_owned()]].concat();
            if rest.first().is_some_and(|next| next == "::") && rest.get(1).is_some_and(|next| next != "<") {
                *rest = &rest[1..];
                branches(rest, path, is_reexport, found);
            } else {
                found.push(Named { path, is_reexport });
            }
        }
    }
    if rest.first().is_some_and(|next| next == "as") {
        *rest = rest.get(2..).unwrap_or_default();
    }
}

/// The names behind `mod` that stand in files of their own.
fn child_modules(tokens: &[String]) -> Vec<String> {
    tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == ";").map(|three| three[1].clone()).collect()
}

/// The source with comments blanked and without what stands in strings; its lines stay.
fn code(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let length = literal_or_comment(rest);
        if length == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            // `r` and `b` belong to a literal only where they begin a word.
            if is_part_of_name(next) {
                let word = rest.find(|each| !is_part_of_name(each)).unwrap_or(rest.len());
                code.push_str(&rest[..word]);
                rest = &rest[word..];
            }
            continue;
        }
        let blank = if rest.starts_with('/') { ' ' } else { '"' };
        code.extend(rest[..length].chars().map(|each| if each == '\n' { '\n' } else { blank }));
        rest = &rest[length..];
    }
    code
}

/// The length of the comment, text or character that the source begins with, or 0.
fn literal_or_comment(source: &str) -> usize {
    if source.starts_with("//") {
        return source.find('\n').unwrap_or(source.len());
    }
    if source.starts_with("/*") {
        return source.find("*/").map_or(source.len(), |end| end + 2);
    }
    let text = source.trim_start_matches(['b', 'c']);
    let prefix = source.len() - text.len();
    let raw = text.strip_prefix('r').map(|raw| (raw, raw.len() - raw.trim_start_matches('#').len()));
    if let Some((raw, hashes)) = raw.filter(|(raw, hashes)| raw[*hashes..].starts_with('"')) {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = &raw[hashes + 1..];
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return prefix + 1 + hashes + 1 + length;
    }
    let Some(quote) = text.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { return 0 };
    let mut inside = text[1..].char_indices();
    let mut is_first = true;
    while let Some((at, each)) = inside.next() {
        match each {
            '\\' => drop(inside.next()),
            _ if each == quote => return prefix + at + 2,
            // A lifetime has no second quote behind its first letter.
            _ if quote == '\'' && is_first && !text[1 + at + each.len_utf8()..].starts_with('\'') => return 0,
            _ => {}
        }
        is_first = false;
    }
    source.len()
}

/// Without the items that stand behind `#[cfg(test)]`, or that only tests and fuzzing have; their lines become blank.
fn without_tests(code: &str) -> String {
    let starts = ["#[cfg(test)]", "#[cfg(all(test,", "#[cfg(any(test,"];
    let Some(at) = starts.iter().filter_map(|start| code.find(start)).min() else { return code.to_owned() };
    let attribute = code[at..].find(")]").map_or(code.len(), |end| at + end + 2);
    let item = &code[attribute..];
    let mut depth = 0_usize;
    let mut end = item.len();
    for (index, each) in item.char_indices() {
        match each {
            '{' | '(' | '[' => depth += 1,
            '}' if depth == 1 => {
                let behind = &item[index + 1..];
                end = index + 1 + usize::from(behind.starts_with(';'));
                break;
            }
            ';' if depth == 0 => {
                end = index + 1;
                break;
            }
            '}' | ')' | ']' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => {
                    end = index;
                    break;
                }
            },
            _ => {}
        }
    }
    let blank: String = item[..end].chars().filter(|each| *each == '\n').collect();
    format!("{}{blank}{}", &code[..at], without_tests(&item[end..]))
}

/// Names, `::`, and every other sign by itself.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(next) = rest.chars().next() {
        let length = match next {
            ':' if rest.starts_with("::") => 2,
            _ if is_part_of_name(next) => rest.find(|each| !is_part_of_name(each)).unwrap_or(rest.len()),
            _ => next.len_utf8(),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

fn is_part_of_name(each: char) -> bool {
    each.is_alphanumeric() || each == '_'
}

fn is_name(token: &str) -> bool {
    token.starts_with(is_part_of_name)
}

fn first(module: &str) -> &str {
    module.split('/').next().unwrap_or_default()
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") }
}

/// `room/mod.rs` is `room`, `room/member.rs` is `room/member`, and `lib.rs` is the root.
fn module_of(path: &str) -> String {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { String::new() } else { path.to_owned() }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let paths = names_in(folder).into_iter().map(|name| folder.join(name));
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let below = folders.iter().filter(|path| !path.ends_with("tests")).flat_map(|path| rust_files(path));
    let here =
        files.iter().filter(|path| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs"));
    here.cloned().chain(below).collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder can be read");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The paths that a file of `room/member` names, each from the root of the crate on.
fn named_by(source: &str) -> Vec<String> {
    let tokens = tokens(&without_tests(&code(source)));
    paths(&tokens, "room/member", &child_modules(&tokens)).into_iter().map(|named| named.path.join("/")).collect()
}

#[test]
fn every_way_to_name_another_file_is_seen() {
    assert_eq!(named_by("use crate::wire::close::Close;"), ["wire/close/Close"]);
    assert_eq!(named_by("use crate::{wire::{self, frame as other}, socket};"), ["wire", "wire/frame", "socket"]);
    assert_eq!(named_by("use super::{state::State, super::wire::*};"), ["room/state/State", "wire"]);
    assert_eq!(named_by("fn f() { let x: Vec<crate::socket::Socket<u8>> = crate::hub::new::<u8>(); }").len(), 2);
    assert_eq!(named_by("mod list;\nfn f() { list::open() }"), ["room/member/list/open"]);
}

#[test]
fn what_is_no_code_names_nothing() {
    assert_eq!(named_by("/// [`X`](crate::socket)\n//! crate::a::b\n/* crate::a::b */"), [""; 0]);
    assert_eq!(named_by("const A: &str = \"crate::a::b \\\" crate::a::c\"; const B: char = '\"';"), [""; 0]);
    assert_eq!(named_by("fn f<'a>(x: &'a str) -> &'a str { r#\" \" crate::a::b \"#; x }"), [""; 0]);
    assert_eq!(named_by("#[cfg(test)]\nuse crate::a::{b};\n#[cfg(test)]\nmod tests { use crate::a::b; }"), [""; 0]);
    assert_eq!(named_by("pub(in crate::room) fn f() {}"), [""; 0]);
}

#[test]
fn a_circle_is_found_and_only_one_is_allowed() {
    let circle = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")];
    assert_eq!(circles(&circle), [("a", "b"), ("b", "c"), ("c", "a")]);
    let [one, other] = ALLOWED_CIRCLE;
    assert_eq!(circles(&[(one, other), (other, one), (one, "d")]), []);
    assert_eq!(circles(&[(one, other), (other, one), (one, "d"), ("d", one)]).len(), 4);
}
