//! Sending, which never waits: a connection's socket, hubs, audiences, and the answers of handlers.

pub(crate) mod alone;
pub(crate) mod answer;
pub(crate) mod answer_array;
mod answer_frames;
pub(crate) mod ask;
pub(crate) mod ask_all;
pub(crate) mod ask_error;
pub(crate) mod audience;
mod audiences;
mod claim;
pub(crate) mod class;
pub(crate) mod clock;
pub(crate) mod count;
pub(crate) mod counters;
pub(crate) mod crossing;
mod drops;
pub(crate) mod foreign;
pub(crate) mod frames;
mod handled_once;
pub(crate) mod history;
pub(crate) mod hub;
pub(crate) mod invalid_reply;
mod kept_answer;
pub(crate) mod member_view;
pub(crate) mod node;
pub(crate) mod notify;
pub(crate) mod oldest_first;
mod one_answer;
mod one_node;
pub(crate) mod open_rooms;
pub(crate) mod position;
pub(crate) mod presence;
pub(crate) mod push;
pub(crate) mod questions;
pub(crate) mod replies;
pub(crate) mod reply;
mod said_again;
pub(crate) mod seldom;
pub(crate) mod snapshot;
pub(crate) mod stats;
pub(crate) mod user;

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::channel::hook_arguments::NamesApp;
use crate::channel::room::{Room, RoomKind};
use crate::channel::{Channel, Route, SendsBytes, SendsText, SentBy, Text};
use crate::connection::framework_frames::moving_window;
use crate::connection::id::ConnectionId;
use crate::connection::outbox::Enqueued;
use crate::connection::outbox::queue::GATHERED_OWN;
use crate::protocol::codec::{self, DecodeError, EncodeError, Head};
use crate::protocol::envelope::{Envelope, in_topic};
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;
use crate::room::joined::Joined;
use crate::room::member::Member;
use crate::room::sent::Sent;
use crate::socket::answer_array::AnswerArray;
use crate::socket::claim::Claim;
use crate::socket::class::class_of;
use crate::socket::counters::Counters;
use crate::socket::frames::{frame_of, now};
use crate::socket::handled_once::HandledOnce;
use crate::socket::node::Node;
use crate::socket::push::{not_offered, offer_frame, push_frame, pushed};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Frame, FrameBuilder, Opcode, frame};

/// One client of channel `C`: to send to, to join rooms for, to close.
///
/// A cheap handle: it can be cloned, kept and moved to other tasks, and keeps no connection open. A send to a client whose
/// connection has ended does nothing, and [`Sent`] counts it as refused.
pub struct Socket<C> {
    node: Arc<Node>,
    member: Arc<Member>,
    claim: Claim,
    of: PhantomData<fn() -> C>,
}

