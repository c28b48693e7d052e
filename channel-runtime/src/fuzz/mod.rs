//! What must hold whatever comes from outside: one function a fuzz target, which panics where it does not hold.
//!
//! The targets of `fuzz/` call these, and `bounded` does with a few thousand inputs in every run of the tests.

#[cfg(test)]
mod bounded;
mod frame;
mod json;
#[cfg(test)]
mod mutation;
mod reference;

pub use frame::frame;
pub use json::json;
