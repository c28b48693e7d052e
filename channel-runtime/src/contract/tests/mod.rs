//! The names, the first line, and what the printed TypeScript says of each form.

mod core;
mod names;
mod printed;
mod stamp;
