//! `docs/mistakes.md`: every mistake of the tests beside its error, as the compiler prints it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mistakes.md");

const HEAD: &str = "# Mistakes\n\n\
    Mistakes, and the compiler's error for each. Every mistake is a test: `tests/errors` has its source and the whole error, and the\n\
    test writes this page. The page shows the first lines of an error, the label beside its caret, and what to do. The caret points\n\
    into the line that is shown as written.\n";

/// The folders, in the order of a channel's life.
const KINDS: [(&str, &str); 20] = [
    ("path", "Paths"),
    ("subprotocols", "Subprotocols"),
    ("field", "The channel's struct"),
    ("message", "Messages"),
    ("handler", "Handlers"),
    ("hook", "Hooks"),
    ("batch", "Batches"),
    ("fault", "Faults"),
    ("notice", "Notices"),
    ("sends", "What is sent"),
    ("envelope", "Envelopes"),
    ("room", "Rooms"),
    ("history", "History"),
    ("presence", "Presence"),
    ("channels", "The list of channels"),
    ("cluster", "Several nodes"),
    ("across_crates", "Across crates"),
    ("describe", "Types described"),
    ("lock", "The lock"),
    ("half_typed", "While it is typed"),
];

/// Fails where the page says something else than the tests; writes it anew where they are.
pub fn is_up_to_date() {
    let page = page();
    if std::env::var_os("TRYBUILD").is_some_and(|asked| asked == "overwrite") {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/mistakes.md is not what the tests say: TRYBUILD=overwrite cargo test --test errors");
}

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let kinds = sorted(&root).into_iter().filter(|path| path.is_dir()).count();
    assert_eq!(kinds, KINDS.len(), "each folder has its heading");
    let mut page = String::from(HEAD);
    for (kind, heading) in KINDS {
        write!(page, "\n## {heading}\n\n| | written | the compiler says |\n|---|---|---|\n").unwrap();
        for case in sorted(&root.join(kind)).into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs")) {
            rows(&case, &mut page);
        }
    }
    page
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A row for each error of a case; the mistake's name stands in the first.
fn rows(case: &Path, page: &mut String) {
    let source = fs::read_to_string(case).unwrap();
    let stderr = fs::read_to_string(case.with_extension("stderr")).unwrap();
    let mut name = case.file_stem().unwrap().to_string_lossy().replace('_', " ");
    // A note by itself says again where a constant stands.
    for error in stderr.split("\n\n").filter(|text| !text.starts_with("note: ")).map(Error::read) {
        let line = source.lines().nth(error.line - 1).unwrap().trim();
        writeln!(page, "| {name} | {} | {} |", code(line), error.text.join("<br>")).unwrap();
        name.clear();
    }
}

/// What is shown of an error.
struct Error {
    /// Where it stands in the source, from one.
    line: usize,
    text: Vec<String>,
}

impl Error {
    fn read<'a>(printed: &'a str) -> Self {
        let mut error = Self { line: 0, text: Vec::new() };
        let mut lines = printed.lines().peekable();
        let first = lines.next().unwrap();
        let (_, message) = first.split_once(": ").unwrap_or_else(|| panic!("no error: {first}"));
        error.text.push(marked(message.trim_start_matches("evaluation panicked: ")));
        while let Some(line) = lines.next_if(|line| !line.trim_start().starts_with("-->")) {
            error.text.push(marked(line.trim()));
        }
        let place = lines.next().unwrap();
        error.line = place.rsplit(':').nth(1).unwrap().parse().unwrap();
        // The first caret's label, and the first piece of advice; what follows tells of the framework's own source.
        let mut snippet = printed
            .lines()
            .skip(1)
            .take_while(|line| !line.starts_with("help:") && !line.starts_with("note:"))
            .skip_while(|line| !line.contains("^ "));
        let caret = snippet.next().unwrap_or_default();
        let label = caret.split_once("^ ").map(|(_, label)| label);
        // Below the first caret, if another label stands beside it.
        let below = |line: &'a str| line.get(caret.find('^')?..).filter(|label| !label.starts_with(['|', ' ']));
        let label = if label.is_some_and(|label| label.starts_with('-')) { snippet.find_map(below) } else { label };
        let label = label.filter(|label| !label.starts_with("evaluation of") && !label.starts_with("in this"));
        let is_own = |line: &&str| !line.contains("this error originates") && !line.contains("required ");
        let mut in_note = false;
        let notes = printed.lines().filter_map(|line| match line.split_once("= note: ") {
            Some((before, note)) if before.trim().is_empty() => {
                in_note = is_own(&line);
                in_note.then_some(note)
            }
            // Below the text, where a note has several lines.
            _ => {
                in_note &= line.starts_with("           ");
                in_note.then_some(line.trim())
            }
        });
        error.text.extend(label.into_iter().chain(notes).map(marked));
        error
    }
}

/// Text of the compiler's in a cell of a table: its own back quotes mark code already, and what is between them stays.
fn marked(text: &str) -> String {
    let plain = |text: &str| text.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_");
    let pieces = text.split('`').enumerate().map(|(at, piece)| if at % 2 == 0 { plain(piece) } else { piece.into() });
    pieces.collect::<Vec<_>>().join("`").replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
