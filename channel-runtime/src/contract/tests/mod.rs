//! The names, the first line, and what the printed TypeScript says of each form.

mod names;
mod stamp;
