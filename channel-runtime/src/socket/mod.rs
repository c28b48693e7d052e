//! Who receives: a connection's socket, the hub, audiences, and the answers of handlers.
//!
//! [`Socket`] is one client, as its handler sees it. A send never waits. Imports `channel`, `room`, `connection`, `protocol` and
//! `wire`: no engine that runs handlers.

pub(crate) mod answer;
mod answering;
pub(crate) mod audience;
mod audiences;
mod claim;
pub(crate) mod clock;
pub(crate) mod counters;
pub(crate) mod deferred;
pub(crate) mod foreign;
pub(crate) mod frames;
pub(crate) mod hub;
pub(crate) mod notify;
pub(crate) mod reply;
pub(crate) mod returned;
pub(crate) mod stats;
pub(crate) mod user;

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::channel::hook_arguments::NamesApp;
use crate::channel::room::RoomKind;
use crate::channel::{Channel, Route, SendsBytes, SentBy};
use crate::connection::outbox::queue::GATHERED_OWN;
use crate::connection::outbox::{Pushed, Sender};
use crate::protocol::codec::{self, DecodeError, EncodeError, Head};
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;
use crate::room::member::{Connection, ConnectionId};
use crate::room::registry::Registry;
use crate::room::sent::Sent;
use crate::socket::claim::Claim;
use crate::socket::counters::Counters;
use crate::socket::frames::{fault_frame, text_frame, timestamp};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::deflate::{PreparedFrame, Windows};
use crate::wire::frame::{Frame, FrameBuilder, Opcode, frame};

/// One client of channel `C`: to send to, to join rooms for, to close.
///
/// A cheap handle: it can be cloned, kept and moved to other tasks, and keeps nothing open. Sending to a client that is gone
/// does nothing, and says so in [`Sent`].
pub struct Socket<C> {
    registry: Arc<Registry>,
    connection: Arc<Connection>,
    /// That of the message that is being handled.
    claim: Claim,
    of: PhantomData<fn() -> C>,
}

