//! Notices: values that the server hands to a connection's handler. They never touch the wire.

use std::collections::HashSet;

use crate::channel::Channel;
use crate::connection::id::ConnectionId;
use crate::connection::inbox::{MOST_WAITING, Put};
use crate::room::member::Member;
use crate::room::pending::PendingConnection;
use crate::room::sent::Sent;
use crate::socket::Socket;
use crate::socket::audience::{Audience, IsSeveral, OneConnection};

/// A notice that channel `C` has a handler for, marked `#[notice]`.
#[diagnostic::on_unimplemented(
    message = "`{C}` takes no notice `{Self}`",
    label = "`{C}` has no handler for this notice",
    note = "write one in `#[channel] impl {C}`: `#[notice] async fn name(&mut self, n: {Self})`"
)]
pub trait NoticeFor<C>: Send + 'static {
    #[doc(hidden)]
    const HANDLER: &'static str;
}

/// Drops a notice that was not taken, not under a lock: its destructor is the user's code. Returns whether it was taken.
fn settle<C: Channel, N: NoticeFor<C>>(put: Put<N>, connection: ConnectionId) -> bool {
    if let Put::Full(_) = put {
        let handler = N::HANDLER;
        tracing::warn!(channel = C::NAME, %connection, handler, "notices are refused: {MOST_WAITING} wait already");
    }
    matches!(put, Put::Taken)
}

pub(crate) fn tell<C: Channel, N: NoticeFor<C>>(member: &Member, notice: N) -> bool {
    let outbox = member.outbox();
    let names = (C::NAME, N::HANDLER);
    let put = member.apart.inbox.put(notice, names, outbox.activity(), || outbox.is_closing());
    let is_taken = settle::<C, N>(put, member.id);
    if is_taken {
        outbox.wake_owner();
    }
    is_taken
}

/// If the connection is still pending, the notice is handled once it is open.
fn tell_pending<C: Channel, N: NoticeFor<C>>(pending: &PendingConnection, notice: N) -> bool {
    match pending.inbox() {
        Ok(inbox) => {
            let put = inbox.put(notice, (C::NAME, N::HANDLER), pending.activity(), || pending.is_closed());
            drop(inbox);
            settle::<C, N>(put, pending.id)
        }
        Err(member) => tell::<C, N>(&member, notice),
    }
}

impl<C: 'static> Socket<C> {
    /// Sends a notice to this client's own handler, for a task that the handler has started. It is handled after the current
    /// handler; see [`Audience::notify`].
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
        sent.count(tell::<C, N>(&self.member, notice));
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
    /// Never waits. A connection handles its notices in the order in which they were sent, alternately with messages that wait. At
    /// most 256 notices wait for one connection: one more is refused, as is one for a closing connection, and [`Sent`] counts it.
    /// Notices that still wait when `on_close` begins are dropped. What the handler of a notice returns is sent to the client.
    ///
    /// If the audience is users, or one user in rooms, their pending connections receive the notice too: those whose handshake is
    /// at `authorize`, or that are accepted and have not joined. They handle it after their `on_connect`. A handshake whose
    /// extractors still run has no user yet, and does not receive it: what they have read may be older than the notice.
    pub fn notify<N: NoticeFor<C> + Clone>(&self, notice: N) -> Sent {
        let mut sent = Sent::default();
        // The pending ones first: otherwise one could join in between and be missed.
        let pending = self.lookup().pending();
        let pending_ids: HashSet<ConnectionId> = pending.iter().map(|pending| pending.id).collect();
        for pending in pending {
            sent.count(tell_pending::<C, N>(&pending, notice.clone()));
        }
        let mut members = self.lookup().members();
        members.retain(|member| !pending_ids.contains(&member.id));
        if let Some((last, others)) = members.split_last() {
            for member in others {
                sent.count(tell::<C, N>(member, notice.clone()));
            }
            sent.count(tell::<C, N>(last, notice));
        }
        self.counted_notice(sent)
    }
}

impl<C: Channel> Audience<C, OneConnection> {
    /// Sends a notice to the handler of this client, like [`notify`](Audience::notify) for several. It need not be `Clone`.
    pub fn notify<N: NoticeFor<C>>(&self, notice: N) -> Sent {
        let mut sent = Sent::default();
        if let Some(member) = self.lookup().members().first() {
            sent.count(tell::<C, N>(member, notice));
        }
        self.counted_notice(sent)
    }
}
