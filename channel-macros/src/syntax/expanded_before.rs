//! Remembers impl blocks that were expanded before, to find a channel's second one: the compiler would report it in a dozen errors.
//!
//! No expansion sees another. So the source between two blocks of one name decides whether they stand in the same module. If the
//! source can't be read, nothing is found, and the compiler's errors remain.
//!
//! The handlers of a block without `#[channel]` are expanded one by one, and remembered too, so that only the first is reported.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use proc_macro2::{Ident, Span};

/// The place of a block's `impl`, or of a method's name.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    file: PathBuf,
    line: usize,
    /// In characters, from 1.
    column: usize,
}

type Seen = Mutex<Vec<(String, Place)>>;

static BLOCKS: Seen = Seen::new(Vec::new());
static METHODS: Seen = Seen::new(Vec::new());

/// Whether a block of this name was expanded before in the same module or function. The new block's `impl` is at `place`.
pub fn has_another(name: &Ident, place: Span) -> bool {
    let Some(place) = Place::of(place) else { return false };
    let name = name.to_string();
    let mut seen = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    let namesakes = seen.iter().filter(|(other, _)| *other == name).map(|(_, earlier)| (earlier, "impl"));
    let is_second = has_sibling(namesakes, (&place, "impl"));
    seen.push((name, place));
    is_second
}

/// The impl block of a handler that is expanded alone.
pub struct Unmarked {
    /// `None` if the source can't be read.
    pub channel: Option<String>,
    pub is_first: bool,
}

/// `None` if another handler of the method's block was reported before.
pub fn unmarked(method: &Ident) -> Option<Unmarked> {
    let Some(place) = Place::of(method.span()) else { return Some(Unmarked { channel: None, is_first: true }) };
    let name = method.to_string();
    let mut seen = METHODS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_second = has_sibling(seen.iter().map(|(other, earlier)| (earlier, &**other)), (&place, &name));
    let channel = place.channel();
    let is_of_channel = |other: &Place| *other != place && other.file == place.file && other.channel() == channel;
    let is_first = !seen.iter().any(|(_, other)| is_of_channel(other));
    seen.push((name, place));
    (!is_second).then_some(Unmarked { channel, is_first })
}

impl Place {
    pub fn of(span: Span) -> Option<Self> {
        // A unit test has no compiler to ask.
        if !proc_macro::is_available() {
            return None;
        }
        let span = span.unwrap();
        Some(Self { file: span.local_file()?, line: span.line(), column: span.column() })
    }

    fn channel(&self) -> Option<String> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        let before = &text[..text.len() - Source::new(&text).from(self)?.len()];
        let name = innermost_head(before)?.strip_prefix("impl ")?.trim();
        let is_name = |name: &str| name.chars().all(|char| char.is_alphanumeric() || char == '_');
        is_name(name).then(|| name.to_owned())
    }
}

struct Source<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines }
    }

    fn from(&self, place: &Place) -> Option<&'a str> {
        let line = self.text.get(*self.lines.get(place.line.checked_sub(1)?)?..)?;
        let (start, _) = line.char_indices().nth(place.column.checked_sub(1)?)?;
        line.get(start..)
    }
}

/// Whether both are in the same block of braces. The word at each place must still be there.
pub fn is_sibling([earlier, later]: [&Place; 2], words: [&str; 2]) -> bool {
    has_sibling(std::iter::once((earlier, words[0])), (later, words[1]))
}

fn has_sibling<'a>(earlier: impl Iterator<Item = (&'a Place, &'a str)>, (place, word): (&Place, &str)) -> bool {
    let mut earlier = earlier
        .filter(|(earlier, _)| {
            earlier.file == place.file && (earlier.line, earlier.column) < (place.line, place.column)
        })
        .peekable();
    if earlier.peek().is_none() {
        return false;
    }
    let Ok(text) = std::fs::read_to_string(&place.file) else { return false };
    let source = Source::new(&text);
    let Some(to) = source.from(place) else { return false };
    // In an editor the source changes while this process lives on.
    to.starts_with(word)
        && earlier.any(|(earlier, word)| {
            source.from(earlier).is_some_and(|from| {
                from.starts_with(word) && from.len() >= to.len() && is_balanced(&from[..from.len() - to.len()])
            })
        })
}

fn is_balanced(source: &str) -> bool {
    let mut open = 0_usize;
    for (_, mark) in marks(source) {
        match mark {
            b'{' => open += 1,
            b'}' if open == 0 => return false,
            b'}' => open -= 1,
            _ => {}
        }
    }
    open == 0
}

fn innermost_head(source: &str) -> Option<&str> {
    let mut open = Vec::new();
    let mut end_of_last = 0;
    for (at, mark) in marks(source) {
        match mark {
            b'{' => open.push(&source[end_of_last..at]),
            b'}' => drop(open.pop()),
            _ => {}
        }
        end_of_last = at + 1;
    }
    let head = open.pop()?;
    Some(head[head.rfind("impl ")?..].trim_end())
}

fn marks(source: &str) -> impl Iterator<Item = (usize, u8)> {
    // By bytes, because macros are compiled without optimization. No byte of a longer character looks like one of these.
    let bytes = source.as_bytes();
    let mut next = 0;
    std::iter::from_fn(move || {
        while next < bytes.len() {
            let at = next;
            let behind = |skip: usize, rest: fn(&str) -> &str| source.len() - rest(&source[at + skip..]).len();
            next = match bytes[at] {
                b'/' if source[at..].starts_with("//") => {
                    behind(2, |rest| rest.split_once('\n').map_or("", |(_, rest)| rest))
                }
                b'/' if source[at..].starts_with("/*") => {
                    behind(2, |rest| rest.split_once("*/").map_or("", |(_, rest)| rest))
                }
                b'r' if source[at + 1..].trim_start_matches('#').starts_with('"') => behind(1, behind_raw_text),
                b'"' => behind(1, behind_text),
                b'\'' => behind(1, behind_quote),
                _ => at + 1,
            };
            if matches!(bytes[at], b'{' | b'}' | b';') {
                return Some((at, bytes[at]));
            }
        }
        None
    })
}

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
    fn the_block_around_a_method_is_read_off_the_source() {
        for (source, head) in [
            ("impl Game { fn a() {} #[message] fn ", "impl Game"),
            ("struct Game; impl Game{fn ", "impl Game"),
            ("mod game { /// An impl of it;\n#[allow(unused)] // {\nimpl Game { const A: &str = \"}\"; ", "impl Game"),
            ("impl Game {}\nimpl Play for Game {\n", "impl Play for Game"),
        ] {
            assert_eq!(innermost_head(source), Some(head), "{source}");
        }
        for source in ["", "impl Game {} fn ", "trait Play { fn "] {
            assert_eq!(innermost_head(source), None, "{source}");
        }
    }

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let place = |line, column| Place { file: PathBuf::new(), line, column };
        let text = "ab\nüimpl\n";
        let source = Source::new(text);
        assert_eq!(source.from(&place(2, 2)), Some("impl\n"));
        assert_eq!(source.from(&place(1, 1)), Some(text));
        assert_eq!(source.from(&place(7, 1)), None);
        assert_eq!(source.from(&place(0, 0)), None);
    }
}
