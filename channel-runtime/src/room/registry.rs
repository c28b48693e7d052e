//! The registry: the connections, rooms and users of one app. No lock is held across an await; see `connection/lock_order`.

use std::any::TypeId;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use crate::connection::user_key::UserKey;
use crate::room::by_connection::ByConnection;
use crate::room::channel_rooms::{ChannelRooms, HistoryOf};
use crate::room::exclusions::Exclusions;
use crate::room::kept_rooms::History;
use crate::room::live_room::LiveRoom;
use crate::room::log::Log;
use crate::room::member::Member;
use crate::room::outgoing::Outgoing;
use crate::room::pending::PendingConnections;
use crate::room::presence::{Bounds, Presence};
use crate::room::reach::Reach;
use crate::room::sharded_map::ShardedMap;
use crate::room::state::State;

pub(crate) struct Registry {
    pub(super) channels: Vec<ChannelRooms>,
    pub(super) users: ShardedMap<UserKey, ByConnection<Arc<Member>>>,
    pending: PendingConnections,
    outgoing: OnceLock<Arc<dyn Outgoing>>,
    pub(super) history: History,
}

impl Registry {
    pub fn new() -> Self {
        Self {
            channels: Vec::new(),
            users: ShardedMap::new(),
            pending: PendingConnections::default(),
            outgoing: OnceLock::new(),
            history: History::new(usize::MAX),
        }
    }

