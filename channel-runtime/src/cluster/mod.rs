//! Several nodes of one app: what is sent on one reaches the clients of all, over NATS or Redis.
//!
//! Each node hears everything. What a node sends is numbered, so that each gap and each duplicate is found, and gathered into
//! parcels while more is sent than parcels are worth. Clients of this node hear at once; the bus is never waited for.

mod asking;
mod asks;
mod backplane;
mod bus;
#[cfg(any(feature = "nats", feature = "redis"))]
mod bus_tls;
// The real servers, for tests of the engines.
#[cfg(all(test, any(feature = "nats", feature = "redis")))]
#[path = "../../../tests/support/buses.rs"]
mod buses;
mod counters;
mod echo;
pub(crate) mod engine;
mod everywhere;
mod inbound;
mod lane;
mod members;
#[cfg(feature = "nats")]
mod nats;
mod newest;
mod node_id;
mod nodes;
mod owed;
mod pace;
mod pause;
mod questions;
mod queue;
mod reading;
#[cfg(feature = "redis")]
mod redis;
mod relay;
mod settings;
mod simulated;
mod stamps;
mod tables;
pub(crate) mod wire;

pub use self::backplane::{Backplane, ClusterError};
pub(crate) use self::backplane::{begin_to_serve, bus, count, leave, other_nodes, over};
pub use self::bus::Bus;
#[cfg(any(feature = "nats", feature = "redis"))]
pub use self::bus_tls::BusTls;
pub use self::counters::{BusState, BusStats};
pub use self::everywhere::{AudienceEverywhere, Everywhere, MembersEverywhere, UserEverywhere};
#[cfg(feature = "nats")]
pub use self::nats::{Nats, NatsEngine};
pub use self::node_id::NodeId;
pub use self::nodes::NodeView;
#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisEngine};
pub use self::settings::Cluster;
pub use self::simulated::{Lie, SimulatedBus, SimulatedEngine};
pub use self::tables::Tables;
pub(crate) use self::tables::tables;
