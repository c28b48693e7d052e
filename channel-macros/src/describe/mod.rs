//! Descriptions of what travels, as constants for the compiler: `#[message]` describes its fields with it, `#[channel]` its parts,
//! and `#[derive(Describe)]` the types in them.
//!
//! The tokens made here stand in a block with [`names`], beside the user's types. It may import `syntax`.

mod attributes;
pub mod content;
mod derive;
mod prelude;
mod rate_limit;
pub mod types;

pub use attributes::strip;
pub use derive::expand_derive;
pub use prelude::names;
pub use rate_limit::limited;
