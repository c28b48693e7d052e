//! Who is here: the connections, rooms and users of one app. Knows no JSON and no handlers.
//!
//! All of it is kept by guards: what a connection entered it leaves when its [`Membership`](crate::room::membership::Membership)
//! is dropped, whatever happened.
//! No lock is held across an await. Locks are taken in this order: a connection's list of rooms, a shard, a room's
//! members, an outbox.

use std::any::{Any, TypeId};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use crate::channel::identity::UserName;
use crate::connection::backpressure::HubPace;
use crate::connection::shutdown::Stop;
use crate::room::by_connection::ByConnection;
use crate::room::channel_rooms::ChannelEntry;
use crate::room::exclusions::Mask;
use crate::room::live_room::Members;
use crate::room::member::Connection;
use crate::room::pending::Comers;
use crate::room::sharded_map::Sharded;
use crate::room::state::State;
use crate::session::batch::Batchers;
use crate::session::quota::Quotas;
use crate::session::room_hooks::Places;
use crate::socket::clock::Clock;
use crate::socket::counters::Counters;
use crate::wire::deflate::Compression;

pub(crate) struct Registry {
    pub(super) channels: Vec<ChannelEntry>,
    pub(super) users: Sharded<UserKey, ByConnection<Arc<Connection>>>,
    /// Users' connections that are not here yet.
    comers: Comers,
    quotas: Quotas,
    clock: Clock,
    /// The app that the channels were given. Weak: an app holds hubs, which hold the registry.
    app: OnceLock<Weak<dyn Any + Send + Sync>>,
    /// How messages are compressed, where the app that was mounted wants that.
    compression: OnceLock<Compression>,
    pub(crate) stop: Stop,
    /// Somebody watches whether the clients are still there.
    is_watched: AtomicBool,
}

/// A user, across all channels: the identity's type, and what it writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserKey(Arc<Identified>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Identified {
    kind: TypeId,
    name: Box<str>,
}

