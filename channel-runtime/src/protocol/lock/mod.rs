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
//! Behind the lines of a channel stand its former fingerprints: `compatible 3fdbd6d396a1a3ae` and `broken ..`.
//!
//! Beside the lock, files may be generated from the channels, and are written and compared with it.
//!
//! Everything but the reading and writing of the files is `const`, and runs in the compiler. A change in how a line is written here
//! changes every lock and every fingerprint, which is a breaking change.

mod change;
mod check;
mod contents;
mod cover;
mod faults;
mod fingerprint;
mod former;
mod generated;
mod hidden;
mod line;
mod lines;
mod locked;
mod older;
mod replace;
mod report;
mod section;
mod settle;
#[cfg(test)]
mod tests;
mod text;
mod types;

pub use check::{channel, rest};
pub(crate) use fingerprint::fingerprint;
pub use fingerprint::sum;
#[cfg(not(feature = "contract"))]
pub use generated::GENERATOR;
#[cfg(feature = "contract")]
pub use generated::Generator;
pub use generated::{Generated, Kind, made_of, needs_generator};
pub(crate) use line::Line;
pub(crate) use older::Wire;
pub use older::{Compatibility, Older};
pub use section::{Lock, Section};
pub use settle::{Files, settle};
pub use types::Types;
