//! What the sessions of one channel share: its bounds, its batches, its rooms' hooks, and what the app counts for all channels.

use std::sync::Arc;

use crate::config::Config;
use crate::connection::in_flight::Activity;
use crate::session::batch::batches::Batches;
use crate::session::heartbeat::Heartbeat;
use crate::session::quota::Quotas;
use crate::session::room_hooks::hooked_room::HookedRooms;
use crate::socket::node::Node;

pub(crate) struct Served {
    pub node: Arc<Node>,
    /// The server's bounds, and what the channel sets itself.
    pub config: Config,
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
    ) -> Arc<Self> {
        Arc::new(Self {
            node: Arc::clone(node),
            config: config.clone(),
            in_flight: in_flight.clone(),
            rooms: HookedRooms::default(),
            batches: Batches::default(),
            quotas: Arc::clone(quotas),
            heartbeat: Arc::clone(heartbeat),
        })
    }
}
