//! What a client is told, in order.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use channel_runtime::{Fault, Protocol, Received, ReceivedBody};
use futures_util::Stream;
use tokio::sync::mpsc;

use crate::engine::{Joined, News, Outdated, Presence, Status};

/// What happened to a client of channel `C`. The answer to a request is the request's, and no event.
#[non_exhaustive]
pub enum Event<C: Protocol> {
    /// A message of the channel, sent to this client or to the room of its path.
    Message(C::ToClient),
    /// A message to a declared room, which the client has joined.
    RoomMessage {
        /// The room, such as `table:7`.
        room: String,
        /// The message.
        message: C::ToClient,
    },
    /// The connection's state is another one.
    Status(Status),
    /// The client has entered its room, or a declared one that has a history.
    Joined {
        /// The declared room, such as `table:7`. `None` for that of the path.
        room: Option<String>,
        /// The id of the connection; empty if the server is older than this event, and of a declared room.
        id: String,
        /// Whether it goes on where it was.
        how: Joined,
        /// How the server's messages differ from those of this client. `None` if they do not, or the server does not say.
        outdated: Option<Outdated>,
    },
    /// This client was compiled with other messages than the server.
    Outdated(Outdated),
    /// The server moves this client to another room of its channel, where it connects next. What it has asked has failed.
    Moved {
        /// The room's path, such as `/desk/8`.
        path: String,
    },
    /// Who is present in the room of the path, in a channel with `presence`: see [`Present`](crate::Present), which keeps the list.
    Presence(Presence),
    /// An error that answers no request of this client, or a text that can't be read.
    Fault(Fault),
    /// Bytes that are no binary message of the channel.
    Binary(Bytes),
    /// A message of a type that this client does not know. The server may be newer.
    Unheard {
        /// The `type`, cut to 256 bytes.
        kind: String,
        /// The whole text.
        text: String,
    },
}

/// What happens to a client, as a [`Stream`] and by [`next`](Self::next). It ends after the client was closed.
///
/// 1024 events wait in it. While as many wait in one of a client's streams, nothing is read from the connection: the server's messages
/// wait in the network, and answers with them, until the program reads. A server closes a client that does not read for longer than its
/// ping interval, or whose outbox is full. So a program reads its events in another task than the one that awaits its requests, or
/// drops the stream.
pub struct Events<C> {
    news: mpsc::Receiver<News>,
    channel: PhantomData<fn() -> C>,
}

impl<C: Protocol> Events<C> {
    pub(super) fn new(news: mpsc::Receiver<News>) -> Self {
        Self { news, channel: PhantomData }
    }

    /// The next event. `None` after the client was closed. If the future is dropped, no event is lost.
    pub async fn next(&mut self) -> Option<Event<C>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event<C>>> {
        loop {
            let Poll::Ready(news) = self.news.poll_recv(cx) else { return Poll::Pending };
            let Some(news) = news else { return Poll::Ready(None) };
            if let Some(event) = event(news) {
                return Poll::Ready(Some(event));
            }
        }
    }
}

/// `None` for what is no event, such as a `success` that nobody waits for.
pub(super) fn event<C: Protocol>(news: News) -> Option<Event<C>> {
    let received = match news {
        News::Status(status) => return Some(Event::Status(status)),
        News::Joined { room, id, how, outdated } => return Some(Event::Joined { room, id, how, outdated }),
        News::Outdated(outdated) => return Some(Event::Outdated(outdated)),
        News::Moved(path) => return Some(Event::Moved { path }),
        News::Presence(told) => return Some(Event::Presence(told)),
        News::Fault(fault) => return Some(Event::Fault(fault)),
        News::Text(text) => Received::<C>::from_text(&text),
        News::Binary(bytes) => match Received::<C>::from_binary(bytes.clone()) {
            Err(channel_runtime::DecodeError::Binary) => return Some(Event::Binary(bytes)),
            received => received,
        },
    };
    let Received { room, body, .. } = match received {
        Ok(received) => received,
        Err(error) => return Some(Event::Fault(error.into())),
    };
    match (body, room) {
        (ReceivedBody::Message(message), None) => Some(Event::Message(message)),
        (ReceivedBody::Message(message), Some(room)) => Some(Event::RoomMessage { room, message }),
        (ReceivedBody::Unknown { kind, text }, _) => Some(Event::Unheard { kind, text }),
        (ReceivedBody::Error { fault, .. }, _) => Some(Event::Fault(fault)),
        _ => None,
    }
}

impl<C: Protocol> Stream for Events<C> {
    type Item = Event<C>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event<C>>> {
        self.poll(cx)
    }
}

impl<C> Unpin for Events<C> {}

impl<C> fmt::Debug for Events<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("waiting", &self.news.len()).finish()
    }
}

impl<C: Protocol> fmt::Debug for Event<C>
where
    C::ToClient: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.debug_tuple("Message").field(message).finish(),
            Self::RoomMessage { room, message } => {
                f.debug_struct("RoomMessage").field("room", room).field("message", message).finish()
            }
            Self::Status(status) => f.debug_tuple("Status").field(status).finish(),
            Self::Joined { room, id, how, outdated } => f
                .debug_struct("Joined")
                .field("room", room)
                .field("id", id)
                .field("how", how)
                .field("outdated", outdated)
                .finish(),
            Self::Outdated(outdated) => f.debug_tuple("Outdated").field(outdated).finish(),
            Self::Moved { path } => f.debug_struct("Moved").field("path", path).finish(),
            Self::Presence(told) => f.debug_tuple("Presence").field(told).finish(),
            Self::Fault(fault) => f.debug_tuple("Fault").field(fault).finish(),
            Self::Binary(bytes) => f.debug_tuple("Binary").field(bytes).finish(),
            Self::Unheard { kind, text } => f.debug_struct("Unheard").field("kind", kind).field("text", text).finish(),
        }
    }
}
