//! The lock: the wire as lines of text, kept in a file beside the manifest, and what it means when the two differ.
//!
//! ```text
//! channel /game/:game_id
//! / game_id: u64
//! > move
//! > move from: string
//! > move promote?: string | null
//! < moved
//! < moved by: string
//! ```
//!
//! All but the file's reading and writing is `const`: it runs in the compiler of those who list channels. A change in how a line
//! is written here changes every lock and every fingerprint, and is a breaking one.

mod change;
mod check;
mod contents;
mod cover;
mod file;
mod fingerprint;
mod hidden;
mod line;
mod lines;
mod locked;
mod report;
mod section;
#[cfg(test)]
mod tests;
mod types;

pub use check::{channel, rest};
pub use file::accept;
pub(crate) use fingerprint::fingerprint;
pub(crate) use line::Line;
pub use section::{Lock, Section};
pub use types::Types;
