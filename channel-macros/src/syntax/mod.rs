//! The user's syntax that several macros share: arguments, durations, sizes, rates, paths, types, impl blocks, and the errors.

pub mod args;
pub mod deprecated;
pub mod docs;
pub mod durations;
pub mod errors;
pub mod expanded_before;
pub mod fnv;
pub mod impl_block;
pub mod incomplete;
pub mod names;
pub mod path_pattern;
pub mod rate;
pub mod receiver;
pub mod runtime_path;
pub mod serde_attributes;
pub mod sizes;
pub mod spans;
pub mod types;
pub mod wire_type;
