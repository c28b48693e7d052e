//! Who receives: one verb, `send`, and many audiences to say it to.

mod delivery;
mod kind;
mod lookup;
mod target;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

pub use self::kind::{IsOneRoom, IsOwnRoom, IsSeveral, Many, OneConnection, OneRoom, OwnRoom};
use self::lookup::Lookup;
pub(crate) use self::target::Target;
use crate::channel::room_state;
use crate::channel::users::HasUsers;
use crate::channel::{Channel, SendsBytes, SentBy};
use crate::room::exclusions::Mask;
use crate::room::member::{Connection, ConnectionId};
use crate::room::pending::end_all;
use crate::room::registry::UserKey;
use crate::room::sent::Sent;
use crate::socket::frames::message_frame;
use crate::socket::hub::Hub;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

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

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { registry: self.hub.registry(), channel: self.hub.channel(), target: &self.target, mask: &self.mask }
    }

    /// All but this connection.
    #[must_use]
    pub fn except(&self, id: ConnectionId) -> Self {
        let mut audience = self.clone();
        audience.mask.except.push(id);
        audience
    }

    /// All but this user, on whatever device.
    #[must_use]
    pub fn except_user(&self, user: &C::Name) -> Self
    where
        C: HasUsers,
    {
        let mut audience = self.clone();
        audience.mask.except_users.push(UserKey::named(user));
        audience
    }

    /// Of these one user alone, on whatever device: `socket.room().only_user(&id)` is one user in one room.
    ///
    /// ```
    /// # use channel_runtime::{channel, CloseCode, Hub, message};
    /// # #[message(type = "muted")] pub struct Muted { by: String }
    /// # #[channel("/chat/:room")] pub struct Chat { room: String, #[state] name: String }
    /// # #[channel(sends(Muted))] impl Chat { fn identity(&self) -> &String { &self.name } }
    /// fn mute(chats: &Hub<Chat>, name: &str) {
    ///     chats.room(&Chat::room("lobby")).only_user(name).send(Muted { by: "the host".into() });
    /// }
    /// ```
    ///
    /// It is the user's devices that are looked through, and not the room. In a room of the path `disconnect` and
    /// `notify` reach those too that are on their way to it, as those of [`Hub::user`](crate::Hub::user).
    #[must_use]
    pub fn only_user(&self, user: &C::Name) -> Audience<C>
    where
        C: HasUsers,
        K: IsSeveral,
    {
        let Self { hub, target, mut mask, from, .. } = self.clone();
        mask.narrow(UserKey::named(user));
        Audience::new(hub, target, from, mask)
    }

    /// Sends a message, encoded once. Never waits; see [`Sent`].
    #[doc(alias("emit", "push", "publish", "broadcast"))]
    pub fn send<M: SentBy<C>>(&self, message: M) -> Sent {
        self.deliver(|room| message_frame(&message, room))
    }

    /// Sends a binary message.
    pub fn send_bytes(&self, data: Bytes) -> Sent
    where
        C: SendsBytes,
    {
        let frame = frame(Opcode::Binary, &data);
        self.deliver(|_| Ok(frame.clone()))
    }

    /// Waits while what is sent from here is far ahead of these rooms: by 64 KiB, or a sixteenth of
    /// [`outbox_bytes`](crate::Config::outbox_bytes), that are not passed on yet. A producer that awaits it between its sends is
    /// slowed to what the rooms can take:
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Hub};
    /// # #[message(type = "tick")] pub struct Tick { price: u64 }
    /// # #[channel("/market/:symbol")] pub struct Market { symbol: String }
    /// # #[channel(sends(Tick))] impl Market {}
    /// async fn produce(hub: Hub<Market>, prices: impl Iterator<Item = u64>) {
    ///     let room = hub.room(&Market::room("ACME"));
    ///     for price in prices {
    ///         room.send(Tick { price });
    ///         room.ready().await;
    ///     }
    /// }
    /// ```
    ///
    /// Rooms are waited for as their senders are: while half of the members or more do not keep up and still take what they are
    /// sent, as long as that lasts; while a quarter do, 128 KiB a second go on; for fewer so, for two seconds in thirty at the most.
    /// Nobody waits for a member that takes nothing: it is disconnected when its outbox is full.
    ///
    /// From a [`Hub`] it looks at the rooms of this audience, and counts what all hubs of the channel have sent to them. From a
    /// [`Socket`](crate::Socket) it looks at what that connection has sent to any room. Users and single connections are not
    /// waited for: see [`Socket::send_all`](crate::Socket::send_all).
    pub async fn ready(&self) {
        self.caught_up().await;
    }

    /// How many clients it is now. Who they are stands nowhere but in what the app keeps of them, such as a room's state.
    #[doc(alias("members", "count", "size", "presence"))]
    pub fn len(&self) -> usize {
        let lookup = self.lookup();
        match lookup.one_room() {
            Some(room) if self.mask.is_open() => room.len(),
            Some(room) if self.mask.only_user.is_none() => room.count(&self.mask),
            _ => lookup.connections().len(),
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the connection of each, after what was sent to it before; tells how many. Where the audience is users, or one in rooms, those of
    /// their connections too that are on their way, as [`User::disconnect`](crate::User::disconnect) says; all other audiences are
    /// those who are in.
    pub fn disconnect(&self, code: CloseCode, reason: &str) -> usize {
        let close = Close::new(ClosedBy::Server, Some(code), reason);
        // The pending ones first: otherwise one could join in between and be missed.
        let lookup = self.lookup();
        let pending = lookup.disconnect_pending(&close);
        end_all(&lookup.connections(), &close, &pending)
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
        self.deliver_with(|len, room| message_frame(&make(RoomView { len }), room))
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
        let lookup = self.lookup();
        let room = lookup.one_room().expect("a connection's own room is one room");
        let result = room.with(room_state::initial::<C>, |state: &mut C::RoomState| act(state, self));
        result.expect("the room has closed, and its state with it: a socket has outlived its connection")
    }
}

impl<C, K> Clone for Audience<C, K> {
    fn clone(&self) -> Self {
        let Self { hub, target, mask, from, kind } = self;
        Self { hub: hub.clone(), target: target.clone(), mask: mask.clone(), from: from.clone(), kind: *kind }
    }
}

impl<C: Channel, K> fmt::Debug for Audience<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audience").field("channel", &C::NAME).field("len", &self.len()).finish()
    }
}
