//! Who receives: one verb, `send`, and many audiences to say it to.

use std::any::type_name;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

use crate::channel::{Channel, HasUsers, SendsBytes, SentBy};
use crate::codec::{self, EncodeError, Head};
use crate::connection::{Connection, ConnectionId};
use crate::first_state;
use crate::hub::Hub;
use crate::mask::Mask;
use crate::members::Members;
use crate::message::Message;
use crate::notice::{self, NoticeFor};
use crate::outbox::Pushed;
use crate::pace::Paced;
use crate::registry::UserKey;
use crate::sent::Sent;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::deflate::{Variants, Windows};
use crate::wire::frame::{Frame, FrameBuilder, Opcode, frame};

/// A set of clients of channel `C`; each gets one copy of what is sent, in however many ways it belongs.
///
/// ```
/// # use channel_runtime::{channel, message, Socket};
/// # #[message(type = "chat_message")] pub struct Line { text: String }
/// # #[channel("/chat/:room")] pub struct Chat { room: String }
/// # #[channel(sends(Line))] impl Chat {
/// #     fn on_connect(&mut self, socket: &Socket<Self>) {
/// let sent = socket.others().send(Line { text: "hello".into() });
/// assert_eq!(sent.recipients, socket.others().len());
/// #     }
/// # }
/// ```
///
/// Who belongs is decided when it is sent, not when the audience is made. `K` is [`OwnRoom`], [`OneRoom`], [`OneConnection`] or [`Many`],
/// and says what else can be done with it.
pub struct Audience<C, K = Many> {
    hub: Hub<C>,
    target: Target,
    mask: Mask,
    /// Whose handler sends: its welcome is over then.
    from: Option<Arc<Connection>>,
    kind: PhantomData<fn() -> K>,
}

/// The audience is the room of a connection's own path: it has the path's room state.
#[derive(Debug)]
pub enum OwnRoom {}

/// The audience is one room, or all of a channel: it has a number of members that holds while a message is made.
#[derive(Debug)]
pub enum OneRoom {}

/// The audience is one connection, or nobody.
#[derive(Debug)]
pub enum OneConnection {}

/// The audience is a set of any kind.
#[derive(Debug)]
pub enum Many {}

/// An audience that is one room: [`OwnRoom`] or [`OneRoom`].
pub trait IsOneRoom: sealed::Sealed {}

impl IsOneRoom for OwnRoom {}
impl IsOneRoom for OneRoom {}

/// An audience that may be several clients: all but [`OneConnection`].
pub trait IsSeveral: sealed::Sealed {}

impl IsSeveral for OwnRoom {}
impl IsSeveral for OneRoom {}
impl IsSeveral for Many {}

/// The audience is the room of a connection's own path, whose state is at hand: [`OwnRoom`].
#[diagnostic::on_unimplemented(
    message = "this audience has no state",
    label = "not the room of the handler's own path",
    note = "in a handler that room is `socket.room()`; from outside it is `hub.with_room(&Chat::room(..), |state, room| ..)`"
)]
pub trait IsOwnRoom: sealed::Sealed {}

impl IsOwnRoom for OwnRoom {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Many {}
    impl Sealed for super::OwnRoom {}
    impl Sealed for super::OneRoom {}
}

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

/// A room as a message is made for it.
#[derive(Clone, Copy, Debug)]
pub struct RoomView {
    len: usize,
}

impl RoomView {
    /// The number of members.
    #[expect(
        clippy::len_without_is_empty,
        reason = "the message is made for those who are here; who sends is one of them"
    )]
    pub fn len(&self) -> usize {
        self.len
    }
}