impl UserKey {
    pub fn new<K: ToString + 'static>(identity: &K) -> Self {
        Self::of(TypeId::of::<K>(), identity.to_string())
    }

    /// That of the identity that is named so, which writes the same text.
    pub fn named<N: UserName + ?Sized>(name: &N) -> Self {
        Self::of(TypeId::of::<N::User>(), name.to_string())
    }

    fn of(kind: TypeId, name: String) -> Self {
        Self(Arc::new(Identified { kind, name: name.into() }))
    }

    /// What the identity writes.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl Registry {
    pub fn new() -> Self {
        Self {
            channels: Vec::new(),
            users: Sharded::new(),
            comers: Comers::default(),
            quotas: Quotas::default(),
            clock: Clock::default(),
            app: OnceLock::new(),
            compression: OnceLock::new(),
            stop: Stop::default(),
            is_watched: AtomicBool::new(false),
        }
    }

    /// Adds a channel; its place is the number of those before it.
    pub fn add<C: 'static>(&mut self, counters: Counters, make_state: fn() -> Option<State>) {
        self.channels.push(ChannelEntry::new::<C>(counters, make_state));
    }

    pub fn index_of<C: 'static>(&self) -> Option<usize> {
        self.channels.iter().position(|entry| entry.channel == TypeId::of::<C>())
    }

    /// How many channels there are.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// What there is, for tests: nothing, once the last connection has ended.
    pub fn census(&self) -> Census {
        Census {
            connections: self.channels.iter().map(|entry| entry.all.len()).sum(),
            rooms: self.channels.iter().map(|entry| entry.rooms.len()).sum(),
            users: self.users.len(),
            sessions: self.stop.sessions(),
        }
    }

    /// Sets the app of the channels; the one that was set first holds.
    pub fn set_app<A: Send + Sync + 'static>(&self, app: &Arc<A>) {
        let app: Arc<dyn Any + Send + Sync> = Arc::<A>::clone(app);
        self.app.get_or_init(|| Arc::downgrade(&app));
    }

    /// The app of the channels. `None` where it is of another type, or nobody holds it any more.
    pub fn app<A: Send + Sync + 'static>(&self) -> Option<Arc<A>> {
        self.app.get()?.upgrade()?.downcast().ok()
    }

    /// Sets how messages are compressed; what was set first holds.
    pub fn compress(&self, compression: Option<&Compression>) {
        if let Some(compression) = compression {
            self.compression.get_or_init(|| *compression);
        }
    }

    /// How messages are compressed, if at all.
    pub fn compression(&self) -> Option<&Compression> {
        self.compression.get()
    }

    /// Everybody on this channel.
    pub fn all(&self, channel: usize) -> &Arc<Members> {
        &self.channels[channel].all
    }

    /// The pace of this channel's hubs; none while nobody has ever been there.
    pub fn hub_pace(&self, channel: usize) -> Option<&Arc<HubPace>> {
        self.channels[channel].hub.get()
    }

    /// What has happened on this channel.
    pub fn counters(&self, channel: usize) -> &Counters {
        &self.channels[channel].counters
    }

    /// How many rooms this channel has now.
    pub fn rooms(&self, channel: usize) -> usize {
        self.channels[channel].rooms.len()
    }

    /// How many users are here now.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// The room of this name, while it has members.
    pub fn room(&self, channel: usize, name: &str) -> Option<Arc<Members>> {
        self.channels[channel].rooms.shard(name).get(name).cloned()
    }

    /// This channel's rooms that are places.
    pub fn places(&self, channel: usize) -> &Places {
        &self.channels[channel].places
    }

    /// This channel's gatherers of batches.
    pub fn batchers(&self, channel: usize) -> &Batchers {
        &self.channels[channel].batchers
    }

    /// Waits until all messages that have come by now for batches are done with.
    pub async fn batches_flushed(&self) {
        for entry in &self.channels {
            entry.batchers.flushed().await;
        }
    }

    /// Adds a room that has a host, without members; there is none of its name.
    pub fn put_up(&self, channel: usize, room: &Arc<Members>) {
        self.channels[channel].rooms.shard(&**room.name()).insert(Arc::clone(room.name()), Arc::clone(room));
    }

    /// Takes away a room that has a host, and no members.
    pub fn take_down(&self, channel: usize, room: &Members) {
        let mut rooms = self.channels[channel].rooms.shard(&**room.name());
        if !room.is_gone() {
            ChannelEntry::retire(&mut rooms, room);
        }
    }

    /// All connections of this user, on all channels.
    pub fn user(&self, key: &UserKey) -> Vec<Arc<Connection>> {
        self.users.shard(key).get(key).map(|devices| devices.values().cloned().collect()).unwrap_or_default()
    }

    /// How many those are.
    pub fn devices(&self, key: &UserKey) -> usize {
        self.users.shard(key).get(key).map_or(0, ByConnection::len)
    }

    /// Those who are not here yet.
    pub fn comers(&self) -> &Comers {
        &self.comers
    }

    /// The clock on the wall.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What users have said of what they may.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Whether the connections have to be watched from now on: somebody is here, and nobody does.
    pub fn begin_watch(&self) -> bool {
        !self.is_watched.swap(true, Ordering::SeqCst)
    }

    /// Whether the watch is over, because nobody is here any more.
    pub fn end_watch(&self) -> bool {
        let is_empty = || self.channels.iter().all(|entry| entry.all.len() == 0);
        if !is_empty() {
            return false;
        }
        self.lose_watch();
        // Who came before it was said to be over has relied on it.
        is_empty() || !self.begin_watch()
    }

    /// The watch has ended, whoever is here.
    pub fn lose_watch(&self) {
        self.is_watched.store(false, Ordering::SeqCst);
    }

    pub(crate) fn connections(&self) -> impl Iterator<Item = Arc<Connection>> {
        self.channels.iter().flat_map(|entry| entry.all.members(&Mask::default()))
    }
}

/// How much of everything a registry holds.
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