    /// Its index is the number of channels before it.
    pub fn add<C: 'static>(&mut self, identity: TypeId, make_state: fn() -> Option<State>, history: Option<HistoryOf>) {
        self.channels.push(ChannelRooms::new::<C>(identity, make_state, history, &self.history.budget));
    }

    /// The most bytes of all logs. Without it there is no bound.
    pub fn set_history_bytes(&self, bytes: usize) {
        self.history.budget.set_most(bytes);
    }

    /// Whether some room of the channel may keep what is sent to it.
    #[inline]
    pub fn has_history(&self, channel: usize) -> bool {
        self.channels[channel].has_history
    }

    /// Of all logs.
    pub fn history_bytes(&self) -> usize {
        self.history.budget.bytes()
    }

    /// In the rooms of the channel's paths it is told who is present. Only while the list of channels is made.
    pub fn set_presence(&mut self, channel: usize, bounds: Option<Bounds>) {
        self.channels[channel].presence = bounds;
    }

    /// Some message of the channel is `latest`. Only while the list of channels is made.
    pub fn set_newest(&mut self, channel: usize) {
        self.channels[channel].has_newest = true;
    }

    /// As [`log`](Self::log).
    pub fn presence(&self, channel: usize, name: &str) -> Option<Presence> {
        self.channels[channel].presence(name)
    }

    /// For a room of this name that is opened by a hook.
    pub fn log(&self, channel: usize, name: &str) -> Option<Log> {
        self.channels[channel].log(name)
    }

    /// The type of a channel's identities.
    #[cfg(feature = "cluster")]
    pub fn identity(&self, channel: usize) -> TypeId {
        self.channels[channel].identity
    }

    pub fn index_of<C: 'static>(&self) -> Option<usize> {
        self.channels.iter().position(|entry| entry.channel == TypeId::of::<C>())
    }

    /// A channel whose identities are of this user's type.
    pub fn channel_of(&self, user: &UserKey) -> Option<usize> {
        self.channels.iter().position(|entry| entry.identity == user.kind())
    }

    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    pub fn all(&self, channel: usize) -> &Arc<LiveRoom> {
        &self.channels[channel].all
    }

    pub fn rooms(&self, channel: usize) -> usize {
        self.channels[channel].rooms.len()
    }

    pub fn all_rooms(&self) -> usize {
        (0..self.channels()).map(|channel| self.rooms(channel)).sum()
    }

    pub fn len(&self) -> usize {
        self.channels.iter().map(|entry| entry.all.len()).sum()
    }

    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// `None` if it has no members and no owner.
    pub fn room(&self, channel: usize, name: &str) -> Option<Arc<LiveRoom>> {
        self.channels[channel].rooms.shard(name).get(name).cloned()
    }

    /// There is no room of its name yet.
    pub fn insert_owned_room(&self, channel: usize, room: &Arc<LiveRoom>) {
        let entry = &self.channels[channel];
        let mut rooms = entry.rooms.shard(&**room.name());
        rooms.insert(Arc::clone(room.name()), Arc::clone(room));
        entry.opened(room.name());
    }

    /// The room has no members.
    pub fn remove_owned_room(&self, channel: usize, room: &LiveRoom) {
        let mut rooms = self.channels[channel].rooms.shard(&**room.name());
        if !room.is_gone() {
            ChannelRooms::retire(&mut rooms, room);
        }
    }

    pub fn user(&self, key: &UserKey) -> Vec<Arc<Member>> {
        self.users.shard(key).get(key).map(|devices| devices.values().cloned().collect()).unwrap_or_default()
    }

    pub fn devices(&self, key: &UserKey) -> usize {
        self.users.shard(key).get(key).map_or(0, ByConnection::len)
    }

    /// `None` without a cluster.
    #[inline]
    pub fn outgoing(&self) -> Option<&dyn Outgoing> {
        self.outgoing.get().map(|outgoing| &**outgoing)
    }

    /// What is sent from now on goes to other nodes, too. Only the first counts.
    #[cfg(feature = "cluster")]
    pub fn set_outgoing(&self, outgoing: Arc<dyn Outgoing>) {
        let outgoing = self.outgoing.get_or_init(|| outgoing);
        for (at, entry) in self.channels.iter().enumerate().filter(|(_, entry)| entry.has_newest) {
            entry.asks.get_or_init(|| (at, Arc::clone(outgoing)));
        }
    }

    /// In so many parts rooms are looked through.
    #[cfg(feature = "cluster")]
    pub const PARTS: usize = ShardedMap::<Arc<str>, Arc<LiveRoom>>::SHARDS;

    /// The channels of which some message is `latest`.
    #[cfg(feature = "cluster")]
    pub fn with_newest(&self) -> impl Iterator<Item = usize> {
        (0..self.channels()).filter(|channel| self.channels[*channel].has_newest)
    }

    /// A part of those of the channel that have a name: in all [parts](Self::PARTS) each is that is open all the time. The lock of the
    /// part is held for a copy of all of it, a thirty-second of the rooms.
    #[cfg(feature = "cluster")]
    pub fn rooms_of(&self, channel: usize, part: usize) -> Vec<Arc<LiveRoom>> {
        self.channels[channel].rooms.values_of(part)
    }

    /// A user's connections are closed: where they were lost, it is present no more. Costs a look at each room, if no rooms are named,
    /// and a lock of those alone where somebody was lost.
    pub fn send_away(&self, user: &UserKey, reach: &Reach, exclusions: &Exclusions) {
        let is_meant = |id| exclusions.allows(id, Some(user));
        for (at, channel) in self.channels.iter().enumerate() {
            let is_reached = reach.channel.is_none_or(|only| only == at);
            if channel.presence.is_none() || channel.identity != user.kind() || !is_reached {
                continue;
            }
            match &reach.rooms {
                Some(names) => {
                    let rooms = names.iter().filter_map(|name| self.room(at, name));
                    rooms.for_each(|room| room.send_away(user.name(), is_meant));
                }
                None => {
                    // First those whose connections are here, by which their rooms are known: one that is lost meanwhile is found below.
                    let here = self.user(user).into_iter().filter(|member| member.channel() == at);
                    here.for_each(|member| member.own_room.send_away(user.name(), is_meant));
                    let lost = channel.rooms.values_where(|room| room.has_lost.load(Ordering::Acquire));
                    lost.for_each(|room| room.send_away(user.name(), is_meant));
                }
            }
        }
    }

    pub fn pending(&self) -> &PendingConnections {
        &self.pending
    }

    pub fn connections(&self) -> impl Iterator<Item = Arc<Member>> {
        self.channels.iter().flat_map(|entry| entry.all.members(&Exclusions::default()))
    }
}
