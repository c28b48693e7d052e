//! Audiences: sets of clients to send to, to count or to disconnect.

mod delivery;
mod kind;
#[cfg(feature = "ops")]
mod one_of;
mod room_view;
pub(super) mod target;
mod topical;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

pub use self::kind::{IsOneRoom, IsOwnRoom, IsSeveral, Many, OneConnection, OneRoom, OwnRoom};
pub use self::room_view::RoomView;
use crate::channel::identity::key_of;
use crate::channel::room::{Room, RoomKind};
use crate::channel::room_state;
use crate::channel::users::HasUsers;
use crate::channel::{Channel, SendsBytes, SendsText, SentBy, Text};
use crate::connection::id::ConnectionId;
use crate::protocol::envelope::Flat;
use crate::room::class::Class;
use crate::room::exclusions::Exclusions;
use crate::room::lookup::Lookup;
use crate::room::member::Member;
use crate::room::newest::Key;
use crate::room::sent::Sent;
use crate::room::target::Target;
use crate::socket::class::{class_of, key_of as newest_key_of};
use crate::socket::frames::message_frame;
use crate::socket::hub::Hub;
use crate::socket::member_view::MemberView;
#[cfg(feature = "cluster")]
use crate::socket::node::Node;
use crate::socket::one_node;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

/// A set of clients of channel `C`. Each receives one copy of what is sent, even if it belongs in several ways.
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
/// Who belongs is decided at each send, not when the audience is made. `K` is [`OwnRoom`], [`OneRoom`], [`OneConnection`] or
/// [`Many`], and decides which other methods there are.
pub struct Audience<C, K = Many> {
    hub: Hub<C>,
    target: Target,
    exclusions: Exclusions,
    from: Option<Arc<Member>>,
    kind: PhantomData<fn() -> K>,
}

