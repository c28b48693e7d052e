//! Every way to name an audience, from a [`Socket`] and from a [`Hub`].

use std::sync::Arc;

use crate::channel::Channel;
use crate::channel::room::{Room, RoomOf};
use crate::channel::users::{HasUsers, UserOf};
use crate::connection::id::ConnectionId;
use crate::room::exclusions::Exclusions;
use crate::room::target::Target;
use crate::socket::Socket;
use crate::socket::audience::{Audience, OneConnection, OneRoom, OwnRoom, target};
use crate::socket::hub::Hub;

impl<C: 'static> Socket<C> {
    /// The members of the path's own room, this client among them.
    #[doc(alias("broadcast", "to", "group", "members"))]
    pub fn room(&self) -> Audience<C, OwnRoom> {
        self.audience(Target::OwnRoom(Arc::clone(&self.member)), Exclusions::from(self.id()))
    }

    /// The members of the path's own room without this client.
    #[doc(alias("broadcast", "broadcast_from"))]
    pub fn others(&self) -> Audience<C, OwnRoom> {
        self.audience(Target::OwnRoom(Arc::clone(&self.member)), Exclusions::others(self.id()))
    }

    /// The members of another room. This client need not be one.
    #[doc(alias("to", "in", "within", "group"))]
    pub fn room_of(&self, room: &(impl RoomOf<C> + ?Sized)) -> Audience<C, OneRoom> {
        self.audience(target::room(room), Exclusions::from(self.id()))
    }

    /// The members of any of these rooms.
    pub fn rooms<I>(&self, rooms: I) -> Audience<C>
    where
        I: IntoIterator<Item: RoomOf<C>>,
    {
        self.audience(target::rooms(rooms), Exclusions::from(self.id()))
    }

    /// Every device of this user on this channel, by its hook `identity`. If that returns a `String`, write `user("bob")`.
    pub fn user(&self, user: &C::Name) -> Audience<C>
    where
        C: HasUsers,
    {
        self.users([user])
    }

    /// Every device of each of these users on this channel.
    pub fn users<I>(&self, users: I) -> Audience<C>
    where
        C: HasUsers,
        I: IntoIterator<Item: UserOf<C>>,
    {
        self.audience(target::users(users), Exclusions::from(self.id()))
    }

    /// Everybody on this channel.
    pub fn all(&self) -> Audience<C, OneRoom> {
        self.audience(Target::All, Exclusions::from(self.id()))
    }

    fn audience<K>(&self, target: Target, exclusions: Exclusions) -> Audience<C, K> {
        Audience::new(self.hub(), target, Some(Arc::clone(&self.member)), exclusions)
    }
}

impl<C: 'static> Hub<C> {
    /// The members of a room: of a path, `GameChannel::room(&id)`, or of a declared kind, `&Symbol(..)`.
    pub fn room(&self, room: &(impl RoomOf<C> + ?Sized)) -> Audience<C, OneRoom> {
        self.audience(target::room(room))
    }

    /// The members of any of these rooms.
    pub fn rooms<I>(&self, rooms: I) -> Audience<C>
    where
        I: IntoIterator<Item: RoomOf<C>>,
    {
        self.audience(target::rooms(rooms))
    }

    /// Every device of this user on this channel, by its hook `identity`. If that returns a `String`, write `user("bob")`.
    pub fn user(&self, user: &C::Name) -> Audience<C>
    where
        C: HasUsers,
    {
        self.users([user])
    }

    /// Every device of each of these users on this channel.
    pub fn users<I>(&self, users: I) -> Audience<C>
    where
        C: HasUsers,
        I: IntoIterator<Item: UserOf<C>>,
    {
        self.audience(target::users(users))
    }

    /// One connection. Nobody, once it has ended.
    pub fn connection(&self, id: ConnectionId) -> Audience<C, OneConnection> {
        self.audience(Target::Connection(id))
    }

    /// Everybody on this channel.
    pub fn all(&self) -> Audience<C, OneRoom> {
        self.audience(Target::All)
    }

    /// Runs `act` on the state of a path's room and its members, like [`Audience::with`]. `None` if the room is not open, and so
    /// has no state: without members a room is open only for its [grace time](crate::Config::room_grace).
    ///
    /// # Panics
    /// Like [`Audience::with`].
    pub fn with_room<R>(
        &self,
        room: &Room<C>,
        act: impl FnOnce(&mut C::RoomState, &Audience<C, OneRoom>) -> R,
    ) -> Option<R>
    where
        C: Channel,
    {
        room.path()?;
        let core = self.node().registry.room(self.channel(), room.name())?;
        let audience = self.room(room);
        core.with(|| None, |state: &mut C::RoomState| act(state, &audience))
    }

    fn audience<K>(&self, target: Target) -> Audience<C, K> {
        Audience::new(self.clone(), target, None, Exclusions::default())
    }
}
