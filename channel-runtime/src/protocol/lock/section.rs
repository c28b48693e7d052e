//! A lock file as data: its sections, each for a channel or a type.

use super::line::starts;

/// A lock file, read by `channels![..]`.
#[derive(Clone, Copy, Debug)]
pub struct Lock<'a> {
    /// Its name as the user wrote it.
    pub file: &'a str,
    /// What accepts a change.
    pub command: &'a str,
    /// What is in it.
    pub sections: &'a [Section<'a>],
}

/// A channel or a type in it.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// `channel /game/:game_id` or `type Piece`
    pub header: &'a str,
    /// Its lines, each with its end, in the order of the bytes of their keys: what stands before the colon, without the `?`.
    pub lines: &'a str,
    /// What a section of the same lines has for its part of the fingerprint.
    pub sum: u64,
}

impl Section<'_> {
    /// Whether the section is a channel's, and not a type's.
    pub const fn is_channel(&self) -> bool {
        starts(self.header, "channel ").is_some()
    }
}
