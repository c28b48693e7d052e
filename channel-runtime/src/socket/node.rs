//! One process's part of an app: its registry, and what its channels have beside rooms and members.

use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};

use crate::connection::backpressure::HubPace;
use crate::connection::shutdown::Shutdown;
use crate::room::membership::{Membership, Newcomer};
use crate::room::registry::Registry;
use crate::room::state::State;
use crate::socket::clock::Clock;
use crate::socket::counters::Counters;
use crate::wire::close::Close;
use crate::wire::deflate::Compression;

/// What hubs and sockets hold.
pub(crate) struct Node {
    pub registry: Arc<Registry>,
    /// By the place of a channel in the app.
    channels: Vec<ChannelNode>,
    pub clock: Arc<Clock>,
    pub shutdown: Arc<Shutdown>,
    /// The app that the channels were given. Weak: an app holds hubs, which hold the node.
    app: OnceLock<Weak<dyn Any + Send + Sync>>,
    /// How messages are compressed, if the app that was mounted wants that.
    compression: OnceLock<Compression>,
}

/// What one channel has beside rooms and members.
struct ChannelNode {
    counters: Counters,
    /// What its hubs have sent, once there has been anybody to send to.
    hub: OnceLock<Arc<HubPace>>,
}

impl Node {
    pub fn new() -> Self {
        Self {
            registry: Arc::new(Registry::new()),
            channels: Vec::new(),
            clock: Arc::default(),
            shutdown: Arc::default(),
            app: OnceLock::new(),
            compression: OnceLock::new(),
        }
    }

    /// Adds a channel; its place is the number of those before it. Only while the list of channels is made.
    pub fn add<C: 'static>(&mut self, counters: Counters, make_state: fn() -> Option<State>) {
        let registry =
            Arc::get_mut(&mut self.registry).expect("nothing is entered before the list of channels is complete");
        registry.add::<C>(make_state);
        self.channels.push(ChannelNode { counters, hub: OnceLock::new() });
    }

    /// Makes a connection a member of its channel, of its path's room and of its user.
    pub fn enter(&self, newcomer: Newcomer) -> Membership {
        self.channels[newcomer.channel].hub.get_or_init(|| Arc::new(HubPace::new(newcomer.outbox_bytes)));
        let membership = self.registry.enter(newcomer);
        // A drain that started before this connection was listed has not closed it.
        if self.shutdown.is_draining() {
            membership.connection.outbox.close(Close::going_away());
        }
        membership
    }

    /// Sets the app of the channels; the one that was set first holds.
    pub fn set_app<A: Send + Sync + 'static>(&self, app: &Arc<A>) {
        let app: Arc<dyn Any + Send + Sync> = Arc::<A>::clone(app);
        self.app.get_or_init(|| Arc::downgrade(&app));
    }

    /// The app of the channels. `None` if it is of another type, or nobody holds it any more.
    pub fn app<A: Send + Sync + 'static>(&self) -> Option<Arc<A>> {
        self.app.get()?.upgrade()?.downcast().ok()
    }

    /// Sets how messages are compressed; what was set first holds.
    pub fn compress(&self, compression: Option<&Compression>) {
        if let Some(compression) = compression {
            self.compression.get_or_init(|| *compression);
        }
    }

    /// How messages are compressed. `None` if they are not.
    pub fn compression(&self) -> Option<&Compression> {
        self.compression.get()
    }

    /// What the hubs of a channel have sent and its rooms have not passed on. `None` while nobody has ever been there.
    pub fn hub_pace(&self, channel: usize) -> Option<&Arc<HubPace>> {
        self.channels[channel].hub.get()
    }

    /// What has happened on a channel.
    pub fn counters(&self, channel: usize) -> &Counters {
        &self.channels[channel].counters
    }

    /// How much of everything there is, for tests: nothing, once the last connection has ended.
    pub fn census(&self) -> Census {
        Census {
            connections: self.registry.len(),
            rooms: self.registry.all_rooms(),
            users: self.registry.users(),
            sessions: self.shutdown.sessions(),
        }
    }
}

/// How much of everything a node holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections that are members of their channel.
    pub connections: usize,
    /// Rooms, the declared ones too.
    pub rooms: usize,
    /// Users.
    pub users: usize,
    /// Sessions that have begun and not ended, `on_close` included; and rooms that are being opened, closed, or empty and open.
    pub sessions: usize,
}
