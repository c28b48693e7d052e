//! A page of numbers in Prometheus' text format.
//!
//! No crate's registry stands in between: the numbers exist already, and a registry would be a second copy of each, which somebody
//! has to bring up to date. A page is written when it is asked for.

use std::fmt::{Display, Write as _};

use crate::server::numbers::{Collector, Family, Kind, Label};

/// A page in Prometheus' text format, version 0.0.4.
#[derive(Default)]
pub(crate) struct Page {
    pub text: String,
    name: &'static str,
}

impl Page {
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    fn push(&mut self, part: impl Display) {
        write!(self.text, "{part}").expect("a String takes everything");
    }
}

impl Collector for Page {
    fn begin(&mut self, Family { name, kind, help }: Family) {
        self.name = name;
        let kind = if kind == Kind::Counter { "counter" } else { "gauge" };
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn add(&mut self, labels: &[Label], value: u64) {
        self.push(self.name);
        for (at, (label, of)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            self.push(format_args!("{before}{label}=\"{}\"", Escaped(of)));
        }
        let behind = if labels.is_empty() { "" } else { "}" };
        self.push(format_args!("{behind} {value}\n"));
    }

    #[cfg(feature = "cluster")]
    fn only_fraction(&mut self, family: Family, value: f64) {
        self.begin(family);
        self.push(format_args!("{} {value}\n", family.name));
    }
}

/// A label's value, such as a message's type, which may hold anything.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for char in self.0.chars() {
            match char {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                char => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_prometheus_reads_it() {
        let mut page = Page::default();
        page.begin(Family::counter("received_total", "Messages."));
        page.add(&[("channel", "Chat"), ("type", "a \"b\"\\\n")], 7);
        page.add(&[("channel", "Chat"), ("type", "say")], u64::MAX);
        page.only(Family::gauge("users", "Users."), 0);
        let expected = r#"# HELP received_total Messages.
# TYPE received_total counter
received_total{channel="Chat",type="a \"b\"\\\n"} 7
received_total{channel="Chat",type="say"} 18446744073709551615
# HELP users Users.
# TYPE users gauge
users 0
"#;
        assert_eq!(page.text, expected);
    }
}