impl<C: 'static, K> Audience<C, K> {
    pub(crate) fn new(hub: Hub<C>, target: Target, from: Option<Arc<Connection>>, mask: Mask) -> Self {
        Self { hub, target, mask, from, kind: PhantomData }
    }

    /// All but this connection.
    #[must_use]
    pub fn except(mut self, id: ConnectionId) -> Self {
        self.mask.except.push(id);
        self
    }

    /// All but this user, on whatever device.
    #[must_use]
    pub fn except_user(mut self, user: &C::User) -> Self
    where
        C: HasUsers,
    {
        self.mask.except_users.push(UserKey::new(user));
        self
    }

    /// Sends a message, encoded once. Never waits; see [`Sent`].
    pub fn send<M: SentBy<C>>(&self, message: M) -> Sent {
        self.deliver(|room| encode(&message, room))
    }

    /// Sends a binary message.
    pub fn send_bytes(&self, data: Bytes) -> Sent
    where
        C: SendsBytes,
    {
        let frame = frame(Opcode::Binary, &data);
        self.deliver(|_| Ok(frame.clone()))
    }

    /// How many clients it is now.
    pub fn len(&self) -> usize {
        match self.one_room() {
            Some(room) if self.mask.is_open() => room.len(),
            Some(room) => room.count(&self.mask),
            None => self.connections().len(),
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the connection of each, after what was sent to it before; tells how many.
    pub fn disconnect(&self, code: CloseCode, reason: &str) -> usize {
        let close = Close::new(ClosedBy::Server, Some(code), reason);
        self.connections().iter().filter(|connection| connection.outbox.close(close.clone())).count()
    }

    /// Hands out frames; `make` is called once for each name that may stand in `"$room"`.
    fn deliver(&self, mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>) -> Sent {
        if let Some(from) = &self.from {
            from.outbox.welcome_is_over();
        }
        let result = match (&self.target, self.one_room()) {
            (_, Some(room)) => make(shown(room.name())).map(|frame| self.send_to(&room, frame, |_| true)),
            (Target::Room(_), None) => return Sent::default(),
            (Target::Rooms(names), None) => self.deliver_to_rooms(names, make),
            _ => make(None).map(|frame| {
                let connections = self.connections();
                let windows = || Windows::of(connections.iter().map(|connection| connection.deflate));
                self.mask.deliver(
                    connections.iter().map(|connection| (connection.id, connection)),
                    &self.variants(frame, windows),
                    |_| true,
                    |connection, pushed| {
                        if pushed == Pushed::Promised {
                            connection.outbox.wake_owner();
                        }
                    },
                )
            }),
        };
        self.sent(result)
    }

    /// A client in several of the rooms gets the frame of the first.
    fn deliver_to_rooms(
        &self,
        names: &[Arc<str>],
        mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Result<Sent, EncodeError> {
        let mut reached = HashSet::new();
        let mut sent = Sent::default();
        for room in names.iter().filter_map(|name| self.hub.registry().room(self.hub.channel(), name)) {
            let frame = make(shown(room.name()))?;
            sent.add(self.send_to(&room, frame, |member| reached.insert(member.id)));
        }
        Ok(sent)
    }

    fn send_to(&self, room: &Arc<Members>, frame: Frame, admits: impl FnMut(&Connection) -> bool) -> Sent {
        let frame = self.variants(frame, || room.windows(self.from.as_ref(), &self.mask));
        room.send(&frame, self.paced().as_ref(), &self.mask, admits)
    }

    /// The frame as those with these windows read it. Takes no lock, for it may take a while.
    fn variants(&self, frame: Frame, windows: impl FnOnce() -> Windows) -> Variants {
        match self.hub.registry().compression() {
            Some(compression) => Variants::new(frame, windows(), compression),
            None => Variants::plain(frame),
        }
    }

    /// Whoever is slowed where the rooms can't follow.
    fn paced(&self) -> Option<Paced> {
        match &self.from {
            Some(from) => Some(Paced::Connection(Arc::clone(from))),
            None => self.hub.registry().hub_pace(self.hub.channel()).cloned().map(Paced::Hub),
        }
    }

    /// Counts to how many a handler sends in its task's turn.
    fn spend(&self, sent: Sent) {
        if let Some(from) = &self.from {
            from.pace.spend(sent.recipients);
        }
    }

    /// A notice is nothing that is sent, but for its refusals.
    fn told(&self, told: Sent) -> Sent {
        self.spend(told);
        self.hub.registry().counts(self.hub.channel()).refuse(told);
        told
    }

    fn sent(&self, result: Result<Sent, EncodeError>) -> Sent {
        match result {
            Ok(sent) => {
                self.spend(sent);
                self.hub.registry().counts(self.hub.channel()).send(sent);
                sent
            }
            Err(error) => {
                tracing::error!(channel = type_name::<C>(), %error, "a message could not be sent");
                Sent::unencodable()
            }
        }
    }

    /// The room, where the audience is one.
    fn one_room(&self) -> Option<RoomRef<'_>> {
        let registry = self.hub.registry();
        match &self.target {
            Target::All => Some(RoomRef::All(registry.all(self.hub.channel()))),
            Target::Room(name) => registry.room(self.hub.channel(), name).map(RoomRef::Found),
            Target::OwnRoom(connection) => Some(match &connection.own_room {
                // Its members have all left, and others may have opened it anew.
                room if room.is_gone() => match registry.room(self.hub.channel(), room.name()) {
                    Some(reopened) => RoomRef::Found(reopened),
                    None => RoomRef::Own(room),
                },
                room => RoomRef::Own(room),
            }),
            Target::Rooms(_) | Target::Users(_) | Target::Connection(_) => None,
        }
    }

    /// Each client of the audience, once.
    fn connections(&self) -> Vec<Arc<Connection>> {
        if let Some(room) = self.one_room() {
            return room.members(&self.mask);
        }
        let (registry, channel) = (self.hub.registry(), self.hub.channel());
        let mut connections: Vec<Arc<Connection>> = match &self.target {
            Target::Rooms(names) => {
                let rooms = names.iter().filter_map(|name| registry.room(channel, name));
                rooms.flat_map(|room| room.members(&self.mask)).collect()
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
}

impl<C: Channel, K: IsSeveral> Audience<C, K> {
    /// Tells the handlers of all these clients something that their channel marks `#[notice]`. It never touches the wire:
    ///
    /// ```
    /// # use channel_runtime::{channel, Hub, Socket};
    /// # pub struct Role;
    /// #[derive(Clone)]
    /// pub struct RoleChanged { to: u32 }
    ///
    /// # #[channel("/user/:name")] pub struct User { name: String, #[state] role: u32 }
    /// #[channel]
    /// impl User {
    /// #   fn identity(&self) -> &String { &self.name }
    ///     #[notice]
    ///     fn role_changed(&mut self, n: RoleChanged) {
    ///         self.role = n.to;
    ///     }
    /// }
    ///
    /// fn promote(users: &Hub<User>, name: &String) {
    ///     users.user(name).notify(RoleChanged { to: 7 });
    /// }
    /// ```
    ///
    /// Never waits. A connection's notices are handled one after the other, in the order in which they were told, between its
    /// messages; notices and messages that wait take turns. At most 256 wait for one connection: one more is refused, which
    /// [`Sent`] tells. So is one for a connection that is closing, and what waits when it ends is dropped: nothing comes once
    /// `on_close` has begun. What its handler returns goes to the client, as from a hook.
    pub fn notify<N: NoticeFor<C> + Clone>(&self, notice: N) -> Sent {
        let mut sent = Sent::default();
        let connections = self.connections();
        let Some((last, others)) = connections.split_last() else { return sent };
        for connection in others {
            sent.count(notice::tell::<C, N>(connection, notice.clone()));
        }
        sent.count(notice::tell::<C, N>(last, notice));
        self.told(sent)
    }
}

impl<C: Channel> Audience<C, OneConnection> {
    /// Tells the handler of this client something that its channel marks `#[notice]`, as
    /// [`notify`](Audience::notify) does for several; here it need not be `Clone`.
    pub fn notify<N: NoticeFor<C>>(&self, notice: N) -> Sent {
        let mut sent = Sent::default();
        if let Some(connection) = self.connections().first() {
            sent.count(notice::tell::<C, N>(connection, notice));
        }
        self.told(sent)
    }
}

impl<C: 'static, K: IsOneRoom> Audience<C, K> {
    /// Sends a message made under the room's lock, so that numbers on the wire never run backwards:
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "user_joined")] pub struct UserJoined { count: usize }
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # #[channel(sends(UserJoined))] impl Chat {
    /// fn on_connect(&mut self, socket: &Socket<Self>) {
    ///     socket.others().send_with(|room| UserJoined { count: room.len() });
    /// }
    /// # }
    /// ```
    ///
    /// It is not compressed, for that would keep the room waiting.
    ///
    /// Never backwards, but not each number once: a connection is a member before its `on_connect`, so of two that come
    /// together both may say 2.
    ///
    /// # Panics
    /// Where the closure sends, joins or asks who is here: it would wait for itself.
    pub fn send_with<M: SentBy<C>>(&self, make: impl FnOnce(RoomView) -> M) -> Sent {
        if let Some(from) = &self.from {
            from.outbox.welcome_is_over();
        }
        let Some(room) = self.one_room() else { return Sent::default() };
        let sent = room.send_with(self.paced().as_ref(), &self.mask, |len| {
            encode(&make(RoomView { len }), shown(room.name())).map(Variants::plain)
        });
        self.sent(sent)
    }
}

impl<C: 'static, K> Audience<C, K> {
    /// Runs `act` on the room's state and the room: what it sends leaves in the order in which it changed the state.
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "counted")] pub struct Counted { total: u32 }
    /// # #[derive(Default)] pub struct Total(u32);
    /// # #[channel("/count/:room", room_state = Total)] pub struct Counter { room: String }
    /// # #[channel(sends(Counted))] impl Counter {
    /// #[message(type = "add")]
    /// fn add(&self, socket: &Socket<Self>) {
    ///     socket.room().with(|total, room| {
    ///         total.0 += 1;
    ///         room.send(Counted { total: total.0 });
    ///     });
    /// }
    /// # }
    /// ```
    ///
    /// It is a lock for a moment: others wait for it, so it should not block; it is never held across an await. The state
    /// is made by `Default` when the room opens, or by the hook `on_room_open`, and dropped when it empties, or given to
    /// `on_room_close`; in the `on_close` of the last member it is what that member left.
    ///
    /// # Panics
    /// Inside another `with`, and where `act` panics; the state stays as it was then. And where the room has closed and
    /// `on_room_open` made its state, for a socket that was kept beyond its connection: [`Hub::with_room`] asks.
    pub fn with<R>(&self, act: impl FnOnce(&mut C::RoomState, &Self) -> R) -> R
    where
        C: Channel,
        K: IsOwnRoom,
    {
        let room = self.one_room().expect("a connection's own room is one room");
        let result = room.with(first_state::fresh::<C>, |state: &mut C::RoomState| act(state, self));
        result.expect("the room has closed, and its state with it: a socket has outlived its connection")
    }
}

