//! Fuzz targets: one function each, which panics if an input from outside breaks what must always hold.
//!
//! `fuzz/` calls them, and `bounded` does, with some thousands of inputs, in every run of the tests.

#[cfg(test)]
mod bounded;
#[cfg(feature = "deflate")]
mod deflate;
pub(crate) mod envelopes;
mod frame;
mod json;
#[cfg(test)]
mod mutation;
#[cfg(feature = "cluster")]
pub(crate) mod parcels;
mod reference;

#[cfg(feature = "deflate")]
pub use deflate::deflate;
pub use envelopes::envelopes;
pub use frame::frame;
pub use json::json;
#[cfg(feature = "cluster")]
pub use parcels::parcels;
