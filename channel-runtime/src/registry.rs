//! Who is here: the connections, rooms and users of one app. Knows no JSON and no handlers.
//!
//! All of it is kept by guards: what a connection entered it leaves when its [`Membership`] is dropped, whatever happened.
//! No lock is held across an await. Locks are taken in this order: a connection's list of rooms, a shard, a room's
//! members, an outbox.

use std::any::TypeId;
use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::activity::Activity;
use crate::batch::Batchers;
use crate::connection::{Connection, ConnectionId};
use crate::counts::Counts;
use crate::heartbeat::Pulse;
use crate::mask::Mask;
use crate::members::{Members, State, assert_outside_send_with};
use crate::notice::Inbox;
use crate::outbox::Outbox;
use crate::pace::{HubPace, Pace};
use crate::place::Places;
use crate::quota::Quotas;
use crate::wire::close::Close;
use crate::wire::deflate::{Agreed, Compression};

/// The most declared rooms that one connection is in.
const MOST_JOINED: usize = 1024;

/// The longest time between the closes of two connections when the server drains.
const LONGEST_STEP: Duration = Duration::from_millis(1);

pub(crate) struct Registry {
    channels: Vec<ChannelEntry>,
    users: Sharded<UserKey, Vec<Arc<Connection>>>,
    quotas: Quotas,
    /// How messages are compressed, where the app that was mounted wants that.
    compression: OnceLock<Compression>,
    /// Sessions that have begun and not ended, `on_close` included, and what else a server that stops waits for.
    sessions: AtomicUsize,
    sessions_ended: Notify,
    stopping: AtomicBool,
    stops: Notify,
    given_up: AtomicBool,
    gives_up: Notify,
    /// Somebody watches whether the clients are still there.
    is_watched: AtomicBool,
}

/// One channel's part of the registry.
struct ChannelEntry {
    channel: TypeId,
    /// Everybody.
    all: Arc<Members>,
    rooms: Sharded<Arc<str>, Arc<Members>>,
    /// The pace of its hubs, once there is anybody to send to.
    hub: OnceLock<Arc<HubPace>>,
    counts: Counts,
    /// Makes the state of a room of the path, where no hook does.
    make_state: fn() -> Option<State>,
    /// The rooms of the path, where they are places.
    places: Places,
    batchers: Batchers,
}

/// A user, across all channels: the identity's type, and what it writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserKey {
    kind: TypeId,
    name: Box<str>,
}