impl<C: 'static, K> Audience<C, K> {
    pub(crate) fn new(hub: Hub<C>, target: Target, from: Option<Arc<Member>>, exclusions: Exclusions) -> Self {
        Self { hub, target, exclusions, from, kind: PhantomData }
    }

    /// Whether the rooms of the channel may keep what is of this class.
    pub(super) fn keeps(&self, class: Class) -> bool {
        class.is_reliable() && self.hub.node().registry.has_history(self.hub.channel())
    }

    pub(in crate::socket) fn hub(&self) -> &Hub<C> {
        &self.hub
    }

    /// The name of the room, if it is one that has a name.
    pub(in crate::socket) fn target_room(&self) -> Option<Arc<str>> {
        self.target.room_name().cloned()
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn node(&self) -> &Arc<Node> {
        self.hub.node()
    }

    pub(in crate::socket) fn lookup(&self) -> Lookup<'_> {
        Lookup {
            registry: &self.hub.node().registry,
            channel: self.hub.channel(),
            target: &self.target,
            exclusions: &self.exclusions,
        }
    }

    /// All but this connection.
    #[must_use]
    pub fn except(&self, id: ConnectionId) -> Self {
        let mut audience = self.clone();
        audience.exclusions.except.push(id);
        audience
    }

    /// All but this user, on any device.
    #[must_use]
    pub fn except_user(&self, user: &C::Name) -> Self
    where
        C: HasUsers,
    {
        let mut audience = self.clone();
        audience.exclusions.except_users.push(key_of(user));
        audience
    }

    /// Only this user, on any device: `socket.room().only_user(&id)` is one user in one room.
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
    /// It costs a look at each of the user's devices, and not at each member. In a room of the path, `disconnect` and `notify` also
    /// reach the user's pending connections to it, as those of [`Hub::user`](crate::Hub::user).
    #[must_use]
    pub fn only_user(&self, user: &C::Name) -> Audience<C>
    where
        C: HasUsers,
        K: IsSeveral,
    {
        let Self { hub, target, mut exclusions, from, .. } = self.clone();
        exclusions.narrow(key_of(user));
        Audience::new(hub, target, from, exclusions)
    }

    /// Sends a message, encoded once. Never waits; see [`Sent`].
    #[doc(alias("emit", "push", "publish", "broadcast"))]
    pub fn send<M: SentBy<C>>(&self, message: M) -> Sent {
        let (class, key) = (const { class_of::<M>() }, newest_key_of(&message));
        if M::KIND.is_none() {
            let is_kept = self.keeps(class);
            let make = |room: Option<&str>| message_frame::<M::Envelope, M>(&message, room, is_kept);
            return self.deliver::<M::Envelope>(class, key.as_ref(), make);
        }
        self.deliver_binary(class, key.as_ref(), || message_frame::<Flat, M>(&message, None, false))
    }

    /// Sends a binary message.
    pub fn send_bytes(&self, data: Bytes) -> Sent
    where
        C: SendsBytes,
    {
        let frame = frame(Opcode::Binary, &data);
        self.deliver::<Flat>(Class::Reliable, None, |_| Ok(frame.clone()))
    }

    /// Sends a text as it is.
    pub fn send_text(&self, text: impl Into<Text>) -> Sent
    where
        C: SendsText,
    {
        let frame = frame(Opcode::Text, text.into().as_bytes());
        self.deliver::<Flat>(Class::Reliable, None, |_| Ok(frame.clone()))
    }

    /// Waits while this sender is far ahead of these rooms: by 64 KiB, or a sixteenth of
    /// [`outbox_bytes`](crate::Config::outbox_bytes) if that is less, that are not flushed yet. A producer that awaits it between
    /// its sends is slowed to what the rooms can receive:
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
    /// How long it waits depends on how many members read, but too slowly. While it is half of a room or more, as long as that
    /// lasts. While it is a quarter, 128 KiB a second continue. For fewer, at most two seconds in thirty. A member that reads
    /// nothing is not waited for: it is disconnected when its outbox is full.
    ///
    /// From a [`Hub`] it waits for the rooms of this audience, and counts what all hubs of the channel have sent to them. From a
    /// [`Socket`](crate::Socket) it counts what that connection has sent to any room. It does not wait for users and single
    /// connections, and in an envelope with [`topics`](crate::envelope::Places::topics) for no other audience than rooms of the path:
    /// see [`Socket::send_all`](crate::Socket::send_all). In a cluster, what a hub sends waits for the bus, too, whomever it is for.
    pub async fn ready(&self) {
        self.caught_up().await;
    }

    /// How many clients it has now, on this node.
    #[doc(alias("count", "size", "presence"))]
    pub fn len(&self) -> usize {
        self.lookup().len()
    }

    /// The clients that it has now, on this node, in no order: one entry for each connection, so that a user with several devices is
    /// there several times.
    ///
    /// ```
    /// # use channel_runtime::{channel, Hub};
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # #[channel] impl Chat { fn identity(&self) -> &String { &self.room } }
    /// fn users(chats: &Hub<Chat>) -> Vec<String> {
    ///     chats.room(&Chat::room("lounge")).members().into_iter().filter_map(|member| member.user).collect()
    /// }
    /// ```
    #[doc(alias("list", "who", "presence"))]
    pub fn members(&self) -> Vec<MemberView> {
        self.lookup().members().iter().map(|member| MemberView::of(member)).collect()
    }

    /// Whether it has no clients now, on this node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes each client a member of a room of a declared kind, on all nodes of a cluster. Returns how many of this node are members
    /// now: one that is in 1024 such rooms does not join.
    ///
    /// ```
    /// # use channel_runtime::{channel, Hub};
    /// # #[derive(Clone)] pub struct Ticket(u32);
    /// # impl std::fmt::Display for Ticket {
    /// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
    /// # }
    /// # #[channel("/desk/:user", rooms(Ticket))] pub struct Desk { user: String }
    /// # #[channel] impl Desk { fn identity(&self) -> &String { &self.user } }
    /// fn hand_over(desks: &Hub<Desk>, ticket: Ticket) {
    ///     desks.user("ann").leave(&ticket);
    ///     desks.user("bob").join(&ticket);
    /// }
    /// ```
    ///
    /// Pending connections do not join: a client that has to be in a room from its start joins it in `on_connect`, with
    /// [`Socket::join`](crate::Socket::join).
    ///
    /// # Panics
    /// In the closure of [`send_with`](Self::send_with): it would wait for itself.
    pub fn join(&self, room: &(impl RoomKind<C> + ?Sized)) -> usize {
        self.delivery().join(room.room().key())
    }

    /// Takes each client out of a room of a declared kind, on all nodes of a cluster. Returns how many of this node were members.
    ///
    /// # Panics
    /// In the closure of [`send_with`](Self::send_with): it would wait for itself.
    pub fn leave(&self, room: &(impl RoomKind<C> + ?Sized)) -> usize {
        self.delivery().leave(room.room().key())
    }

    /// Closes the connection of each client, after what was sent to it before, and returns how many. If the audience is users, or
    /// one user in rooms, their pending connections are closed too: see [`User::disconnect`](crate::User::disconnect), also for what it
    /// costs. One user in rooms costs a look at these rooms alone.
    pub fn disconnect(&self, code: CloseCode, reason: &str) -> usize {
        self.delivery().disconnect(&Close::new(ClosedBy::Server, Some(code), reason))
    }

    /// Moves each client to another room of a path of its channel, on all nodes of a cluster, and returns how many of this node:
    ///
    /// ```
    /// # use channel_runtime::{channel, Hub};
    /// # #[channel("/desk/:number")] pub struct Desk { number: u32, #[state] user: String }
    /// # #[channel] impl Desk { fn identity(&self) -> &String { &self.user } }
    /// fn hand_over(desks: &Hub<Desk>) {
    ///     desks.room(&Desk::room(&3)).only_user("ann").redirect(&Desk::room(&8));
    /// }
    /// ```
    ///
    /// Its connection is closed, after what was sent to it before, with [`CloseCode::MOVED`] and the path as the reason; `on_close` runs.
    /// A client that knows the framework's own frames follows by itself: it connects to the path, below the same address and with the same
    /// query and token, and enters there as any client does, if `authorize` lets it. What it had asked without an answer is lost, and is
    /// not asked again in another room. Other clients stay closed; if the path has over 123 bytes, their reason is `moved`.
    ///
    /// One that is moved alone comes at once. Of many, those of a node come spread over as many milliseconds as they are, at most 30 s: a
    /// thousand a second from each node, and more of them if they are over 30,000.
    ///
    /// Who is in that room already, or on the way to it, stays. Nothing happens for a room of a declared kind: those are
    /// [joined](Self::join) and left.
    pub fn redirect(&self, room: &Room<C>) -> usize {
        room.path().map_or(0, |path| self.delivery().disconnect(&Close::moved(path)))
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
    /// In an envelope with [`topics`](crate::envelope::Places::topics) it is for rooms of the path alone: elsewhere nothing is sent, as
    /// the members are on different topics.
    ///
    /// The message is not compressed, because that would hold the lock. A number may appear twice: a connection is a member before
    /// its `on_connect`, so that of two that join together both may send 2. In a cluster the number is that of this node, and the log
    /// warns of it, once for each type of a message.
    ///
    /// # Panics
    /// If the closure sends, joins or counts members: it would wait for itself.
    pub fn send_with<M: SentBy<C>>(&self, make: impl FnOnce(RoomView) -> M) -> Sent {
        let (class, key) = (const { class_of::<M>() }, Key::new());
        let is_shared = one_node::is_one_of_several(self.hub.node());
        if is_shared {
            // By a closure before that has panicked.
            room_view::take_was_read();
        }
        let sent = self.deliver_with::<M::Envelope>(M::TYPE, class, &key, |len, room| {
            let message = make(RoomView::new(len, is_shared));
            if const { M::DELIVERY.is_latest() } {
                key.get_or_init(|| message.newest_key());
            }
            message_frame::<M::Envelope, M>(&message, room, self.keeps(class))
        });
        if is_shared && room_view::take_was_read() {
            one_node::warn_of_counting(self.hub.node().counters(self.hub.channel()).channel, M::TYPE);
        }
        sent
    }

    /// Forgets the newest value of a key, of a type that is [latest](crate::Delivery::Latest), on all nodes of a cluster: who enters is not
    /// sent it any more, nor who was behind or has not been told yet. Clients are told nothing. Returns whether there was one, on this node.
    /// For a type without a key, the key is `""`.
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Hub};
    /// #[message(type = "tick", latest(key = symbol))]
    /// pub struct Tick { symbol: String, price: f64 }
    /// # #[channel("/market")] pub struct Market;
    /// # #[channel(sends(Tick))] impl Market {}
    /// fn delist(market: &Hub<Market>, symbol: &str) {
    ///     market.all().forget::<Tick>(symbol);
    /// }
    /// ```
    ///
    /// # Panics
    /// In the closure of [`send_with`](Self::send_with): it would wait for itself.
    pub fn forget<M: SentBy<C>>(&self, key: &str) -> bool {
        const {
            assert!(M::DELIVERY.is_latest(), "only of a message that is `latest` there is a newest value to forget");
        }
        let Class::Latest(class) = (const { class_of::<M>() }) else { return false };
        self.delivery().forget(class, &Key::from(Arc::<str>::from(key)))
    }
}

impl<C: 'static, K> Audience<C, K> {
    /// Runs `act` on the room's state and the room: messages leave in the order in which the state changed.
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
    /// The state is locked meanwhile, so `act` should not block; the lock is never held across an await. `Default` or the hook
    /// `on_room_open` makes the state when the room opens. When the room is empty, the state is dropped, or given to `on_room_close`.
    /// In the `on_close` of the last member the state is still there.
    ///
    /// # Panics
    /// Inside another `with`, and if `act` panics; the state stays as it is at that moment. Also if the room has closed and
    /// `on_room_open` had made its state, for a socket that is kept beyond its connection: [`Hub::with_room`] returns `None` then.
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
        let Self { hub, target, exclusions, from, kind } = self;
        Self {
            hub: hub.clone(),
            target: target.clone(),
            exclusions: exclusions.clone(),
            from: from.clone(),
            kind: *kind,
        }
    }
}

impl<C: Channel, K> fmt::Debug for Audience<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audience").field("channel", &C::NAME).field("len", &self.len()).finish()
    }
}
