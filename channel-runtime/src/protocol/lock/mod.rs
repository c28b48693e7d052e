//! The lock: the wire as lines of text in a file beside the manifest, and the check that compares the two at compile time.
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
//! Everything but the reading and writing of the file is `const`, and runs in the compiler. A change in how a line is written here
//! changes every lock and every fingerprint, which is a breaking change.

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
