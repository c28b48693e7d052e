//! Nodes of one app in the test's process: their channels, the buses, and what they do together.

#[path = "../support/buses.rs"]
pub mod buses;
pub mod channels;
pub mod nodes;
#[macro_use]
pub mod scenarios;
