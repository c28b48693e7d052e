//! Sending from outside: what routes, jobs and other channels hold of a channel.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::channel::Channel;
use crate::channel::identity::HasUsers;
use crate::channel::room::{Room, RoomOf};
use crate::channel::users::{UserName, UserOf};
use crate::room::exclusions::Mask;
use crate::room::member::ConnectionId;
use crate::room::pending::{Reach, end_all};
use crate::room::registry::{Registry, UserKey};
use crate::socket::audience::{Audience, OneConnection, OneRoom, Target};
use crate::socket::stats::Stats;
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// Sends to the clients of channel `C` from anywhere: a warp route, a job, another channel.
///
/// ```
/// # use channel_runtime::{channel, channels, message};
/// # #[message(type = "notice")] pub struct Notice { text: String }
/// # #[channel("/notifications/:name")] pub struct Notifications { name: String }
/// # #[channel(sends(Notice))] impl Notifications {}
/// # let channels = channels![Notifications];
/// let hub = channels.of::<Notifications>();
/// hub.room(&Notifications::room("news")).send(Notice { text: "hello".into() });
/// hub.all().send(Notice { text: "good night".into() });
/// # channels.app(());
/// ```
///
/// It is cheap to clone, and keeps neither a connection nor the app alive.
pub struct Hub<C> {
    registry: Arc<Registry>,
    /// The place of `C` in the registry.
    channel: usize,
    of: PhantomData<fn() -> C>,
}

impl<C: 'static> Hub<C> {
    pub(crate) fn find(registry: &Arc<Registry>) -> Option<Self> {
        let channel = registry.index_of::<C>()?;
        Some(Self::at(registry, channel))
    }

    /// That of the channel at this place, which is `C`.
    pub(crate) fn at(registry: &Arc<Registry>, channel: usize) -> Self {
        Self { registry: Arc::clone(registry), channel, of: PhantomData }
    }

    /// The members of a room: of a path, `GameChannel::room(&id)`, or of a declared kind, `&Symbol(..)`.
    pub fn room(&self, room: &(impl RoomOf<C> + ?Sized)) -> Audience<C, OneRoom> {
        self.audience(Target::Room(Arc::clone(room.room().key())))
    }

    /// The members of any of these rooms.
    pub fn rooms<I>(&self, rooms: I) -> Audience<C>
    where
        I: IntoIterator<Item: RoomOf<C>>,
    {
        self.audience(Target::Rooms(rooms.into_iter().map(|room| Arc::clone(room.room().key())).collect()))
    }

    /// Every device of this user on this channel, as its hook `identity` tells; `user("bob")` where that returns a `String`.
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
        self.audience(Target::Users(users.into_iter().map(|user| UserKey::named(user.as_user_name())).collect()))
    }

    /// One connection, on any device; nobody when it is gone.
    pub fn connection(&self, id: ConnectionId) -> Audience<C, OneConnection> {
        self.audience(Target::Connection(id))
    }

    /// Everybody on this channel.
    pub fn all(&self) -> Audience<C, OneRoom> {
        self.audience(Target::All)
    }

    /// Runs `act` on the state of a path's room and its members, like [`Audience::with`]; nothing where the room is not open, and
    /// so has no state: without members it is open for its [grace time](crate::Config::room_grace) alone.
    ///
    /// # Panics
    /// As [`Audience::with`].
    pub fn with_room<R>(
        &self,
        room: &Room<C>,
        act: impl FnOnce(&mut C::RoomState, &Audience<C, OneRoom>) -> R,
    ) -> Option<R>
    where
        C: Channel,
    {
        room.path()?;
        let core = self.registry.room(self.channel, room.name())?;
        let audience = self.room(room);
        core.with(|| None, |state: &mut C::RoomState| act(state, &audience))
    }

    /// How many of the channel's connections have ended so, since the server began:
    /// `hub.ended(ClosedBy::SlowClient)` were cut because they did not read what was sent to them. Counted before `on_close`.
    pub fn ended(&self, by: ClosedBy) -> u64 {
        self.registry.counters(self.channel).ended(by)
    }

    /// The channel in numbers. All but [`outbox_bytes`](Stats::outbox_bytes) are there to be read; for that, each outbox is looked
    /// at, which takes about 50 ns a connection.
    ///
    /// ```
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// # let channels = channels![Chat];
    /// let stats = channels.of::<Chat>().stats();
    /// assert_eq!((stats.connections, stats.sent), (0, 0));
    /// # channels.app(());
    /// ```
    pub fn stats(&self) -> Stats {
        Stats::read(&self.registry, self.channel)
    }

    /// Waits while the hubs of this channel are far ahead of its rooms: by 64 KiB, or a sixteenth of
    /// [`outbox_bytes`](crate::Config::outbox_bytes), that are not passed on yet. A producer that awaits it between its sends is
    /// slowed to what its rooms can take. One crowded room holds up a producer for all: [`Audience::ready`] waits for one room,
    /// and says how long.
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Hub};
    /// # #[message(type = "tick")] pub struct Tick { price: u64 }
    /// # #[channel("/market")] pub struct Market;
    /// # #[channel(sends(Tick))] impl Market {}
    /// async fn produce(hub: Hub<Market>, prices: impl Iterator<Item = u64>) {
    ///     for price in prices {
    ///         hub.room(&Market::room()).send(Tick { price });
    ///         hub.ready().await;
    ///     }
    /// }
    /// ```
    pub async fn ready(&self) {
        if let Some(pace) = self.registry.hub_pace(self.channel) {
            pace.caught_up().await;
        }
    }

    fn audience<K>(&self, target: Target) -> Audience<C, K> {
        Audience::new(self.clone(), target, None, Mask::default())
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(crate) fn channel(&self) -> usize {
        self.channel
    }
}

impl<C> Clone for Hub<C> {
    fn clone(&self) -> Self {
        Self { registry: Arc::clone(&self.registry), channel: self.channel, of: PhantomData }
    }
}

impl<C: Channel> fmt::Debug for Hub<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("channel", &C::NAME).finish()
    }
}

/// A user on all channels of an app, to be counted or disconnected; messages go through a channel's [`Hub::user`].
#[derive(Clone)]
pub struct User {
    registry: Arc<Registry>,
    key: UserKey,
}

impl User {
    pub(crate) fn new<N: UserName + ?Sized>(registry: &Arc<Registry>, name: &N) -> Self {
        Self { registry: Arc::clone(registry), key: UserKey::named(name) }
    }

    /// How many connections the user has now.
    pub fn len(&self) -> usize {
        self.registry.devices(&self.key)
    }

    /// Whether the user has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes each connection of the user, after what was sent to it before; tells how many. Those too that are on their way: their
    /// handshake is at `authorize`, or they have been let in and still wait, for their room to open or for their client to take the
    /// answer to its handshake. Such a connection ends at once and runs no hook, unless it came in at that very moment.
    ///
    /// A handshake that has begun and whose extractors still run does not come in either, once they have said that it is this
    /// user's; it is not counted, for nobody knows of it yet. So make it impossible for the user to log in, and call this then:
    /// nobody who was let in by what was true before is there afterwards.
    pub fn disconnect(&self, code: CloseCode, reason: &str) -> usize {
        let close = Close::new(ClosedBy::Server, Some(code), reason);
        // Those who come are asked first: see there.
        let coming = self.registry.comers().send_away(&self.key, &Reach::default(), &[], &close);
        end_all(&self.registry.user(&self.key), &close, &coming)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.key).finish()
    }
}
