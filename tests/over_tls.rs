//! What holds over TCP holds over TLS: the suites once more, over TLS.
#![allow(clippy::duplicate_mod, reason = "each suite brings the same support")]

#[path = "arrivals.rs"]
mod arrivals;
#[path = "deadlines.rs"]
mod deadlines;
#[path = "endings.rs"]
mod endings;
#[path = "handshake.rs"]
mod handshake;
#[path = "owed.rs"]
mod owed;
#[path = "refusals.rs"]
mod refusals;
#[path = "robust.rs"]
mod robust;
#[path = "shutdown.rs"]
mod shutdown;
#[path = "steady.rs"]
mod steady;
#[path = "wire.rs"]
mod wire;
