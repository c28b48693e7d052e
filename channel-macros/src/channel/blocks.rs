//! Whether a channel has an impl block already, which no expansion can ask: the compiler would say so in a dozen errors.
//!
//! The blocks that were expanded before are remembered. That two of one name are the same channel's, and do not stand in two
//! modules, is read off the source between them. Where that can't be had, nothing is found and the compiler's errors remain.
//!
//! In the same way the handlers of a block that lacks its `#[channel]`, each expanded alone, find that another one has told of it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use proc_macro2::{Ident, Span};

/// Where a block's `impl` stands, or a method's name.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    file: PathBuf,
    /// From one.
    line: usize,
    /// In characters, from one.
    column: usize,
}

type Seen = Mutex<Vec<(String, Place)>>;

static BLOCKS: Seen = Seen::new(Vec::new());
static METHODS: Seen = Seen::new(Vec::new());

/// Whether a block for the channel of this name stands in the same module or function; this one's `impl` is at `place`.
pub fn has_another(name: &Ident, place: Span) -> bool {
    let Some(place) = Place::of(place) else { return false };
    let name = name.to_string();
    let mut seen = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_second = seen.iter().any(|(other, earlier)| *other == name && is_sibling([earlier, &place], ["impl"; 2]));
    seen.push((name, place));
    is_second
}

/// Whether a method that came here before stands in the same impl block as the one of this name.
pub fn has_earlier_method(name: &Ident) -> bool {
    let Some(place) = Place::of(name.span()) else { return false };
    let name = name.to_string();
    let mut seen = METHODS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_second = seen.iter().any(|(other, earlier)| is_sibling([earlier, &place], [other, &name]));
    seen.push((name, place));
    is_second
}

impl Place {
    fn of(span: Span) -> Option<Self> {
        // In a unit test there is no compiler to ask.
        if !proc_macro::is_available() {
            return None;
        }
        let span = span.unwrap();
        Some(Self { file: span.local_file()?, line: span.line(), column: span.column() })
    }

    /// The source from here on.
    fn rest<'a>(&self, source: &'a str) -> Option<&'a str> {
        let before: usize = source.split_inclusive('\n').take(self.line.checked_sub(1)?).map(str::len).sum();
        let line = source.get(before..)?;
        let (start, _) = line.char_indices().nth(self.column.checked_sub(1)?)?;
        line.get(start..)
    }
}

/// Whether no brace that is open at the one is closed at the other; each begins with its word.
fn is_sibling([earlier, later]: [&Place; 2], words: [&str; 2]) -> bool {
    if earlier.file != later.file || (earlier.line, earlier.column) >= (later.line, later.column) {
        return false;
    }
    let Ok(source) = std::fs::read_to_string(&earlier.file) else { return false };
    let (Some(from), Some(to)) = (earlier.rest(&source), later.rest(&source)) else { return false };
    // An editor's server lives on while the source changes.
    from.starts_with(words[0]) && to.starts_with(words[1]) && is_balanced(&from[..from.len() - to.len()])
}

/// Whether the braces in a piece of source belong together, and none closes one that is opened before the piece.
fn is_balanced(source: &str) -> bool {
    let mut open = 0_usize;
    let mut rest = source;
    while let Some(char) = rest.chars().next() {
        rest = match char {
            '/' if rest.starts_with("//") => rest.split_once('\n').map_or("", |(_, rest)| rest),
            '/' if rest.starts_with("/*") => rest.split_once("*/").map_or("", |(_, rest)| rest),
            'r' if rest[1..].trim_start_matches('#').starts_with('"') => behind_raw_text(&rest[1..]),
            '"' => behind_text(&rest[1..]),
            '\'' => behind_quote(&rest[1..]),
            _ => {
                match char {
                    '{' => open += 1,
                    '}' if open == 0 => return false,
                    '}' => open -= 1,
                    _ => {}
                }
                &rest[char.len_utf8()..]
            }
        };
    }
    open == 0
}

/// Behind `##"..."##`.
fn behind_raw_text(rest: &str) -> &str {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let end = format!("\"{}", &rest[..hashes]);
    rest[hashes + 1..].split_once(&end).map_or("", |(_, rest)| rest)
}

fn behind_text(rest: &str) -> &str {
    let mut is_escaped = false;
    let end = rest.find(|char| {
        let is_end = char == '"' && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        is_end
    });
    end.map_or("", |end| &rest[end + 1..])
}

/// Behind a character; of a lifetime nothing is taken but its quote.
fn behind_quote(rest: &str) -> &str {
    let mut chars = rest.char_indices();
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((_, escaped))) => {
            rest[1 + escaped.len_utf8()..].split_once('\'').map_or("", |(_, rest)| rest)
        }
        (Some(_), Some((end, '\''))) => &rest[end + 1..],
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_belong_together_wherever_they_stand() {
        for source in [
            "impl Game { fn a(&self) { if x {} } }\n#[channel]\n",
            r#"impl Game { fn a<'a>(&'a self) { let x = ['{', '\'', '}', '"', '\u{7b}']; } }"#,
            r###"impl Game { const A: &str = "}\"{\\"; const B: &str = r"}"; const C: &str = r#"}"{"#; }"###,
            "impl Game { // }}\n /* }} */ }",
            "impl Größe { fn hör(&self) -> &str { \"{ü\" } }",
        ] {
            assert!(is_balanced(source), "{source}");
            assert!(!is_balanced(&format!("{source} }}")) && !is_balanced(&format!("{{ {source}")), "{source}");
        }
        assert!(!is_balanced("impl Game {} } mod other {"), "two modules");
    }

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let place = |line, column| Place { file: PathBuf::new(), line, column };
        let source = "ab\nüimpl\n";
        assert_eq!(place(2, 2).rest(source), Some("impl\n"));
        assert_eq!(place(1, 1).rest(source), Some(source));
        assert_eq!(place(7, 1).rest(source), None);
        assert_eq!(place(0, 0).rest(source), None);
    }
}
