//! Notices: values that the server hands to a connection's handler. They never touch the wire.
//!
//! A connection's inbox is made by its first notice; one that has never had any costs a look at an empty pointer. Its session
//! takes them one after the other, in turns with the client's messages.

use std::any::Any;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::channel::Channel;
use crate::connection::contained::Contained;
use crate::connection::in_flight::{Activity, Token, Work};
use crate::room::member::{Connection, ConnectionId};
use crate::room::sent::Sent;
use crate::socket::Socket;
use crate::socket::audience::{Audience, IsSeveral, OneConnection};

/// The most notices that wait for one connection.
const MOST_WAITING: usize = 256;

/// A notice that channel `C` has a handler for, marked `#[notice]`.
#[diagnostic::on_unimplemented(
    message = "`{C}` takes no notice `{Self}`",
    label = "`{C}` has no handler for this notice",
    note = "write one in `#[channel] impl {C}`: `#[notice] async fn name(&mut self, n: {Self})`"
)]
pub trait NoticeFor<C>: Send + 'static {
    /// The handler's name, for logs and tests.
    #[doc(hidden)]
    const HANDLER: &'static str;
}

/// A notice that waits for its handler, with its type erased.
pub struct Notice {
    handler: &'static str,
    content: Contained<Box<dyn Any + Send>>,
    in_flight: Token,
}

impl Notice {
    pub(crate) fn handler(&self) -> &'static str {
        self.handler
    }

    /// Its session counts for it from now on.
    pub(crate) fn arrive(&mut self) {
        self.in_flight.end();
    }

    /// The content, if it is an `N`.
    ///
    /// # Errors
    /// The notice itself, if it is something else.
    pub fn into<N: 'static>(self) -> Result<N, Self> {
        let Self { handler, content, in_flight } = self;
        match content.into_inner().downcast() {
            Ok(content) => Ok(*content),
            Err(content) => Err(Self { handler, content: Contained::new(content), in_flight }),
        }
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Notice").field(&self.handler).finish()
    }
}

/// The notices that wait for one connection.
#[derive(Default)]
pub(crate) struct Inbox(OnceLock<Box<Mutex<Waiting>>>);

#[derive(Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    /// It was full, which was logged, and has not been empty since.
    was_full: bool,
}

impl Inbox {
    /// Whether a notice waits.
    pub fn has_notice(&self) -> bool {
        self.0.get().is_some_and(|waiting| !waiting.lock().notices.is_empty())
    }

    /// The next one.
    pub fn take(&self) -> Option<Notice> {
        let mut waiting = self.0.get()?.lock();
        let notice = waiting.notices.pop_front();
        if waiting.notices.is_empty() {
            // An idle connection keeps no burst's worth of room.
            *waiting = Waiting::default();
        }
        notice
    }

    /// Drops what waits. The connection is closing, so that nothing comes any more.
    pub fn clear(&self) {
        let dropped = self.0.get().map(|waiting| std::mem::take(&mut *waiting.lock()));
        // Not under the lock: what a notice holds is the user's.
        drop(dropped);
    }
}

/// What became of a notice that was put into an inbox. One that was not taken is given back: whoever put it there may hold a lock,
/// and what a notice does when it is dropped is the user's.
pub(crate) enum Put<N> {
    Taken,
    Refused(Contained<N>),
    /// As many wait as may, and it was not known.
    Full(Contained<N>),
}

impl<N> Put<N> {
    /// Drops one that was not taken by the connection of this name; whether it was. Not under a lock: it may be logged.
    pub fn settle<C: Channel>(self, connection: ConnectionId) -> bool
    where
        N: NoticeFor<C>,
    {
        if let Self::Full(_) = self {
            let handler = N::HANDLER;
            tracing::warn!(channel = C::NAME, %connection, handler, "notices are refused: {MOST_WAITING} wait already");
        }
        matches!(self, Self::Taken)
    }
}

/// Puts a notice into an inbox, unless its connection is closing: that is looked at under the lock, for whoever clears the inbox
/// has closed the connection before.
pub(crate) fn put<C: Channel, N: NoticeFor<C>>(
    inbox: &Inbox,
    activity: &Activity,
    notice: N,
    is_closing: impl FnOnce() -> bool,
) -> Put<N> {
    let mut waiting = inbox.0.get_or_init(Box::default).lock();
    if is_closing() {
        return Put::Refused(Contained::new(notice));
    }
    if waiting.notices.len() >= MOST_WAITING {
        let is_known = std::mem::replace(&mut waiting.was_full, true);
        let notice = Contained::new(notice);
        return if is_known { Put::Refused(notice) } else { Put::Full(notice) };
    }
    let in_flight = activity.begin(Work::Notice { channel: C::NAME, handler: N::HANDLER });
    waiting.notices.push_back(Notice { handler: N::HANDLER, content: Contained::new(Box::new(notice)), in_flight });
    Put::Taken
}

