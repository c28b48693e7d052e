//! The placeholders in a fault's message: `{least}`, `{0}`, `{least:>8.digits$}`.

/// A format string whose numbers are names, `{_0}`, and the names in it, each once.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    pub text: String,
    /// As the user writes them: `least`, `0`.
    pub names: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Mistake {
    /// `{}`
    NoName,
    /// A brace without another.
    Brace,
}

pub fn read(message: &str) -> Result<Format, Mistake> {
    let mut format = Format { text: String::with_capacity(message.len()), names: Vec::new() };
    let mut rest = message;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, behind) = rest.split_at(at);
        format.text += before;
        let (brace, behind) = behind.split_at(1);
        if let Some(after) = behind.strip_prefix(brace) {
            format.text += brace;
            format.text += brace;
            rest = after;
            continue;
        }
        let (inside, after) = behind.split_once('}').filter(|_| brace == "{").ok_or(Mistake::Brace)?;
        let (name, spec) = inside.split_once(':').map_or((inside, None), |(name, spec)| (name, Some(spec)));
        let name = name.trim();
        if name.is_empty() {
            return Err(Mistake::NoName);
        }
        format.text += "{";
        format.add(name);
        if let Some(spec) = spec {
            format.text += ":";
            format.add_spec(spec);
        }
        format.text += "}";
        rest = after;
    }
    format.text += rest;
    Ok(format)
}

impl Format {
    fn add(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self.text += &argument(name);
    }

    /// A width or a precision may be a field: `width$`.
    fn add_spec(&mut self, spec: &str) {
        let mut rest = spec;
        while let Some(at) = rest.find('$') {
            let (before, behind) = rest.split_at(at);
            let is_of_name = |char: char| char.is_alphanumeric() || char == '_';
            let begin = before.trim_end_matches(is_of_name).len();
            // As `format!` reads it, `08$` has a flag and the width `8`, and `0$` the width `0`.
            let is_flag = before[begin..].len() > 1 && before[begin..].starts_with('0');
            let (plain, name) = before.split_at(begin + usize::from(is_flag));
            // A fill before a number: `{0:*1$}` has none in it, and `{0:a<1$}` ends at the `<`.
            self.text += plain;
            if !name.is_empty() {
                self.add(name);
            }
            self.text += "$";
            rest = &behind[1..];
        }
        self.text += rest;
    }
}

/// The argument of `format!` for a field.
pub fn argument(field: &str) -> String {
    match field.starts_with(|char: char| char.is_ascii_digit()) {
        true => format!("_{field}"),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_wherever_a_format_may_have_them() {
        for (message, text, names) in [
            ("over", "over", &[][..]),
            ("bid {least} or more", "bid {least} or more", &["least"]),
            ("{0} of {1}, {0}", "{_0} of {_1}, {_0}", &["0", "1"]),
            ("{{not}} {is}", "{{not}} {is}", &["is"]),
            ("{a:?} {b:>8} {c:#x}", "{a:?} {b:>8} {c:#x}", &["a", "b", "c"]),
            ("{a:>w$.p$} {0:*<1$}", "{a:>w$.p$} {_0:*<_1$}", &["a", "w", "p", "0", "1"]),
            ("{a:0w$} {a:#01$x} {a:0$}", "{a:0w$} {a:#0_1$x} {a:_0$}", &["a", "w", "1", "0"]),
            ("{ spaced }", "{spaced}", &["spaced"]),
            ("ümlaut {größe}", "ümlaut {größe}", &["größe"]),
        ] {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(read(message), Ok(Format { text: text.to_owned(), names }), "{message}");
        }
        for message in ["{", "a } b", "{a", "{{}", "}}}", "{a}}"] {
            assert_eq!(read(message), Err(Mistake::Brace), "{message}");
        }
        for message in ["{}", "{:?}", "a { } b"] {
            assert_eq!(read(message), Err(Mistake::NoName), "{message}");
        }
    }
}