impl UserKey {
    pub fn new<K: ToString + 'static>(identity: &K) -> Self {
        Self { kind: TypeId::of::<K>(), name: identity.to_string().into() }
    }

    /// What the identity writes.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Registry {
    pub fn new() -> Self {
        Self {
            channels: Vec::new(),
            users: Sharded::new(),
            quotas: Quotas::default(),
            compression: OnceLock::new(),
            sessions: AtomicUsize::new(0),
            sessions_ended: Notify::new(),
            stopping: AtomicBool::new(false),
            stops: Notify::new(),
            given_up: AtomicBool::new(false),
            gives_up: Notify::new(),
            is_watched: AtomicBool::new(false),
        }
    }

    /// Adds a channel; its place is the number of those before it.
    pub fn add<C: 'static>(&mut self, counts: Counts, make_state: fn() -> Option<State>) {
        let all = Arc::new(Members::new("*".into(), None));
        self.channels.push(ChannelEntry {
            channel: TypeId::of::<C>(),
            all,
            rooms: Sharded::new(),
            hub: OnceLock::new(),
            counts,
            make_state,
            places: Places::default(),
            batchers: Batchers::default(),
        });
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
            sessions: self.sessions.load(Ordering::SeqCst),
        }
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
    pub fn counts(&self, channel: usize) -> &Counts {
        &self.channels[channel].counts
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
        self.users.shard(key).get(key).cloned().unwrap_or_default()
    }

    /// What users have said of what they may.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Makes a connection a member of its channel, of its path's room and of its user.
    pub fn enter(self: &Arc<Self>, newcomer: Newcomer) -> Membership {
        let Newcomer { channel, room, user, deflate, error_details, outbox_bytes, activity } = newcomer;
        let entry = &self.channels[channel];
        entry.hub.get_or_init(|| Arc::new(HubPace::new(outbox_bytes)));
        let connection = entry.open(&room, entry.make_state, |own_room| {
            let connection = Arc::new(Connection {
                id: ConnectionId::next(),
                channel,
                deflate,
                error_details,
                user,
                own_room: Arc::clone(own_room),
                outbox: Outbox::new(outbox_bytes, activity),
                pace: Pace::new(outbox_bytes),
                pulse: Pulse::default(),
                inbox: Inbox::default(),
                runtime: Handle::try_current().ok(),
                joined: Mutex::new(Some(Vec::new())),
            });
            own_room.insert(&connection);
            connection
        });
        entry.all.insert(&connection);
        if let Some(user) = &connection.user {
            self.users.shard(user).entry(user.clone()).or_default().push(Arc::clone(&connection));
        }
        // A drain that began before this connection was listed has not told it.
        if self.is_stopping() {
            connection.outbox.close(Close::going_away());
        }
        Membership { registry: Arc::clone(self), connection }
    }

    /// Counts a session until the guard is dropped.
    pub fn begin_session(self: &Arc<Self>) -> SessionGuard {
        self.sessions.fetch_add(1, Ordering::SeqCst);
        SessionGuard(Arc::clone(self))
    }

    /// Makes a connection a member of a declared room; not once it has left for good. Whether it is one now.
    pub fn join(&self, connection: &Arc<Connection>, name: &Arc<str>) -> bool {
        let mut joined = connection.joined.lock();
        let Some(joined) = joined.as_mut() else { return false };
        if !joined.iter().any(|room| room.name() == name) {
            if joined.len() >= MOST_JOINED {
                return false;
            }
            let room = self.channels[connection.channel].open(
                name,
                || None,
                |room| {
                    room.insert(connection);
                    Arc::clone(room)
                },
            );
            joined.push(room);
        }
        true
    }

    /// Ends a membership in a declared room. Whether there was one.
    pub fn leave(&self, connection: &Connection, name: &str) -> bool {
        let mut joined = connection.joined.lock();
        let Some(joined) = joined.as_mut() else { return false };
        let Some(at) = joined.iter().position(|room| &**room.name() == name) else { return false };
        let room = joined.swap_remove(at);
        self.channels[connection.channel].remove(&room, connection.id);
        true
    }

    /// Whether the server stops: newcomers are refused.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Refuses newcomers from now on.
    pub fn close_door(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stops.notify_waiters();
    }

    /// Ready when the server stops; not where it stopped before this was called.
    pub fn stops(&self) -> impl Future<Output = ()> {
        self.stops.notified()
    }

    /// Tells every connection that the server goes away, one after the other over this time, but no longer than
    /// [`LONGEST_STEP`] for each. The door is closed.
    pub async fn send_away(&self, window: Duration) {
        let connections: Vec<_> = self.connections().collect();
        let window = window.min(LONGEST_STEP.saturating_mul(u32::try_from(connections.len()).unwrap_or(u32::MAX)));
        let begun = Instant::now();
        for (at, connection) in connections.iter().enumerate() {
            let due = begun + window.mul_f64(at as f64 / connections.len() as f64);
            // A timer's own precision is a millisecond: what is due within it goes at once.
            if due > Instant::now() + LONGEST_STEP {
                sleep_until(due).await;
            }
            connection.outbox.close(Close::going_away());
        }
    }

    /// Gives up waiting for hooks and handlers that still run.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
        self.gives_up.notify_waiters();
    }

    /// Waits until the server has given up waiting for hooks and handlers.
    pub async fn has_given_up(&self) {
        // Made before the look, so that it is not missed between the two.
        let gives_up = self.gives_up.notified();
        if !self.given_up.load(Ordering::Acquire) {
            gives_up.await;
        }
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

    fn connections(&self) -> impl Iterator<Item = Arc<Connection>> {
        self.channels.iter().flat_map(|entry| entry.all.members(&Mask::default()))
    }

    /// Waits until every session has ended, its `on_close` included.
    pub async fn sessions_ended(&self) {
        loop {
            // Made before the look, so that an end between the two is not missed.
            let ended = self.sessions_ended.notified();
            if self.sessions.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
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

/// What is known of a connection before it has a name.
pub(crate) struct Newcomer {
    pub channel: usize,
    /// The name of its path's room.
    pub room: Arc<str>,
    pub user: Option<UserKey>,
    pub deflate: Option<Agreed>,
    pub error_details: bool,
    pub outbox_bytes: usize,
    pub activity: Activity,
}

impl ChannelEntry {
    /// Acts on the room of this name under its shard's lock, so that it can't be taken away meanwhile; makes it first
    /// where there is none, its state outside the lock, for that is the user's code.
    fn open<R>(
        &self,
        name: &Arc<str>,
        make_state: impl Fn() -> Option<State>,
        act: impl FnOnce(&Arc<Members>) -> R,
    ) -> R {
        let mut fresh = None;
        loop {
            let mut rooms = self.rooms.shard(&**name);
            if let Some(room) = rooms.get(&**name) {
                return act(room);
            }
            if let Some(room) = fresh.take() {
                return act(rooms.entry(Arc::clone(name)).or_insert(room));
            }
            drop(rooms);
            fresh = Some(Arc::new(Members::new(Arc::clone(name), make_state())));
        }
    }

    /// Removes the member, and the room with its last one, where it has no host.
    fn remove(&self, room: &Arc<Members>, member: ConnectionId) {
        let mut rooms = self.rooms.shard(&**room.name());
        room.remove(member);
        if room.len() == 0 && !room.is_hosted() {
            Self::retire(&mut rooms, room);
        }
    }

    fn retire(rooms: &mut HashMap<Arc<str>, Arc<Members>>, room: &Members) {
        room.retire();
        rooms.remove(&**room.name());
        if rooms.len() * 4 < rooms.capacity() {
            let keep = rooms.len() * 2;
            rooms.shrink_to(keep);
        }
    }
}

/// A connection's presence in the registry; dropped, it is nowhere any more.
pub(crate) struct Membership {
    registry: Arc<Registry>,
    pub connection: Arc<Connection>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        let connection = &self.connection;
        let entry = &self.registry.channels[connection.channel];
        let joined = connection.joined.lock().take();
        for room in joined.into_iter().flatten() {
            entry.remove(&room, connection.id);
        }
        entry.remove(&connection.own_room, connection.id);
        entry.all.remove(connection.id);
        if let Some(user) = &connection.user {
            let mut users = self.registry.users.shard(user);
            if let Some(devices) = users.get_mut(user) {
                devices.retain(|device| device.id != connection.id);
                if devices.is_empty() {
                    users.remove(user);
                    if users.len() * 4 < users.capacity() {
                        let keep = users.len() * 2;
                        users.shrink_to(keep);
                    }
                }
            }
        }
    }
}

/// A session that has begun and not ended, whether or not it is still a member of anything.
pub(crate) struct SessionGuard(Arc<Registry>);

impl Drop for SessionGuard {
    fn drop(&mut self) {
        if self.0.sessions.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.sessions_ended.notify_waiters();
        }
    }
}

/// A map in pieces, each under a lock of its own.
struct Sharded<K, V> {
    hasher: RandomState,
    shards: Box<[Mutex<HashMap<K, V>>]>,
}

impl<K: Hash + Eq, V> Sharded<K, V> {
    const SHARDS: usize = 32;

    fn new() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(Self::SHARDS).collect();
        Self { hasher: RandomState::new(), shards }
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, HashMap<K, V>> {
        assert_outside_send_with();
        let hash = self.hasher.hash_one(key);
        self.shards[hash as usize % Self::SHARDS].lock()
    }
}
