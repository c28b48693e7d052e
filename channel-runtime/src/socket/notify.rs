//! Notices: values that the server hands to a connection's handler. They never touch the wire.

#[cfg(all(test, feature = "cluster"))]
mod tests;

use std::any::type_name;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::Error as _;
use tokio::time::Instant;

use crate::channel::Channel;
use crate::connection::contained::contain;
use crate::connection::id::ConnectionId;
use crate::connection::inbox::{MOST_WAITING, Put};
use crate::connection::moment;
use crate::protocol::escaped::Escaped;
use crate::room::delivery::Delivery;
use crate::room::lookup::Lookup;
use crate::room::member::Member;
use crate::room::outgoing::Body;
use crate::room::pending::PendingConnection;
use crate::room::sent::Sent;
use crate::socket::Socket;
use crate::socket::audience::{Audience, IsSeveral, OneConnection};
use crate::socket::crossing::{Crossing, NoticeCodec, NoticeEntry};

/// A notice that channel `C` has a handler for, marked `#[notice]`.
#[diagnostic::on_unimplemented(
    message = "`{C}` takes no notice `{Self}`",
    label = "`{C}` has no handler for this notice",
    note = "write one in `#[channel] impl {C}`: `#[notice] async fn name(&mut self, n: {Self})`"
)]
pub trait NoticeFor<C>: Sized + Send + 'static {
    #[doc(hidden)]
    const HANDLER: &'static str;

    #[doc(hidden)]
    const CROSSING: Crossing<NoticeCodec<Self>> = Crossing::No;
}

