//! What the sessions of one channel share: its bounds, its batches, its rooms' hooks, and what the app counts for all channels.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::config::Config;
use crate::connection::in_flight::Activity;
use crate::handshake::sampled_log::SampledLog;
use crate::protocol::lock::Wire;
use crate::session::batch::batches::Batches;
use crate::session::heartbeat::Heartbeat;
use crate::session::quota::Quotas;
use crate::session::room_hooks::hooked_room::HookedRooms;
use crate::socket::node::Node;

/// How many clients had a wire that the lock does not know, since the last line in the log.
#[derive(Default)]
pub(crate) struct UnknownWires(Mutex<SampledLog>);

impl UnknownWires {
    /// Returns how many there were, if a line is due; else `None`.
    pub fn count(&self) -> Option<u64> {
        self.0.lock().count(Instant::now())
    }
}

pub(crate) struct Served {
    pub node: Arc<Node>,
    /// The server's bounds, and what the channel sets itself.
    pub config: Config,
    /// What is known of its clients' wires.
    pub wire: Wire,
    pub unknown: UnknownWires,
    pub in_flight: Activity,
    pub rooms: HookedRooms,
    pub batches: Batches,
    pub quotas: Arc<Quotas>,
    pub heartbeat: Arc<Heartbeat>,
}

impl Served {
    pub fn new(
        node: &Arc<Node>,
        config: &Config,
        in_flight: &Activity,
        quotas: &Arc<Quotas>,
        heartbeat: &Arc<Heartbeat>,
        wire: Wire,
    ) -> Arc<Self> {
        Arc::new(Self {
            node: Arc::clone(node),
            config: config.clone(),
            wire,
            unknown: UnknownWires::default(),
            in_flight: in_flight.clone(),
            rooms: HookedRooms::default(),
            batches: Batches::default(),
            quotas: Arc::clone(quotas),
            heartbeat: Arc::clone(heartbeat),
        })
    }
}