impl<C: 'static> Socket<C> {
    /// That of a connection of `C`.
    pub(crate) fn new(registry: Arc<Registry>, connection: Arc<Connection>) -> Self {
        Self { registry, connection, claim: Claim::default(), of: PhantomData }
    }

    /// This connection's name.
    pub fn id(&self) -> ConnectionId {
        self.connection.id
    }

    /// Sends a message to this client. Never waits; see [`Sent`].
    #[doc(alias("emit", "push", "reply"))]
    pub fn send<M: SentBy<C>>(&self, message: M) -> Sent {
        self.push_text(|json| codec::encode(&message, Head::default(), json))
    }

    /// Sends a binary message to this client.
    pub fn send_bytes(&self, data: Bytes) -> Sent
    where
        C: SendsBytes,
    {
        self.push_frame(frame(Opcode::Binary, &data))
    }

    /// Sends `{"type":"success","data":..,"timestamp":..}` to this client; to answer a message, return
    /// [`Success`](crate::Success) instead.
    pub fn send_success(&self, data: &impl Serialize) -> Sent {
        self.push_text(|json| codec::encode_success(Some((data, &timestamp())), Head::default(), json))
    }

    /// Sends an error frame to this client; to answer a message, return the fault instead.
    pub fn send_fault(&self, fault: &Fault) -> Sent {
        self.push_frame(fault_frame(fault, Head::default()))
    }

    /// As [`send_fault`](Self::send_fault), with the name of the room that it is about.
    pub(crate) fn send_fault_of(&self, room: &str, fault: &Fault) {
        self.push_frame(fault_frame(fault, Head { reference: None, room: Some(room) }));
    }

    /// The app, to keep: for a task that a handler starts, which can't have what the handler is lent. A handler or a hook that takes
    /// `&Arc<App>` is lent the same.
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "report")] pub struct Report { pages: u32 }
    /// # pub struct App; impl App { async fn count(&self) -> u32 { 3 } }
    /// # #[channel("/reports", app = App)] pub struct Reports;
    /// # #[channel(sends(Report))] impl Reports {
    /// #[message(type = "make_report")]
    /// fn make_report(&self, socket: &Socket<Self>) {
    ///     let (app, socket) = (socket.app(), socket.clone());
    ///     tokio::spawn(async move { socket.send(Report { pages: app.count().await }) });
    /// }
    /// # }
    /// ```
    ///
    /// A channel that names no app has none to give, and this does not compile.
    ///
    /// # Panics
    /// Where the app is no more, because its server is gone and its last connection has ended: a task is given the app when it starts,
    /// as above, and does not ask for it later. In a test that calls a handler itself, without
    /// [`with_app`](crate::testing::TestSocket::with_app).
    #[track_caller]
    pub fn app(&self) -> Arc<C::App>
    where
        C: Route + NamesApp,
    {
        // A closure would be where it panics.
        match self.registry.app() {
            Some(app) => app,
            None => panic!("the app of `{}` is no more, or was never handed over", C::NAME),
        }
    }

    /// Joins a room of a declared kind; whether it is a member now, which fails once the connection has ended, and beyond
    /// 1024 declared rooms. What is sent to the room afterwards reaches this client.
    pub fn join(&self, room: &(impl RoomKind<C> + ?Sized)) -> bool {
        self.registry.join(&self.connection, room.room().key())
    }

    /// Leaves a room of a declared kind; whether it was a member.
    pub fn leave(&self, room: &(impl RoomKind<C> + ?Sized)) -> bool {
        self.registry.leave(&self.connection, room.room().name())
    }

    /// Closes this connection, after what was sent to it before; the first close counts. `on_close` follows when the
    /// handler that runs has returned. Nothing is sent behind a close, the handler's own answer neither: what the client is
    /// still to be told goes first.
    #[doc(alias("disconnect", "stop", "terminate"))]
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.connection.outbox.close(Close::new(ClosedBy::Server, Some(code), reason));
    }

    /// Waits until the connection has begun to end. A handler that works for long does well to look at it: it is not cut
    /// off when its client goes. A client that has sent more than 64 KiB beyond the message that is being handled is not read
    /// from meanwhile, and its going is not seen before the handler returns.
    pub async fn closed(&self) {
        self.connection.outbox.closed().await;
    }

    /// Waits until nothing waits in the server for the client, or the client is gone, or is being closed: for a producer that
    /// would overrun it.
    ///
    /// All has been handed to the operating system then, and to TLS where there is any. That is no proof that the client has it:
    /// kernels and proxies hold megabytes. What a client has to confirm it answers, by a message of your own.
    #[doc(alias("volatile", "drain"))]
    pub async fn flushed(&self) {
        self.connection.outbox.flushed().await;
    }

    /// Sends these messages to this client as it takes them: while more than a quarter of
    /// [`outbox_bytes`](crate::Config::outbox_bytes) waits for it, the next one waits. For what is too much to be sent in one go,
    /// such as a history to who joins, or an export:
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "line")] pub struct Line { text: String }
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # async fn history(room: &str) -> Vec<String> { vec![room.into()] }
    /// # #[channel(sends(Line))] impl Chat {
    /// async fn on_connect(&mut self, socket: &Socket<Self>) {
    ///     let lines = history(&self.room).await;
    ///     socket.send_all(lines.into_iter().map(|text| Line { text })).await;
    /// }
    /// # }
    /// ```
    ///
    /// What others send to the client meanwhile comes in between, or after all of it where it is sent by `on_connect`; it counts
    /// for the bound as ever. The handler that awaits this takes no other message, and its
    /// [`handler_timeout`](crate::Config::handler_timeout) goes on. A client that takes nothing for
    /// [`pong_timeout`](crate::Config::pong_timeout) is disconnected.
    ///
    /// Ends early where the client is gone. [`Sent`] counts each message as one recipient.
    pub async fn send_all<M: SentBy<C>>(&self, messages: impl IntoIterator<Item = M>) -> Sent {
        let outbox = &self.connection.outbox;
        let mut sent = Sent::default();
        for message in messages {
            let one = self.send(message);
            sent.add(one);
            if one.refused > 0 {
                break;
            }
            if outbox.is_filling() {
                outbox.has_room().await;
            }
        }
        sent
    }

    /// With the claim to an answer, which this one has no more: its client is owed that answer when the handler is done.
    pub(crate) fn owing(&self) -> Self {
        Self { claim: self.claim.give_away(&self.connection), ..self.clone() }
    }

    pub(crate) fn push_text(&self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Sent {
        self.try_push_text(write).unwrap_or_else(|error| {
            tracing::error!(channel = type_name::<C>(), error = %Escaped(error), "a message could not be sent");
            Sent::unencodable()
        })
    }

    /// Sends a text that `write` writes.
    ///
    /// # Errors
    /// Those of `write`; nothing is sent then.
    pub(crate) fn try_push_text(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<Sent, EncodeError> {
        if self.connection.deflate.is_some() {
            return text_frame(write).map(|frame| self.push_frame(frame));
        }
        let mut builder = FrameBuilder::spare();
        write(builder.payload_mut())?;
        if builder.payload_len() > GATHERED_OWN {
            return Ok(self.push_frame(builder.finish(Opcode::Text)));
        }
        // Copied behind what waits: nothing is allocated for it alone.
        let pushed = self.connection.outbox.push_own(builder.whole(Opcode::Text));
        builder.give_back();
        Ok(self.pushed(pushed))
    }

    /// What has happened on the channel.
    pub(crate) fn counters(&self) -> &Counters {
        self.registry.counters(self.connection.channel)
    }

    pub(crate) fn push_frame(&self, frame: Frame) -> Sent {
        let deflate = self.connection.deflate;
        let frame = match self.registry.compression() {
            Some(compression) => PreparedFrame::new(frame, Windows::of([deflate]), compression),
            None => PreparedFrame::plain(frame),
        };
        self.pushed(self.connection.outbox.push(frame.into_one(deflate), Sender::Own))
    }

    fn pushed(&self, pushed: Pushed) -> Sent {
        if pushed == Pushed::Promised {
            // Not in its own handler, which is corked.
            self.connection.outbox.wake_owner();
        }
        let mut sent = Sent::default();
        sent.count(pushed != Pushed::Refused);
        self.counters().send(sent);
        sent
    }

    /// Begins a turn, of no message as far as is known; the message before has been answered.
    pub(crate) fn begin_turn(&mut self) {
        self.claim = Claim::NoMessage;
    }

    /// The turn is that of a message.
    pub(crate) fn begin_message(&mut self, reference: Option<Ref>) {
        self.claim = Claim::of(reference);
    }

    /// What this client is told of a message that is none.
    pub(crate) fn invalid(&self, error: DecodeError) -> Fault {
        error.fault(self.connection.error_details)
    }

    pub(crate) fn claim(&self) -> &Claim {
        &self.claim
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl<C> Clone for Socket<C> {
    fn clone(&self) -> Self {
        Self {
            registry: Arc::clone(&self.registry),
            connection: Arc::clone(&self.connection),
            claim: self.claim.clone(),
            of: PhantomData,
        }
    }
}

impl<C: Channel> fmt::Debug for Socket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("channel", &C::NAME).field("id", &self.connection.id).finish()
    }
}