impl<C: Channel, K> fmt::Debug for Audience<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audience").field("channel", &C::NAME).field("len", &self.len()).finish()
    }
}

/// A room, however it is held.
enum RoomRef<'a> {
    All(&'a Arc<Members>),
    Own(&'a Arc<Members>),
    Found(Arc<Members>),
}

impl std::ops::Deref for RoomRef<'_> {
    type Target = Arc<Members>;

    fn deref(&self) -> &Arc<Members> {
        match self {
            Self::All(room) => room,
            Self::Own(room) => room,
            Self::Found(room) => room,
        }
    }
}

/// What stands in `"$room"`: a declared room's name, and nothing for the path's own, or for all.
fn shown(room: &str) -> Option<&str> {
    room.contains(':').then_some(room).filter(|room| !room.starts_with('/'))
}

/// A message as a text frame.
pub(crate) fn encode<M: Message>(message: &M, room: Option<&str>) -> Result<Frame, EncodeError> {
    text_frame(|json| codec::encode(message, Head { reference: None, room }, json))
}

/// A text frame of what `write` writes.
pub(crate) fn text_frame(write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Result<Frame, EncodeError> {
    let mut builder = FrameBuilder::new();
    write(builder.payload_mut())?;
    Ok(builder.finish(Opcode::Text))
}
