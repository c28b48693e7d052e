//! A lock file as data: its sections, each for a channel or a type.

use super::line::starts;

/// A lock file, as `channels![..]` reads it.
#[derive(Clone, Copy, Debug)]
pub struct Lock<'a> {
    /// The name of the file, as the user wrote it.
    pub file: &'a str,
    /// The command that accepts a change.
    pub command: &'a str,
    /// The sections of the file.
    pub sections: &'a [Section<'a>],
}

/// A channel or a type in the lock file.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The first line: `channel /game/:game_id` or `type Piece`.
    pub header: &'a str,
    /// The other lines, each with its line end, ordered by the bytes of their keys: the text before the colon, without the `?`.
    pub lines: &'a str,
    /// The section's part of the fingerprint, as computed from these lines.
    pub sum: u64,
}

impl Section<'_> {
    /// Whether the section is a channel's, and not a type's.
    pub const fn is_channel(&self) -> bool {
        starts(self.header, "channel ").is_some()
    }
}
