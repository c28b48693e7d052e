//! Methods of other frameworks, such as `emit`: the compiler's errors say what to write instead.
//!
//! Such a call returns [`Nothing`], which alone implements these traits: what follows the call is no second error.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::socket::Socket;
use crate::socket::audience::Audience;
use crate::socket::hub::Hub;

/// A socket, an audience or a hub.
pub trait Handle {}

impl<C> Handle for Socket<C> {}
impl<C, K> Handle for Audience<C, K> {}
impl<C> Handle for Hub<C> {}
impl<H: Handle + ?Sized> Handle for &H {}

/// `emit`
#[diagnostic::on_unimplemented(
    message = "there is no such method: a message is sent by `send`",
    label = "not a method of a socket, an audience or a hub",
    note = "write `socket.send(message)` to this client, `socket.room().send(message)` to its room; the message is a struct that is marked `#[message(type = \"..\")]` and stands in `sends(..)`",
    note = "the answer to a message is what its handler returns"
)]
pub trait Emit {}

/// `send_binary`
#[diagnostic::on_unimplemented(
    message = "there is no such method: bytes are sent by `send_bytes`, a binary message by `send`",
    label = "not a method of a socket, an audience or a hub",
    note = "write `socket.send_bytes(data)`, with `sends(Bytes)` on the impl block; or `socket.send(message)`, whose struct is marked `#[message(binary, kind = 1)]` and stands in `sends(..)`"
)]
pub trait SendBinary {}

/// `broadcast`
#[diagnostic::on_unimplemented(
    message = "there is no such method: who receives is said first, and then `send`",
    label = "not a method of a socket, an audience or a hub",
    note = "write `socket.room().send(message)` to all in the room of the path, `socket.others().send(message)` to all but this client, `socket.all().send(message)` to the whole channel",
    note = "from a hub: `hub.room(&Chat::room(..)).send(message)`, `hub.all().send(message)`"
)]
pub trait Broadcast {}

/// `to`
#[diagnostic::on_unimplemented(
    message = "there is no such method: who receives is an audience, with a method for each kind",
    label = "not a method of a socket, an audience or a hub",
    note = "write `socket.room()` for the room of the path, `socket.room_of(&room)` for another one, `socket.user(..)` for all devices of a user, `socket.all()` for the channel; then `.send(message)`",
    note = "a room is no text: it is `Chat::room(..)`, or a key of a kind in `rooms(..)` on the struct"
)]
pub trait To {}

/// `volatile`
#[diagnostic::on_unimplemented(
    message = "there is no such method: whether a message may be dropped is said by its type",
    label = "not a method of a socket, an audience or a hub",
    note = "write `#[message(type = \"..\", volatile)]` on its struct, and `.send(message)` here: it is sent to the clients that take it at that moment, and to no others",
    note = "messages of other types are never dropped; a producer that could send more than its clients read awaits `socket.send_all(messages)`, or `ready()` of the audience between its sends"
)]
pub trait Volatile {}

/// `members`
#[diagnostic::on_unimplemented(
    message = "there is no such method: an audience is sent to, counted by `len` and listed by `members`",
    label = "not a method of a socket, an audience or a hub",
    note = "write `.send(message)` to reach each of them, `.len()` for how many there are, and `.members()` for who they are"
)]
pub trait Members {}

/// `assign`
#[diagnostic::on_unimplemented(
    message = "there is no such method: what a connection has of its own is a field of the channel",
    label = "not a method of a socket, an audience or a hub",
    note = "write a field `#[state] count: u32` in the struct, and `self.count` here",
    note = "what the members of a room share is its `room_state`, reached by `socket.room().with(|state, room| ..)`"
)]
pub trait Assign {}

/// `subscribe`
#[diagnostic::on_unimplemented(
    message = "there is no such method: a client joins a room by `join`, and leaves it by `leave`",
    label = "not a method of a socket, an audience or a hub",
    note = "write `socket.join(&Topic(..))`, with a type of your own for the key and `rooms(Topic)` on the struct; in the room of its path a client is as long as it is connected"
)]
pub trait Subscribe {}

/// `on`
#[diagnostic::on_unimplemented(
    message = "there is no such method: a message is handled by a method of the channel",
    label = "not a method of a socket, an audience or a hub",
    note = "write `#[message] async fn name(&mut self, m: Message, socket: &Socket<Self>)` in the impl block, one for each message"
)]
pub trait On {}

/// `disconnect`
#[diagnostic::on_unimplemented(
    message = "there is no such method: a connection is closed by `close`",
    label = "not a method of a socket",
    note = "write `socket.close(CloseCode::NORMAL, \"bye\")`; several are closed by `disconnect` of an audience, `socket.room().disconnect(CloseCode::NORMAL, \"bye\")`"
)]
pub trait Disconnect {}

/// The result of a call that does not compile.
#[derive(Debug)]
pub struct Nothing;

impl Nothing {
    /// May follow such a call.
    pub fn send<M>(&self, _: M) -> Self {
        Self
    }

    /// May follow such a call.
    #[must_use]
    pub fn all(&self) -> Self {
        Self
    }

    /// May follow such a call.
    #[must_use]
    pub fn others(&self) -> Self {
        Self
    }

    /// May follow such a call.
    pub fn len(&self) -> usize {
        0
    }

    /// May follow such a call.
    pub fn is_empty(&self) -> bool {
        true
    }
}

impl Future for Nothing {
    type Output = Self;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self> {
        Poll::Ready(Self)
    }
}

impl IntoIterator for Nothing {
    type Item = Self;
    type IntoIter = std::iter::Empty<Self>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::empty()
    }
}

impl Handle for Nothing {}

macro_rules! of_nothing {
    ($($meaning:ident)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl $meaning for Nothing {}
        )*
    };
}

of_nothing!(Emit SendBinary Broadcast To Volatile Members Assign Subscribe On Disconnect);