impl<C: 'static> Socket<C> {
    pub(crate) fn new(node: Arc<Node>, member: Arc<Member>) -> Self {
        Self { node, member, claim: Claim::default(), of: PhantomData }
    }

    /// What this client was told of its room's past as it entered: in a channel with `history`, whether it has everything, or begins
    /// anew and why. For `on_connect`, which sends the past to who comes fresh.
    ///
    /// ```
    /// # use channel_runtime::{Joined, Socket, channel, message};
    /// # #[message(type = "line")] pub struct Line { text: String }
    /// #[channel("/chat/:room", history)]
    /// pub struct Chat { room: String }
    ///
    /// #[channel(sends(Line))]
    /// impl Chat {
    ///     fn on_connect(&mut self, socket: &Socket<Self>) {
    ///         if let Joined::Fresh { .. } = socket.joined() {
    ///             socket.send(Line { text: "from the database".into() });
    ///         }
    ///     }
    /// }
    /// ```
    pub fn joined(&self) -> Joined {
        self.member.told.get()
    }

    /// This connection's id.
    pub fn id(&self) -> ConnectionId {
        self.member.id
    }

    /// The subprotocol that was agreed in the handshake: one of the channel's list `subprotocols(..)`, one of its envelope, or
    /// `channels.1.json`, which a channel with `on_text` or another envelope does not know if it knows others. `None` if the client
    /// offered none that the channel knows.
    pub fn subprotocol(&self) -> Option<&'static str> {
        self.counters().subprotocols.named(self.member.subprotocol)
    }

    /// Sends a message to this client. Never waits; see [`Sent`].
    #[doc(alias("emit", "push", "reply"))]
    pub fn send<M: SentBy<C>>(&self, message: M) -> Sent {
        if const { M::DELIVERY.is_volatile() } {
            return self.offer(&message);
        }
        match M::KIND {
            None => self.push_text(|json| {
                let path = self.member.own_room.name();
                in_topic::<M::Envelope, _>(Head::default(), path, |head| M::Envelope::encode(&message, head, json))
            }),
            Some(kind) => self
                .try_push(Opcode::Binary, |out| codec::encode_binary(kind, &message, out))
                .unwrap_or_else(|error| self.unsent(error)),
        }
    }

    /// Sends a binary message to this client.
    pub fn send_bytes(&self, data: Bytes) -> Sent
    where
        C: SendsBytes,
    {
        self.push_frame(frame(Opcode::Binary, &data))
    }

    /// Sends a text to this client as it is.
    pub fn send_text(&self, text: impl Into<Text>) -> Sent
    where
        C: SendsText,
    {
        let text = text.into();
        if self.member.deflate.is_some() || text.len() > GATHERED_OWN {
            return self.push_frame(frame(Opcode::Text, text.as_bytes()));
        }
        self.pushed(self.member.outbox().push_own_text(&text))
    }

    /// Sends `{"type":"success","data":..,"timestamp":..}` to this client; to answer a message, return [`Success`](crate::Success).
    /// Other envelopes than the framework's own have no place for it.
    pub fn send_success(&self, data: &impl Serialize) -> Sent
    where
        C: Channel,
    {
        self.push_text(|json| C::Envelope::success(Some((data, &now::<C>())), Head::default(), json))
    }

    /// Sends an error frame to this client; to answer a message, return the fault instead. Most other envelopes than the
    /// framework's own have no place for it.
    pub fn send_fault(&self, fault: &Fault) -> Sent
    where
        C: Channel,
    {
        self.push_fault(fault, Head::default())
    }

    pub(crate) fn send_fault_of(&self, room: &str, fault: &Fault)
    where
        C: Channel,
    {
        self.push_fault(fault, Head { reference: None, room: Some(room) });
    }

    /// The app, for a task that a handler starts, which can't hold a handler's references. A handler or a hook can take the same as
    /// `&Arc<App>`.
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
    /// # Panics
    /// If the app has been dropped, because its server is gone and its last connection has ended: give a task the app when it
    /// starts, as above. Also in a test that calls a handler itself, without
    /// [`with_app`](crate::testing::TestSocket::with_app).
    #[track_caller]
    pub fn app(&self) -> Arc<C::App>
    where
        C: Route + NamesApp,
    {
        // In a closure the panic would name the closure's line.
        match self.node.app() {
            Some(app) => app,
            None => panic!("the app of `{}` is no more, or was never handed over", C::NAME),
        }
    }

    /// Joins a room of a declared kind. Returns whether this client is a member now: not if it is gone, or in 1024 such rooms.
    pub fn join(&self, room: &(impl RoomKind<C> + ?Sized)) -> bool {
        self.node.registry.join(&self.member, room.room().key())
    }

    /// Leaves a room of a declared kind. Returns whether this client was a member.
    pub fn leave(&self, room: &(impl RoomKind<C> + ?Sized)) -> bool {
        self.node.registry.leave(&self.member, room.room().name())
    }

    /// Closes this connection, after what was sent to it before. Only the first close counts. `on_close` runs when the current
    /// handler has returned. Nothing is sent after a close, not even the handler's own answer.
    #[doc(alias("disconnect", "stop", "terminate"))]
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.claim.flush_batch();
        self.member.outbox().close(Close::new(ClosedBy::Server, Some(code), reason));
    }

    /// Moves this client to another room of a path of its channel: see [`Audience::redirect`](crate::Audience::redirect). As with
    /// [`close`](Self::close), nothing is sent after it. Nothing happens if the client is there already. It comes at once: to move many,
    /// call it on their audience, which spreads them.
    pub fn redirect(&self, room: &Room<C>) {
        let Some(path) = room.path().filter(|path| **path != **self.member.own_room.name()) else { return };
        self.claim.flush_batch();
        self.member.outbox().set_return_window(moving_window(1));
        self.member.outbox().close(Close::moved(path));
    }

    /// Waits until the connection begins to end: for long handlers, which are not cancelled when their client disconnects. A client
    /// that has sent over 64 KiB beyond the message being handled is not read from: its disconnect is seen when the handler
    /// returns.
    pub async fn closed(&self) {
        self.member.outbox().closed().await;
    }

    /// Waits until no bytes wait in the server for this client, or its connection ends or is being closed: for a producer that
    /// would send faster than the client reads.
    ///
    /// Everything has then been handed to the operating system, or to TLS. That does not prove that the client has it: kernels and
    /// proxies buffer megabytes. If a client must confirm something, let it answer with a message of your own.
    #[doc(alias("drain"))]
    pub async fn flushed(&self) {
        self.member.outbox().flushed().await;
    }

    /// Sends these messages to this client as fast as it reads them: while more than a quarter of
    /// [`outbox_bytes`](crate::Config::outbox_bytes) waits for it, the next message waits. For what is too much to send at once,
    /// such as a history for a new member, or an export:
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
    /// Messages from others arrive in between, or after all of these if `on_connect` sends these. They count for the bound as
    /// always. While a handler awaits this, the connection handles no other message, and
    /// [`handler_timeout`](crate::Config::handler_timeout) continues to run. A client that reads nothing for
    /// [`pong_timeout`](crate::Config::pong_timeout) is disconnected.
    ///
    /// Of a [volatile](crate::Delivery::Volatile) type a message that is dropped is not sent again; the next waits until the client has
    /// taken what waits for it.
    ///
    /// Ends early if the connection ends. [`Sent`] counts each message as one recipient.
    pub async fn send_all<M: SentBy<C>>(&self, messages: impl IntoIterator<Item = M>) -> Sent {
        let outbox = self.member.outbox();
        let mut sent = Sent::default();
        for message in messages {
            let one = self.send(message);
            sent.add(one);
            if one.refused > 0 {
                break;
            }
            if one.dropped > 0 {
                // Long before it is filling it takes none of these.
                outbox.flushed().await;
                if !outbox.takes() {
                    break;
                }
            } else if outbox.is_filling() {
                outbox.has_room().await;
            }
        }
        sent
    }

    /// Of a volatile type.
    fn offer<M: SentBy<C>>(&self, message: &M) -> Sent {
        if self.member.outbox().is_blocked() {
            return not_offered(&self.node, &self.member, const { class_of::<M>() });
        }
        let path = self.member.own_room.name();
        let frame = match M::KIND {
            None => frame_of(Opcode::Text, |json| {
                in_topic::<M::Envelope, _>(Head::default(), path, |head| M::Envelope::encode(message, head, json))
            }),
            Some(kind) => frame_of(Opcode::Binary, |out| codec::encode_binary(kind, message, out)),
        };
        match frame {
            Ok(frame) => offer_frame(&self.node, &self.member, frame, const { class_of::<M>() }),
            Err(error) => self.unsent(error),
        }
    }

    /// Takes over the right to answer from this socket, beyond the handler's return.
    pub(crate) fn owing(&self) -> Self {
        Self { claim: self.claim.give_away(&self.member), ..self.clone() }
    }

    pub(crate) fn push_text(&self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Sent {
        self.try_push(Opcode::Text, write).unwrap_or_else(|error| self.unsent(error))
    }

    #[cold]
    fn unsent(&self, error: EncodeError) -> Sent {
        if let EncodeError::NoPlace { kind } = error {
            self.unwritten(kind);
            return Sent::unencodable();
        }
        tracing::error!(channel = type_name::<C>(), error = %Escaped(error), "a message could not be sent");
        Sent::unencodable()
    }

    pub(crate) fn unwritten(&self, kind: &'static str) {
        let counters = self.counters();
        counters.unwritten.add(1);
        tracing::debug!(channel = counters.channel, connection = %self.id(), kind, "the envelope has no place for it");
    }

    /// Sends nothing if `write` fails.
    #[inline(always)]
    pub(crate) fn try_push(
        &self,
        opcode: Opcode,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<Sent, EncodeError> {
        if self.member.deflate.is_some() {
            return frame_of(opcode, write).map(|frame| self.push_frame(frame));
        }
        let mut builder = FrameBuilder::spare();
        write(builder.payload_mut())?;
        if builder.payload_len() > GATHERED_OWN {
            return Ok(self.push_frame(builder.finish(opcode)));
        }
        // Behind the bytes that wait, without an allocation of its own.
        let pushed = self.member.outbox().push_own(builder.whole(opcode));
        builder.give_back();
        Ok(self.pushed(pushed))
    }

    pub(crate) fn counters(&self) -> &Counters {
        self.node.counters(self.member.channel())
    }

    pub(crate) fn push_frame(&self, frame: Frame) -> Sent {
        push_frame(&self.node, &self.member, frame)
    }

    fn pushed(&self, enqueued: Enqueued) -> Sent {
        pushed(&self.node, &self.member, enqueued)
    }

    pub(crate) fn clear_claim(&mut self) {
        self.claim = Claim::NoMessage;
    }

    pub(crate) fn begin_message(&mut self, reference: Option<Ref>) {
        self.claim = Claim::of(reference);
    }

    pub(crate) fn begin_message_among(&mut self, reference: Option<Ref>, answers: &Arc<AnswerArray>) {
        self.claim = Claim::among(reference, answers);
    }

    /// The answer to the message is kept, too.
    fn keep_answer(&mut self, handled: HandledOnce) {
        self.claim = self.claim.once(handled);
    }

    pub(crate) fn invalid(&self, error: DecodeError) -> Fault {
        error.fault(self.member.error_details)
    }

    pub(crate) fn claim(&self) -> &Claim {
        &self.claim
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub(crate) fn member(&self) -> &Arc<Member> {
        &self.member
    }
}

impl<C> Clone for Socket<C> {
    fn clone(&self) -> Self {
        Self {
            node: Arc::clone(&self.node),
            member: Arc::clone(&self.member),
            claim: self.claim.clone(),
            of: PhantomData,
        }
    }
}

impl<C: Channel> fmt::Debug for Socket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("channel", &C::NAME).field("id", &self.member.id).finish()
    }
}