/// Hands a connection a notice; it never waits. Whether it was taken: not by one that is closing, nor where as many wait as may.
pub(crate) fn tell<C: Channel, N: NoticeFor<C>>(connection: &Connection, notice: N) -> bool {
    let outbox = &connection.outbox;
    let put = put::<C, N>(&connection.apart.inbox, outbox.activity(), notice, || outbox.is_closing());
    let is_taken = put.settle::<C>(connection.id);
    if is_taken {
        outbox.wake_owner();
    }
    is_taken
}

impl<C: 'static> Socket<C> {
    /// Sends a notice to this client's own handler, which the channel marks `#[notice]`: for a task that the handler has started.
    /// It is handled after the current handler; see [`Audience::notify`].
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "report")] pub struct Report { pages: u32 }
    /// pub struct Counted(u32);
    ///
    /// # #[channel("/reports")] pub struct Reports { #[state] pages: u32 }
    /// #[channel(sends(Report))]
    /// impl Reports {
    ///     #[message(type = "count")]
    ///     fn count(&self, socket: &Socket<Self>) {
    ///         let socket = socket.clone();
    ///         tokio::spawn(async move { socket.notify(Counted(3)) });
    ///     }
    ///
    ///     #[notice]
    ///     fn counted(&mut self, n: Counted) -> Report {
    ///         self.pages += n.0;
    ///         Report { pages: self.pages }
    ///     }
    /// }
    /// ```
    pub fn notify<N: NoticeFor<C>>(&self, notice: N) -> Sent
    where
        C: Channel,
    {
        let mut sent = Sent::default();
        sent.count(tell::<C, N>(&self.connection, notice));
        self.counters().refuse(sent);
        sent
    }
}

impl<C: Channel, K: IsSeveral> Audience<C, K> {
    /// Sends a notice to the handlers of all these clients, which their channel marks `#[notice]`. It never touches the wire:
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
    /// Never waits. A connection handles its notices one after the other, in the order in which they were sent. Waiting notices and
    /// messages are handled alternately. At most 256 notices wait for one connection: one more is refused, and [`Sent`] counts it. A
    /// notice for a closing connection is refused too. Notices that still wait when a connection ends are dropped: none is handled
    /// once `on_close` has begun. What the handler of a notice returns is sent to the client, as from a hook.
    ///
    /// If the audience is users, or one user in rooms, their pending connections receive the notice too: those whose handshake is at
    /// `authorize`, or that are accepted and have not joined. They handle it after their `on_connect`. A handshake whose extractors
    /// still run has no user yet, and does not receive it: what they have read may be older than the notice. Other audiences have no
    /// pending connections.
    pub fn notify<N: NoticeFor<C> + Clone>(&self, notice: N) -> Sent {
        let mut sent = Sent::default();
        // The pending ones first: otherwise one could join in between and be missed.
        let comers = self.lookup().pending();
        let coming: HashSet<ConnectionId> = comers.iter().map(|comer| comer.id).collect();
        for comer in comers {
            sent.count(comer.tell::<C, N>(notice.clone()));
        }
        let mut connections = self.lookup().connections();
        connections.retain(|connection| !coming.contains(&connection.id));
        if let Some((last, others)) = connections.split_last() {
            for connection in others {
                sent.count(tell::<C, N>(connection, notice.clone()));
            }
            sent.count(tell::<C, N>(last, notice));
        }
        self.told(sent)
    }
}

impl<C: Channel> Audience<C, OneConnection> {
    /// Sends a notice to the handler of this client, which its channel marks `#[notice]`, like [`notify`](Audience::notify) for
    /// several. Here it need not be `Clone`.
    pub fn notify<N: NoticeFor<C>>(&self, notice: N) -> Sent {
        let mut sent = Sent::default();
        if let Some(connection) = self.lookup().connections().first() {
            sent.count(tell::<C, N>(connection, notice));
        }
        self.told(sent)
    }
}
