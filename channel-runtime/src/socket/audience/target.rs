//! Who belongs to an audience: looked up each time it is sent to.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use super::Audience;
use crate::room::live_room::Members;
use crate::room::member::{Connection, ConnectionId};
use crate::room::pending::{Comer, Reach};
use crate::room::registry::UserKey;
use crate::wire::close::Close;

/// Who is meant.
#[derive(Clone)]
pub(crate) enum Target {
    /// The room of this connection's path.
    OwnRoom(Arc<Connection>),
    /// The room of this name.
    Room(Arc<str>),
    Rooms(Vec<Arc<str>>),
    Users(Vec<UserKey>),
    Connection(ConnectionId),
    All,
}

/// A room, however it is held.
pub(super) enum RoomRef<'a> {
    /// By the channel, or by a connection.
    Kept(&'a Arc<Members>),
    Found(Arc<Members>),
}

impl Deref for RoomRef<'_> {
    type Target = Arc<Members>;

    fn deref(&self) -> &Arc<Members> {
        match self {
            Self::Kept(room) => room,
            Self::Found(room) => room,
        }
    }
}

impl<C: 'static, K> Audience<C, K> {
    /// The room, where the audience is one.
    pub(super) fn one_room(&self) -> Option<RoomRef<'_>> {
        let registry = self.hub.registry();
        match &self.target {
            Target::All => Some(RoomRef::Kept(registry.all(self.hub.channel()))),
            Target::Room(name) => registry.room(self.hub.channel(), name).map(RoomRef::Found),
            Target::OwnRoom(connection) => Some(match &connection.own_room {
                // Its members have all left, and others may have opened it anew.
                room if room.is_gone() => match registry.room(self.hub.channel(), room.name()) {
                    Some(reopened) => RoomRef::Found(reopened),
                    None => RoomRef::Kept(room),
                },
                room => RoomRef::Kept(room),
            }),
            Target::Rooms(_) | Target::Users(_) | Target::Connection(_) => None,
        }
    }

    /// Each client of the audience, once.
    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        if let Some(room) = self.one_room() {
            return self.members_of(&room);
        }
        let (registry, channel) = (self.hub.registry(), self.hub.channel());
        let mut connections: Vec<Arc<Connection>> = match &self.target {
            Target::Rooms(names) => {
                let rooms = names.iter().filter_map(|name| registry.room(channel, name));
                rooms.flat_map(|room| self.members_of(&room)).collect()
            }
            Target::Users(users) => {
                let devices = users.iter().flat_map(|user| registry.user(user));
                devices.filter(|device| device.channel == channel && self.mask.admits(device)).collect()
            }
            Target::Connection(id) => {
                registry.all(channel).get(*id).into_iter().filter(|connection| self.mask.admits(connection)).collect()
            }
            Target::All | Target::Room(_) | Target::OwnRoom(_) => Vec::new(),
        };
        let mut seen = HashSet::new();
        connections.retain(|connection| seen.insert(connection.id));
        connections
    }

    /// Those members of a room that are meant.
    pub(super) fn members_of(&self, room: &Members) -> Vec<Arc<Connection>> {
        let Some(user) = &self.mask.only_user else { return room.members(&self.mask) };
        let (registry, channel) = (self.hub.registry(), self.hub.channel());
        let devices = registry.user(user).into_iter().filter(|device| device.channel == channel);
        devices.filter(|device| self.mask.admits(device) && room.get(device.id).is_some()).collect()
    }

    /// Sends away those who are coming, where the audience is users; tells whom.
    pub(super) fn send_comers_away(&self, close: &Close) -> Vec<ConnectionId> {
        let (comers, reach) = (self.hub.registry().comers(), self.reach());
        self.users().flat_map(|user| comers.send_away(user, &reach, &self.mask.except, close)).collect()
    }

    /// Those who are coming, where the audience is users.
    pub(super) fn comers(&self) -> Vec<Arc<Comer>> {
        let (comers, reach) = (self.hub.registry().comers(), self.reach());
        let comers = self.users().flat_map(|user| comers.of_user(user, &reach));
        comers.filter(|comer| !self.mask.except.contains(&comer.id)).collect()
    }

    /// The users that it is, each once.
    fn users(&self) -> impl Iterator<Item = &UserKey> {
        let only = self.mask.only_user.as_slice();
        let users = if let Target::Users(users) = &self.target { users.as_slice() } else { only };
        let is_meant = |user: &UserKey| !self.mask.except_users.contains(user) && only.iter().all(|only| only == user);
        let mut seen = HashSet::new();
        users.iter().filter(move |user| is_meant(user) && seen.insert(*user))
    }

    /// Where those users are meant.
    fn reach(&self) -> Reach {
        let rooms = match &self.target {
            Target::Room(name) => Some(vec![Arc::clone(name)]),
            Target::OwnRoom(connection) => Some(vec![Arc::clone(connection.own_room.name())]),
            Target::Rooms(names) => Some(names.clone()),
            Target::Users(_) | Target::Connection(_) | Target::All => None,
        };
        Reach { channel: Some(self.hub.channel()), rooms }
    }
}
