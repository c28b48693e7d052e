//! Several nodes of one app: what is sent on one reaches the clients of all, over NATS or Redis.
//!
//! Each node hears everything. What a node sends is numbered, so that each gap and each duplicate is found, and gathered into
//! parcels while more is sent than parcels are worth. Clients of this node hear at once; the bus is never waited for.

mod engine;
mod node_id;
mod settings;
pub(crate) mod simulated;
pub(crate) mod wire;

pub use self::node_id::NodeId;
pub use self::settings::Cluster;
