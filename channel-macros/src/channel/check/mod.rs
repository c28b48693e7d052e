//! The rules for a channel, and the errors for breaking them. What the compiler would report too is removed.

mod bindings;
pub mod bodies;
pub mod declared;
pub mod deferrals;
pub mod foreign_hooks;
pub mod foreign_methods;
pub mod hooks;
pub mod idempotent;
pub mod lent;
pub mod misplaced;
pub mod misspelt_hooks;
pub mod raw_text;
pub mod second_block;
pub mod socket;
pub mod unmarked;
