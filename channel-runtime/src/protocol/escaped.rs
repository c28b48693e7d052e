//! Escaping for logs: clients' text stays on one line, without characters that imitate another line or control a terminal.

use std::error::Error;
use std::fmt::{self, Display, Write as _};

/// Escapes are written as in Rust: `\n`, `\u{202e}`. A backslash is escaped too, so that an escape never was part of the text.
pub(crate) struct Escaped<T>(pub T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .try_for_each(|c| if is_plain(c) { self.0.write_char(c) } else { write!(self.0, "{}", c.escape_debug()) })
    }
}

fn is_plain(c: char) -> bool {
    // Separators of lines and paragraphs, and marks that reorder text or have no width.
    let is_format = matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    c != '\\' && !c.is_control() && !is_format
}

#[derive(Debug)]
pub(crate) struct EscapedError {
    text: String,
    source: Option<Box<Self>>,
}

impl EscapedError {
    pub fn new(error: &dyn Error) -> Self {
        Self { text: Escaped(error).to_string(), source: error.source().map(|source| Box::new(Self::new(source))) }
    }
}

impl Display for EscapedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for EscapedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &dyn Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line_and_is_read_as_it_was() {
        for (text, shown) in [
            ("ordinary, 'quoted' \"text\" of São Paulo, \u{65e5}\u{672c} \u{1f980}", None),
            ("line\r\nbreak", Some(r"line\r\nbreak")),
            ("tab\tand nul\0", Some(r"tab\tand nul\0")),
            ("\u{1b}[31mred\u{9b}0m", Some(r"\u{1b}[31mred\u{9b}0m")),
            ("a\u{2028}b\u{2029}c\u{85}d", Some(r"a\u{2028}b\u{2029}c\u{85}d")),
            ("\u{202e}txt.exe\u{200b}", Some(r"\u{202e}txt.exe\u{200b}")),
            (r"written \n as two", Some(r"written \\n as two")),
        ] {
            assert_eq!(Escaped(text).to_string(), shown.unwrap_or(text));
        }
    }

    #[test]
    fn an_error_s_causes_are_errors_still() {
        let cause = EscapedError { text: "no\nroom".into(), source: None };
        let error = EscapedError { text: "it\nfailed".into(), source: Some(Box::new(cause)) };
        let escaped = EscapedError::new(&error);
        assert_eq!(escaped.to_string(), r"it\nfailed");
        assert_eq!(escaped.source().unwrap().to_string(), r"no\nroom");
        assert!(escaped.source().unwrap().source().is_none());
    }
}
