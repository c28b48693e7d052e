//! What must hold whatever comes from outside: one function a fuzz target, which panics where it does not hold.
//!
//! The targets of `fuzz/` call these, and `bounded` does with a few thousand inputs in every run of the tests.

#[cfg(test)]
mod bounded;
#[cfg(feature = "deflate")]
mod deflate;
mod frame;
mod json;
#[cfg(test)]
mod mutation;
mod reference;

#[cfg(feature = "deflate")]
pub use deflate::deflate;
pub use frame::frame;
pub use json::json;
