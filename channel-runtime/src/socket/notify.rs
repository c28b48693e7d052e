//! Notices: what the server tells a handler from outside. They never touch the wire.
//!
//! A connection's inbox is made by its first notice; one that has never had any costs a look at an empty pointer. Its session
//! takes them one after the other, in turns with the client's messages.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::channel::Channel;
use crate::connection::contained::Contained;
use crate::connection::in_flight::{Activity, Token, Work};
use crate::room::member::{Connection, ConnectionId};

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

/// A notice on its way to its handler, its type forgotten.
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

    /// What it says, where that is an `N`.
    ///
    /// # Errors
    /// The notice, where it is something else.
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
