//! The report of a check: the changes that were found, as the text of an error.

use super::change::{Change, Verdict};
use super::line::starts;
use super::section::{Lock, Section};
use crate::protocol::const_text::ConstText;

pub type Text = ConstText<3072>;

/// If the text is longer than this, further changes are only counted.
const ENOUGH: usize = 2048;

pub struct Report {
    changes: Text,
    worst: Verdict,
    unsaid: usize,
}

impl Report {
    pub const fn new() -> Self {
        Self { changes: Text::new(), worst: Verdict::Fine, unsaid: 0 }
    }

    pub const fn is_empty(&self) -> bool {
        self.changes.len() == 0
    }

    /// The verdict on the gravest change.
    pub const fn worst(&self) -> Verdict {
        self.worst
    }

    pub const fn add(&mut self, about: &[&str], change: Change) {
        let word = match change.verdict {
            Verdict::Fine => "\n  fine: ",
            Verdict::Unclear => "\n  see: ",
            Verdict::Breaks => "\n  breaks: ",
        };
        if (change.verdict as u8) > self.worst as u8 {
            self.worst = change.verdict;
        }
        if self.changes.len() > ENOUGH {
            self.unsaid += 1;
            return;
        }
        self.changes.push(word);
        self.changes.push_all(about);
        self.changes.push(" ");
        self.changes.push(change.text);
    }

    pub const fn text(&self, lock: &Lock, what: &[&str]) -> Option<Text> {
        if self.is_empty() {
            return None;
        }
        let mut text = Text::new();
        text.push_all(what);
        text.push_all(&[" not what `", lock.file, "` says, "]);
        text.push(match self.worst {
            Verdict::Fine => "and old clients go on working",
            Verdict::Unclear => "and whether old clients go on working is for you to see",
            Verdict::Breaks => "and old clients break",
        });
        text.push(self.changes.as_str());
        if self.unsaid > 0 {
            text.push("\n  and ");
            text.push_number(self.unsaid);
            text.push(" more");
        }
        text.push_all(&["\n`>` is from clients, `<` to clients; if this is meant, accept it: ", lock.command]);
        Some(text)
    }

    /// `was` is the old text behind the colon, or empty if that is the same.
    pub const fn line(&mut self, section: &Section, line: &str, was: &str, change: Change) {
        let [open, name, close] = match starts(section.header, "type ") {
            Some(name) => ["in `", name, "`, "],
            None => ["", "", ""],
        };
        let [before, was, behind] = if was.is_empty() { ["", "", ""] } else { [" (was `", was, "`)"] };
        self.add(&[open, name, close, "`", line, "`", before, was, behind], change);
    }
}
