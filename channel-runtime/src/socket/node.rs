//! One process's part of an app: its registry, and what its channels have beside rooms and members.

use std::any::{Any, TypeId};
use std::sync::{Arc, OnceLock, Weak};

use crate::connection::backpressure::HubBacklog;
use crate::connection::shutdown::Shutdown;
use crate::room::channel_rooms::HistoryOf;
use crate::room::lookup::Lookup;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::presence::Bounds;
use crate::room::registry::Registry;
use crate::room::sent::Sent;
use crate::room::state::State;
use crate::socket::clock::Clock;
use crate::socket::counters::Counters;
use crate::socket::crossing::{Crossing, NoticeEntry};
use crate::socket::open_rooms::OpenRooms;
use crate::socket::replies::Replies;
use crate::wire::close::Close;
use crate::wire::deflate::Compression;

pub(crate) struct Node {
    pub registry: Arc<Registry>,
    channels: Vec<ChannelNode>,
    pub clock: Arc<Clock>,
    pub replies: Arc<Replies>,
    pub shutdown: Arc<Shutdown>,
    /// Weak, because an app holds hubs, which hold the node.
    app: OnceLock<Weak<dyn Any + Send + Sync>>,
    compression: OnceLock<Compression>,
    /// Of the server, once it serves.
    opener: OnceLock<Weak<dyn OpenRooms>>,
}

struct ChannelNode {
    counters: Counters,
    /// Those of a channel without a cluster are not listed.
    notices: &'static [NoticeEntry],
    /// As the clients' bound is. Made by the first client.
    hub: OnceLock<Arc<HubBacklog>>,
    /// In a cluster before the first client: what waits for the bus, from a program that may never have one.
    #[cfg(feature = "cluster")]
    hub_without_clients: OnceLock<Arc<HubBacklog>>,
}

impl Node {
    pub fn new() -> Self {
        Self {
            registry: Arc::new(Registry::new()),
            channels: Vec::new(),
            clock: Arc::default(),
            replies: Arc::default(),
            shutdown: Arc::default(),
            app: OnceLock::new(),
            compression: OnceLock::new(),
            opener: OnceLock::new(),
        }
    }

    /// Only while the list of channels is made.
    pub fn add<C: 'static>(
        &mut self,
        identity: TypeId,
        counters: Counters,
        make_state: fn() -> Option<State>,
        history: Option<HistoryOf>,
    ) {
        let registry =
            Arc::get_mut(&mut self.registry).expect("nothing is entered before the list of channels is complete");
        registry.add::<C>(identity, make_state, history);
        self.channels.push(ChannelNode {
            counters,
            notices: &[],
            hub: OnceLock::new(),
            #[cfg(feature = "cluster")]
            hub_without_clients: OnceLock::new(),
        });
    }

    /// As [`add`](Self::add), of the channel that was added last.
    pub fn add_presence(&mut self, bounds: Option<Bounds>) {
        let registry =
            Arc::get_mut(&mut self.registry).expect("nothing is entered before the list of channels is complete");
        registry.set_presence(self.channels.len() - 1, bounds);
    }

    /// As [`add_presence`](Self::add_presence): some message of the channel is `latest`.
    pub fn add_newest(&mut self) {
        let registry =
            Arc::get_mut(&mut self.registry).expect("nothing is entered before the list of channels is complete");
        registry.set_newest(self.channels.len() - 1);
    }

    /// Of the channel that was added last.
    pub fn add_notices(&mut self, notices: &'static [NoticeEntry]) {
        if let Some(channel) = self.channels.last_mut() {
            channel.notices = notices;
        }
    }

    /// Delivers a notice from another node to the connections of a target here. An error says that it can't be decoded. `None` if the
    /// channel has no handler of this name whose notice crosses.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "without other nodes there is none"))]
    pub fn relayed_notice(
        &self,
        channel: usize,
        handler: &str,
        lookup: Lookup<'_>,
        json: &[u8],
    ) -> Option<serde_json::Result<Sent>> {
        let ChannelNode { notices, counters, .. } = self.channels.get(channel)?;
        let Crossing::Serde(relay) = notices.iter().find(|notice| notice.handler == handler)?.crossing else {
            return None;
        };
        Some(relay(lookup, json).inspect(|sent| counters.refuse(*sent)))
    }

    pub fn enter(&self, new: NewConnection) -> MembershipGuard {
        self.enter_by(new, |new| self.registry.enter(new))
    }

    /// `enter` is one of the registry's ways.
    pub fn enter_by(
        &self,
        new: NewConnection,
        enter: impl FnOnce(NewConnection) -> MembershipGuard,
    ) -> MembershipGuard {
        self.channels[new.channel].hub.get_or_init(|| Arc::new(HubBacklog::new(new.outbox_bytes)));
        let membership = enter(new);
        membership.connection.own_room.attend_presence();
        // A drain that started before this connection was listed has not closed it.
        if self.shutdown.is_draining() {
            membership.connection.outbox().close(Close::going_away());
        }
        membership
    }

    pub fn set_app<A: Send + Sync + 'static>(&self, app: &Arc<A>) {
        let app: Arc<dyn Any + Send + Sync> = Arc::<A>::clone(app);
        self.app.get_or_init(|| Arc::downgrade(&app));
    }

    /// `None` if the app is of another type or has been dropped.
    pub fn app<A: Send + Sync + 'static>(&self) -> Option<Arc<A>> {
        self.app.get()?.upgrade()?.downcast().ok()
    }

    pub fn set_opener(&self, opener: Weak<dyn OpenRooms>) {
        self.opener.get_or_init(|| opener);
    }

    /// `None` before the server serves, and after.
    pub fn opener(&self) -> Option<Arc<dyn OpenRooms>> {
        self.opener.get().and_then(Weak::upgrade)
    }

    pub fn compress(&self, compression: Option<&Compression>) {
        if let Some(compression) = compression {
            self.compression.get_or_init(|| *compression);
        }
    }

    pub fn compression(&self) -> Option<&Compression> {
        self.compression.get()
    }

    /// `None` before the channel's first connection, without a cluster.
    pub fn hub_backlog(&self, channel: usize) -> Option<&Arc<HubBacklog>> {
        let channel = &self.channels[channel];
        #[cfg(feature = "cluster")]
        if channel.hub.get().is_none() && self.registry.outgoing().is_some() {
            return Some(channel.hub_without_clients.get_or_init(|| Arc::new(HubBacklog::without_clients())));
        }
        channel.hub.get()
    }

    pub fn counters(&self, channel: usize) -> &Counters {
        &self.channels[channel].counters
    }

    /// All zero once the last connection has ended.
    pub fn census(&self) -> Census {
        Census {
            connections: self.registry.len(),
            rooms: self.registry.all_rooms(),
            users: self.registry.users(),
            sessions: self.shutdown.sessions(),
        }
    }
}

/// How much a node holds.
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
