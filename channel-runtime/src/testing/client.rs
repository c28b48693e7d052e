//! A client in a test: its methods mirror the API.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::door::Door;
use super::expectation::{Expectation, Failure};
use super::expected::{auth_expiring, fault, message_in, read, read_binary, success, unexpected};
use super::frames::Frames;
use crate::channel::{Channel, SentBy};
use crate::protocol::codec::{self, EncodeError, Head, index_of_kind};
use crate::protocol::envelope::{Envelope, in_topic};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Messages, Ref};
use crate::protocol::received::Received;
use crate::wire::close::CloseCode;
use crate::wire::frame::Opcode;
use crate::wire::parser::Input;

/// A client of channel `C` in a test, typed both ways. When it is dropped, its stream ends without a Close; the consequences have
/// happened after the next [`settle`](super::TestApp::settle).
///
/// Messages are taken in order: `expect` takes the next one, and panics with what was received instead, or if no work is in
/// progress and nothing was received. `wait_for` skips other messages.
pub struct Client<C: Channel> {
    pub(super) frames: Frames,
    next_ref: i64,
    /// Of the connection, for the topic of what it sends.
    pub(super) path: String,
    pub(super) door: Door,
    channel: PhantomData<fn() -> C>,
}

impl<C: Channel> Client<C> {
    pub(super) fn new(frames: Frames, path: &str, door: Door) -> Self {
        Self { frames, next_ref: 1, path: path.to_owned(), door, channel: PhantomData }
    }

    /// A reference that no other message has: a text in another envelope, because some have no numbers there.
    pub(super) fn next_ref(&mut self) -> Ref {
        let number = self.next_ref;
        self.next_ref += 1;
        if C::READS_FLAT { Ref::Number(number) } else { Ref::Text(number.to_string().into()) }
    }

    /// Sends a message that the channel handles. Messages without a payload are variants of the `..FromClient` enum.
    ///
    /// # Panics
    /// If it can't be written as JSON, or as bytes if it is a binary message.
    #[track_caller]
    pub fn send(&mut self, message: impl Into<C::FromClient>) {
        self.send_message(message.into(), None);
    }

    /// Sends any text.
    pub fn send_text(&mut self, text: &str) {
        self.frames.write(Opcode::Text, text.as_bytes());
    }

    /// Sends a binary message.
    pub fn binary(&mut self, data: impl AsRef<[u8]>) {
        self.frames.write(Opcode::Binary, data.as_ref());
    }

    /// Sends a ping, of at most 125 bytes.
    pub fn ping(&mut self, data: impl AsRef<[u8]>) {
        self.frames.write(Opcode::Ping, data.as_ref());
    }

    /// Sends a pong without a ping, of at most 125 bytes.
    pub fn pong(&mut self, data: impl AsRef<[u8]>) {
        self.frames.write(Opcode::Pong, data.as_ref());
    }

    /// Sends a Close with code 1000.
    pub fn close(&mut self) {
        self.close_with(CloseCode::NORMAL, "");
    }

    /// Sends a Close. The reason is at most 123 bytes.
    pub fn close_with(&mut self, code: CloseCode, reason: &str) {
        let mut payload = code.as_u16().to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        self.frames.write(Opcode::Close, &payload);
    }

