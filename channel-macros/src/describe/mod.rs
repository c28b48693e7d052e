//! Descriptions of types on the wire, as constants. Their tokens stand in a block with [`names`], beside the user's types.

mod attributes;
pub mod content;
mod derive;
mod prelude;
mod rate_limit;
mod rules;
pub mod types;

pub use attributes::strip;
pub use derive::expand_derive;
pub use prelude::names;
pub use rate_limit::{deprecated, limited};
