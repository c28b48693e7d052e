//! What the clients of all languages are tested with: tests/vectors.

mod script;
mod scripts;
#[path = "../../../tests/support/mod.rs"]
mod support;
mod vectors;