impl NoticeEntry {
    /// For the expansion of `#[channel]`.
    pub const fn of<C: Channel, N: NoticeFor<C>>(notice: &'static str) -> Self {
        let crossing = match N::CROSSING {
            Crossing::Serde(_) => Crossing::Serde(relay::<C, N> as fn(Lookup<'_>, &[u8]) -> _),
            Crossing::No => Crossing::No,
            Crossing::Here => Crossing::Here,
        };
        Self { handler: N::HANDLER, notice, crossing }
    }
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

/// Whose handler gets a notice.
enum Addressee {
    Pending(Arc<PendingConnection>),
    Member(Arc<Member>),
}

impl Addressee {
    fn all(lookup: Lookup<'_>) -> Vec<Self> {
        // The pending ones first: otherwise one could join in between and be missed.
        let pending = lookup.pending();
        let pending_ids: HashSet<ConnectionId> = pending.iter().map(|pending| pending.id).collect();
        let members = lookup.members().into_iter().filter(|member| !pending_ids.contains(&member.id));
        pending.into_iter().map(Self::Pending).chain(members.map(Self::Member)).collect()
    }

    fn tell<C: Channel, N: NoticeFor<C>>(&self, notice: N) -> bool {
        match self {
            Self::Pending(pending) => tell_pending::<C, N>(pending, notice),
            Self::Member(member) => tell::<C, N>(member, notice),
        }
    }
}

/// Decodes a notice from another node once for each connection, because it need not be `Clone`; not at all if there is none.
///
/// # Errors
/// If it can't be decoded, also because that code, which is the user's, panics.
fn relay<C: Channel, N: NoticeFor<C>>(lookup: Lookup<'_>, json: &[u8]) -> serde_json::Result<Sent> {
    let mut sent = Sent::default();
    let Crossing::Serde(codec) = N::CROSSING else { return Ok(sent) };
    for addressee in Addressee::all(lookup) {
        let notice = contain(|| (codec.decode)(json)).map_err(|_| serde_json::Error::custom("it panicked"))?;
        sent.count(addressee.tell::<C, N>(notice?));
    }
    Ok(sent)
}

/// A notice as the other nodes get it. `None` if there are none, or it does not cross.
///
/// # Errors
/// The outcome, if it can't be written, or is longer than the bus takes: then nobody gets it.
fn for_others<C: Channel, N: NoticeFor<C>>(delivery: &Delivery<'_>, notice: &N) -> Result<Option<Bytes>, Sent> {
    // Without the feature nothing of the codec is compiled into the program.
    if cfg!(feature = "cluster")
        && delivery.outgoing.is_some()
        && let Crossing::Serde(codec) = N::CROSSING
    {
        return match (codec.encode)(notice) {
            Ok(json) if delivery.is_too_long(json.len()) => Err(Sent::too_long()),
            Ok(json) => Ok(Some(json.into())),
            Err(error) => {
                let (notice, error) = (type_name::<N>(), Escaped(error));
                tracing::error!(channel = C::NAME, notice, %error, "a notice could not be written for the other nodes");
                Err(Sent::unencodable())
            }
        };
    }
    Ok(None)
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

impl<C: Channel> Socket<C> {
    /// Sends this client's own handler a notice after this time: the timer of a connection.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "typing")] pub struct Typing { by: String, on: bool }
    /// pub struct Quiet;
    ///
    /// # #[channel("/chat/:room")] pub struct Chat { room: String, #[state] name: String }
    /// #[channel(sends(Typing))]
    /// impl Chat {
    ///     #[message(type = "type")]
    ///     fn types(&self, socket: &Socket<Self>) {
    ///         socket.others().send(Typing { by: self.name.clone(), on: true });
    ///         socket.notify_after(Duration::from_secs(4), Quiet);
    ///     }
    ///
    ///     #[notice]
    ///     fn quiet(&mut self, _: Quiet, socket: &Socket<Self>) {
    ///         socket.others().send(Typing { by: self.name.clone(), on: false });
    ///     }
    /// }
    /// ```
    ///
    /// There is one for each type of notice: called again before its time, it begins anew, with the new notice. `Duration::ZERO` ends the
    /// waiting. It is handled as any [notice](Socket::notify), so behind what is handled at its time, and also if as many notices wait as
    /// may. While one waits to be handled, the next of its type is not due. It is dropped when the connection ends, and in a test that calls a handler itself nothing waits for its time.
    ///
    /// It is no task: the connection's own waits for the first of them. A connection without any pays nothing.
    pub fn notify_after<N: NoticeFor<C>>(&self, after: Duration, notice: N) {
        let outbox = self.member.outbox();
        let due = moment::after(Instant::now(), after);
        if self.member.apart.inbox.put_at(due, notice, (C::NAME, N::HANDLER), || outbox.is_closing()) {
            outbox.wake_owner();
        }
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
    ///
    /// In a [cluster](macro@crate::channels#several-nodes) it reaches the audience on every node, as JSON, if the type implements
    /// serde's `Serialize` and `Deserialize`; other notices are marked `#[notice(here)]`. [`Sent::recipients`] are those of this node.
    pub fn notify<N: NoticeFor<C> + Clone>(&self, notice: N) -> Sent {
        let delivery = self.delivery();
        let json = match for_others(&delivery, &notice) {
            Ok(json) => json,
            Err(sent) => return self.counted_notice(sent),
        };
        let mut sent = Sent::default();
        let addressees = Addressee::all(delivery.lookup);
        if let Some((last, others)) = addressees.split_last() {
            for addressee in others {
                sent.count(addressee.tell::<C, N>(notice.clone()));
            }
            sent.count(last.tell::<C, N>(notice));
        }
        if let Some(json) = json {
            sent.elsewhere = delivery.elsewhere(sent, || Body::Notice { handler: N::HANDLER, json });
        }
        self.counted_notice(sent)
    }
}

impl<C: Channel> Audience<C, OneConnection> {
    /// Sends a notice to the handler of this client, like [`notify`](Audience::notify) for several. It need not be `Clone`.
    pub fn notify<N: NoticeFor<C>>(&self, notice: N) -> Sent {
        let (delivery, mut sent) = (self.delivery(), Sent::default());
        // One that is here is nowhere else.
        if let Some(member) = delivery.lookup.members().first() {
            sent.count(tell::<C, N>(member, notice));
            return self.counted_notice(sent);
        }
        sent = match for_others(&delivery, &notice) {
            Ok(Some(json)) => {
                let body = || Body::Notice { handler: N::HANDLER, json };
                Sent::only_elsewhere(delivery.elsewhere(sent, body))
            }
            Ok(None) => sent,
            Err(sent) => sent,
        };
        self.counted_notice(sent)
    }
}
