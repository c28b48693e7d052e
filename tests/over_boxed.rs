//! What holds over TCP holds over any stream of bytes: the suites once more, over one that the server does not know to be TCP.
#![allow(clippy::duplicate_mod, reason = "each suite brings the same support")]

#[path = "arrivals.rs"]
mod arrivals;
#[path = "backpressure.rs"]
mod backpressure;
#[path = "deadlines.rs"]
mod deadlines;
#[path = "endings.rs"]
mod endings;
#[path = "handles.rs"]
mod handles;
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
