//! Who is present, in the class of a channel: a map that the core keeps up to date.

use super::channels::Printer;
use crate::contract::directions::Direction;

const DOCS: &str = "  /** Who is in the room, by user. */\n";

impl Printer<'_, '_> {
    /// What is seen of a connection. `None` if it is not told who is present.
    fn seen(&self) -> Option<String> {
        let presence = self.channel.presence.as_ref()?;
        Some(self.expressions.ty(&presence.seen, Direction::Heard).text)
    }

    pub(super) fn seen_in_protocol(&self) -> String {
        let line = |seen| format!("  /** Of a connection of somebody who is present. */\n  seen: {seen}\n");
        self.seen().map_or_else(String::new, line)
    }

    pub(super) fn present_typescript(&self) -> String {
        let line = |seen| format!("{DOCS}  readonly present = whoIsPresent<{seen}>(this)\n");
        self.seen().map_or_else(String::new, line)
    }

    pub(super) fn present_javascript(&self) -> String {
        self.seen().map_or_else(String::new, |_| "  present = whoIsPresent(this)\n".to_owned())
    }

    pub(super) fn present_declaration(&self) -> String {
        self.seen().map_or_else(String::new, |seen| format!("{DOCS}  readonly present: WhoIsPresent<{seen}>\n"))
    }

    /// Whether a method of this name would hide the map.
    pub(super) fn is_present(&self, name: &str) -> bool {
        name == "present" && self.channel.presence.is_some()
    }
}
