//! What the clients of all languages are tested with, tests/vectors, and what needs a look inside.

mod leaks;
mod script;
mod scripts;
#[path = "../../../tests/support/mod.rs"]
mod support;
mod vectors;
