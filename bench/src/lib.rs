//! What our channels cost, beside the usual chats and the bare system calls: `cargo run --release -p bench`.
//!
//! - `bin/bench` is that command: it starts each server in turn, loads it, and prints one table.
//! - `bin/server` is ours; `bin/warp-chat` and `bin/axum-chat` are what one writes without us; `bin/raw` is the floor.
//! - `bin/wsload` is the load client.
//! - `bin/costs` counts what one connection, one echo and one delivery take, in instructions and allocations.
//! - `bin/compile` measures what the macros cost the compiler.
//! - `bin/chaos` lets several nodes and their bus fail, and looks for what is missing.
//! - `bin/cluster` measures what it costs to be one of several nodes.
//! - `bin/soak` looks for what remains when everybody has left.
//!
//! Here is what they share.

pub mod asked;
pub mod chat;
pub mod frame;
pub mod os;
pub mod report;
pub mod room;
pub mod serving;
