//! From a target to its rooms and members, looked up each time that something is sent.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::live_room::LiveRoom;
use crate::room::member::Member;
use crate::room::pending::PendingConnection;
use crate::room::reach::Reach;
use crate::room::registry::Registry;
use crate::room::target::Target;
use crate::wire::close::Close;

#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub registry: &'a Arc<Registry>,
    pub channel: usize,
    pub target: &'a Target,
    pub exclusions: &'a Exclusions,
}

pub(crate) enum Recipients<'a> {
    OneRoom(RoomRef<'a>),
    Rooms(&'a [Arc<str>]),
    /// Looked up once the message is encoded, so that a member that enters meanwhile is reached.
    Members,
    /// A room that has no members here.
    AbsentRoom(&'a Arc<str>),
}

pub(crate) enum RoomRef<'a> {
    Kept(&'a Arc<LiveRoom>),
    Found(Arc<LiveRoom>),
}

impl Deref for RoomRef<'_> {
    type Target = Arc<LiveRoom>;

    fn deref(&self) -> &Arc<LiveRoom> {
        match self {
            Self::Kept(room) => room,
            Self::Found(room) => room,
        }
    }
}

impl<'a> Lookup<'a> {
    pub fn resolve(self) -> Recipients<'a> {
        match (self.one_room(), self.target) {
            (Some(room), _) => Recipients::OneRoom(room),
            (None, Target::Rooms(names)) => Recipients::Rooms(names),
            (None, Target::OwnRoom(member)) => Recipients::AbsentRoom(member.own_room.name()),
            (None, Target::Room(name)) => Recipients::AbsentRoom(name),
            (None, Target::Users(_) | Target::Connection(_) | Target::All) => Recipients::Members,
        }
    }

    pub fn one_room(self) -> Option<RoomRef<'a>> {
        match self.target {
            Target::All => Some(RoomRef::Kept(self.registry.all(self.channel))),
            Target::Room(name) => self.room(name).map(RoomRef::Found),
            Target::OwnRoom(member) => Some(match &member.own_room {
                // Its members have all left, and it may have been opened anew since.
                room if room.is_gone() => self.room(room.name()).map_or(RoomRef::Kept(room), RoomRef::Found),
                room => RoomRef::Kept(room),
            }),
            Target::Rooms(_) | Target::Users(_) | Target::Connection(_) => None,
        }
    }

    pub fn room(self, name: &str) -> Option<Arc<LiveRoom>> {
        self.registry.room(self.channel, name)
    }

    pub fn len(self) -> usize {
        match self.one_room() {
            Some(room) if self.exclusions.is_empty() => room.len(),
            Some(room) if self.exclusions.only_user.is_none() => room.count(self.exclusions),
            _ => self.members().len(),
        }
    }

    pub fn members(self) -> Vec<Arc<Member>> {
        if let Some(room) = self.one_room() {
            return self.members_of(&room);
        }
        let mut members: Vec<Arc<Member>> = match self.target {
            Target::Rooms(names) => {
                let rooms = names.iter().filter_map(|name| self.room(name));
                rooms.flat_map(|room| self.members_of(&room)).collect()
            }
            Target::Users(users) => users.iter().flat_map(|user| self.devices(user)).collect(),
            Target::Connection(id) => {
                let member = self.registry.all(self.channel).get(*id);
                member.into_iter().filter(|member| member.is_meant(self.exclusions)).collect()
            }
            Target::All | Target::Room(_) | Target::OwnRoom(_) => Vec::new(),
        };
        let mut seen = HashSet::new();
        members.retain(|member| seen.insert(member.id));
        members
    }

    pub fn members_of(self, room: &LiveRoom) -> Vec<Arc<Member>> {
        match &self.exclusions.only_user {
            None => room.members(self.exclusions),
            Some(user) => self.devices(user).filter(|device| room.get(device.id).is_some()).collect(),
        }
    }

    fn devices(self, user: &UserKey) -> impl Iterator<Item = Arc<Member>> + use<'a> {
        let devices = self.registry.user(user).into_iter();
        devices.filter(move |device| device.channel() == self.channel && device.is_meant(self.exclusions))
    }

    /// Of the users that are meant; see `room/pending`.
    pub fn pending(self) -> Vec<Arc<PendingConnection>> {
        let (pending, reach) = (self.registry.pending(), self.reach());
        let pending = self.users().flat_map(|user| pending.of_user(user, &reach));
        pending.filter(|pending| !self.exclusions.except.contains(&pending.id)).collect()
    }

    pub fn disconnect_pending(self, close: &Close) -> Vec<ConnectionId> {
        let (pending, reach) = (self.registry.pending(), self.reach());
        self.users().flat_map(|user| pending.close(user, &reach, &self.exclusions.except, close)).collect()
    }

    /// If the audience is users, or one user in rooms: where their connections were lost, they are present no more.
    pub fn send_away(self) {
        let reach = self.reach();
        self.users().for_each(|user| self.registry.send_away(user, &reach, self.exclusions));
    }

    /// Each user once.
    fn users(self) -> impl Iterator<Item = &'a UserKey> {
        let only = self.exclusions.only_user.as_slice();
        let users = if let Target::Users(users) = self.target { users.as_slice() } else { only };
        let is_meant =
            move |user: &UserKey| !self.exclusions.except_users.contains(user) && only.iter().all(|only| only == user);
        let mut seen = HashSet::new();
        users.iter().filter(move |user| is_meant(user) && seen.insert(*user))
    }

    fn reach(self) -> Reach {
        let rooms = match self.target {
            Target::Room(name) => Some(vec![Arc::clone(name)]),
            Target::OwnRoom(member) => Some(vec![Arc::clone(member.own_room.name())]),
            Target::Rooms(names) => Some(names.clone()),
            Target::Users(_) | Target::Connection(_) | Target::All => None,
        };
        Reach { channel: Some(self.channel), rooms }
    }
}
