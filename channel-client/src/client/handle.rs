//! The handle of a client.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use channel_runtime::envelope::Flat;
use channel_runtime::{Answered, Asks, Fault, Protocol, Question};
use serde::Serialize;
use tokio::sync::mpsc;

use super::answerer::answerer;
use super::driver::{Driver, Wiring};
use super::events::Events;
use super::request::Request;
use super::shared::Shared;
use super::subscribers::MOST;
use super::wire::{self, Written};
use crate::engine::{Engine, Status};

/// A client of channel `C`: one connection, which is made again whenever it ends.
///
/// A clone is the same client. When the last one is dropped, the connection is closed.
///
/// A message is sent by [`request`](Self::request), which waits for the connection and for the answer, or by [`send`](Self::send),
/// now or not at all. [`events`](Self::events) is what the server sends by itself.
pub struct Client<C> {
    inner: Arc<Inner>,
    channel: PhantomData<fn() -> C>,
}

struct Inner {
    shared: Arc<Shared>,
    wiring: Arc<Wiring>,
}

impl<C: Protocol<Envelope = Flat>> Client<C> {
    pub(super) fn start(engine: Engine, wiring: Wiring) -> Self {
        let inner = Inner { shared: Arc::new(Shared::new(engine)), wiring: Arc::new(wiring) };
        inner.open();
        Self { inner: Arc::new(inner), channel: PhantomData }
    }

    /// Sends a message, and waits for the answer of its handler. What is returned sends it when it is awaited: as soon as there is a
    /// connection, and as fast as the rate of the message's type allows, in the order of the requests. At most 256 wait, of 256 KiB
    /// together.
    ///
    /// The answer's type is the handler's: see [`Answered`].
    pub fn request<M: Asks<C, R>, R: Answered<C>>(&self, message: M) -> Request<C, R> {
        Request::new(Arc::clone(&self.inner.shared), message.into_message())
    }

    /// Sends a message now or not at all, and asks for no answer. Returns whether it was given to the connection: not if there is
    /// none, if the rate of its type is used up, if it is longer than the server takes, if it can't be written, or if 256 KiB wait
    /// to be written already.
    pub fn send<R>(&self, message: impl Asks<C, R>) -> bool {
        let message = message.into_message();
        let pace = wire::pace(&message);
        match wire::write(&message) {
            Ok(Written::Text(text)) => self.inner.shared.with(|engine, now| engine.send(text, pace, now)),
            Ok(Written::Binary(bytes)) => self.inner.shared.with(|engine, now| engine.send_bytes(bytes, pace, now)),
            Err(_) => false,
        }
    }

    /// As [`send`](Self::send), for bytes that the channel's `on_binary` takes.
    pub fn send_bytes(&self, bytes: impl Into<Bytes>) -> bool {
        let bytes = bytes.into();
        self.inner.shared.with(|engine, now| engine.send_bytes(bytes, None, now))
    }

    /// Answers the server's questions of this type: `answer` is called in a task for each. A client has one such function for a type,
    /// the last one. What it returns as an error declines the question, and so does a client without a function, with the code
    /// [`unknown_type`](Fault::UNKNOWN_TYPE). An answer that is there after its connection has ended is not sent.
    ///
    /// ```
    /// # use channel_client::Client;
    /// # use channel_runtime::{Fault, Protocol, channel, message};
    /// # use serde::{Deserialize, Serialize};
    /// #[message(type = "confirm", answer = Yes)]
    /// pub struct Confirm { pub text: String }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// pub struct Yes { pub yes: bool }
    ///
    /// # #[channel("/desk")] pub struct Desk;
    /// # #[channel(sends(Confirm))] impl Desk {}
    /// fn agree(desk: &Client<Desk>) {
    ///     desk.answer(|question: Confirm| async move {
    ///         println!("{}", question.text);
    ///         Ok::<_, Fault>(Yes { yes: true })
    ///     });
    /// }
    /// ```
    ///
    /// If it panics, the question is not answered.
    pub fn answer<M, F, A>(&self, answer: F)
    where
        M: Question<Answer: Serialize> + Answered<C, Answer = M>,
        F: Fn(M) -> A + Send + Sync + 'static,
        A: Future<Output = Result<<M as Question>::Answer, Fault>> + Send + 'static,
    {
        let answerer = answerer::<C, M, F, A>(answer);
        let former = self.inner.shared.lock().answerers.insert(M::TYPE.to_owned(), answerer);
        // Its destructor is the user's code.
        drop(former);
    }

    /// What happens from now on, until the client is closed: a stream of a closed client has ended. See [`Events`] for what becomes of a program that does not read it.
    pub fn events(&self) -> Events<C> {
        let (subscriber, news) = mpsc::channel(MOST);
        let mut state = self.inner.shared.lock();
        if state.is_driven {
            state.subscribers.add(subscriber);
        }
        Events::new(news)
    }

    /// In which state the connection is.
    pub fn status(&self) -> Status {
        self.inner.shared.lock().engine.status().clone()
    }

    /// Connects again after a close. A client that waits connects now, if the server has not asked it to wait longer; one that is open
    /// asks the server for a sign of life, and takes the connection for lost if there is none within 5 s.
    ///
    /// # Panics
    /// If it was closed, outside a runtime of tokio.
    #[track_caller]
    pub fn open(&self) {
        self.inner.open();
    }

    /// Closes the connection with code 1000, for good until [`open`](Self::open). Requests without an answer fail: those that were sent
    /// as [`Error::Lost`](crate::Error::Lost), the others as [`Error::Closed`](crate::Error::Closed).
    pub fn close(&self) {
        self.inner.shared.with(|engine, _| engine.close(""));
    }

    /// Waits until the client is closed, and its connection, too, for whose Close by the server it waits 5 s at most.
    pub async fn closed(&self) {
        let mut finished = self.inner.shared.finished.subscribe();
        // The sender is in `shared`, which outlives this.
        _ = finished.wait_for(|finished| *finished == self.inner.shared.lock().run).await;
    }
}

#[cfg(test)]
impl<C> Client<C> {
    pub(super) fn shared(&self) -> &Shared {
        &self.inner.shared
    }
}

impl Inner {
    fn open(&self) {
        self.shared.with(|engine, now| engine.open(now));
        let mut state = self.shared.lock();
        if !state.is_driven {
            state.is_driven = true;
            state.run += 1;
            let driver = Driver::new(Arc::clone(&self.shared), Arc::clone(&self.wiring), state.run);
            tokio::spawn(driver.run());
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.with(|engine, _| engine.close(""));
    }
}

impl<C> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), channel: PhantomData }
    }
}

impl<C> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.inner.shared.lock().engine.status().clone();
        // The query may have a token.
        let url = self.inner.wiring.address.without_query();
        f.debug_struct("Client").field("url", &url).field("status", &status).finish()
    }
}