    /// Sends raw bytes, below the frames.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.frames.write_raw(bytes);
    }

    /// The next message, which is an `M`.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect<M: SentBy<C>>(&mut self) -> Expectation<'_, M> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(input) => message_in::<C, M>(&input)?.ok_or_else(|| unexpected(M::TYPE, Some(&input))),
                None => Err(unexpected(M::TYPE, None)),
            }
        })
    }

    /// The next message that is an `M`. All before it are skipped and lost: messages, answers, errors, binary messages and pongs.
    ///
    /// # Panics
    /// If all work ends, or the server's Close is received, before one: with what was skipped.
    #[track_caller]
    pub fn wait_for<M: SentBy<C>>(&mut self) -> Expectation<'_, M> {
        Expectation::new(async {
            let mut passed_over = Vec::new();
            loop {
                match self.frames.next().await? {
                    Some(input @ (Input::Text(_) | Input::Binary(_))) => match (message_in::<C, M>(&input)?, input) {
                        (Some(message), _) => return Ok(message),
                        (None, Input::Text(text)) => passed_over.push(text),
                        (None, other) => passed_over.push(format!("{other:?}")),
                    },
                    Some(other @ Input::Pong(_)) => passed_over.push(format!("{other:?}")),
                    other => {
                        let before = match passed_over.len() {
                            0 => String::new(),
                            count => format!("\n{count} before it passed over: {}", passed_over.join("\n")),
                        };
                        return Err(unexpected(M::TYPE, other.as_ref()) + &before);
                    }
                }
            }
        })
    }

    /// The next message, which is an error with this code.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_error(&mut self, code: &str) -> Expectation<'_, Fault> {
        let code = code.to_owned();
        Expectation::new(async move { fault::<C>(&self.next_text("error").await?, &code) })
    }

    /// The next message, which is a `success`: its data, or null.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_success(&mut self) -> Expectation<'_, Value> {
        Expectation::new(async { success::<C>(&self.next_text("success").await?) })
    }

    /// The next message, which is `$auth_expiring`: how long until the client's token expires.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_auth_expiring(&mut self) -> Expectation<'_, Duration> {
        Expectation::new(async { auth_expiring(&self.next_text("$auth_expiring").await?) })
    }

    /// The next message, whatever its type.
    ///
    /// # Panics
    /// If nothing is received, or what is no message: raw bytes and raw text, or what the client can't read.
    #[track_caller]
    pub fn expect_any(&mut self) -> Expectation<'_, Received<C>> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(Input::Text(text)) => read(&text),
                Some(Input::Binary(data)) if index_of_kind::<C::ToClient>(&data).is_some() => read_binary(data),
                other => Err(unexpected("a message", other.as_ref())),
            }
        })
    }

    /// The text of the next message.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_text(&mut self) -> Expectation<'_, String> {
        Expectation::new(self.next_text("a text"))
    }

    /// The text of the next message. `None` if no work is in progress and nothing was received.
    ///
    /// # Panics
    /// If something else is received.
    #[track_caller]
    pub fn try_next_text(&mut self) -> Expectation<'_, Option<String>> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(Input::Text(text)) => Ok(Some(text)),
                None => Ok(None),
                other => Err(unexpected("a text", other.as_ref())),
            }
        })
    }

    /// The texts that have been received until now, without waiting for more. Whatever is no text ends them: a Close, a pong.
    ///
    /// # Panics
    /// If the server breaks the protocol.
    #[track_caller]
    pub fn take_texts(&mut self) -> Vec<String> {
        match self.frames.take_texts() {
            Ok(texts) => texts,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// The next message, which is binary.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_binary(&mut self) -> Expectation<'_, Bytes> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(Input::Binary(data)) => Ok(data),
                other => Err(unexpected("a binary message", other.as_ref())),
            }
        })
    }

    /// The next message, which is a pong, with any content.
    ///
    /// # Panics
    /// If something else is received, or nothing.
    #[track_caller]
    pub fn expect_pong(&mut self) -> Expectation<'_, Bytes> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(Input::Pong(data)) => Ok(data),
                other => Err(unexpected("a pong", other.as_ref())),
            }
        })
    }

    /// The server's Close, and nothing before it.
    ///
    /// # Panics
    /// If something else is received, or nothing, or the stream ends without it.
    #[track_caller]
    pub fn expect_close(&mut self) -> Expectation<'_, (CloseCode, String)> {
        Expectation::new(async {
            match self.frames.next().await? {
                Some(Input::Close(Some((code, reason)))) => Ok((code, reason)),
                other => Err(unexpected("a close", other.as_ref())),
            }
        })
    }

    /// Waits until no work is in progress, and nothing is received.
    ///
    /// # Panics
    /// If something is, or after 10 seconds, with the work that is still in progress.
    #[track_caller]
    pub fn expect_nothing(&mut self) -> Expectation<'_, ()> {
        Expectation::new(async {
            // Received input fails at once, before all work has ended.
            match self.frames.next().await? {
                None => Ok(()),
                input => Err(unexpected("nothing", input.as_ref())),
            }
        })
    }

    /// Whether the stream has ended and everything received was taken.
    ///
    /// # Panics
    /// After 10 seconds, with the work that is still in progress.
    #[track_caller]
    pub fn is_ended(&mut self) -> Expectation<'_, bool> {
        Expectation::new(self.frames.is_ended())
    }

    #[track_caller]
    pub(super) fn send_message(&mut self, message: C::FromClient, reference: Option<&Ref>) {
        let mut json = Vec::new();
        if let Some(kind) = codec::binary_kind(&message) {
            let what = C::FromClient::TYPES[message.index()];
            assert!(reference.is_none(), "`{what}` has no place for a `ref`, and no answer: send it");
            if let Err(error) = codec::encode_binary_one_of(kind, &message, &mut json) {
                panic!("`{what}` can't be sent: {error}");
            }
            return self.frames.write(Opcode::Binary, &json);
        }
        let write = |reference: Option<&Ref>, json: &mut Vec<u8>| {
            let head = Head { reference, room: None };
            in_topic::<C::Envelope, _>(head, &self.path, |head| C::Envelope::ask_one_of(&message, head, json))
        };
        let written = match write(reference, &mut json) {
            // Each message of this envelope asks for an answer.
            Err(EncodeError::NoPlace { .. }) if reference.is_none() && C::Envelope::PLACES.has_answers() => {
                let reference = Ref::Text(self.next_ref.to_string().into());
                write(Some(&reference), &mut json).inspect(|()| self.next_ref += 1)
            }
            written => written,
        };
        if let Err(error) = written {
            panic!("`{}` can't be sent: {error}", C::FromClient::TYPES[message.index()]);
        }
        self.frames.write(Opcode::Text, &json);
    }

    async fn next_text(&mut self, expected: &str) -> Result<String, Failure> {
        match self.frames.next().await? {
            Some(Input::Text(text)) => Ok(text),
            other => Err(unexpected(expected, other.as_ref())),
        }
    }
}

impl<C: Channel> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("channel", &C::NAME)
            .field("received", &self.frames.received())
            .finish_non_exhaustive()
    }
}
