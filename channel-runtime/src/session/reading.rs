//! Reading: a message is decoded and checked, its answer is claimed, and one that was said before is known.

use std::borrow::Cow;

use bytes::Bytes;

use crate::connection::contained::{Contained, contain};
use crate::protocol::codec::{self, DecodeError, MessageId};
use crate::protocol::envelope::Envelope;
use crate::protocol::message::Messages;
use crate::session::dispatch::Dispatch;
use crate::session::driver::Driver;
use crate::session::guard::Interrupted;
use crate::session::step::needs_types;
use crate::socket::Socket;

/// What a session has read.
pub(crate) enum Read<M> {
    Message(M),
    Invalid(DecodeError),
    /// A message that was said before. It is answered, or waits for the answer of the first.
    Again,
}

/// Gives the socket the claim to the message's answer, which goes to the batch's array if the message is one of a batch. A payload's
/// `Deserialize` and its rules are the user's code, and may panic.
pub(crate) fn read<C: Dispatch>(
    socket: &mut Socket<C>,
    text: &str,
    index: Option<usize>,
    driver: &Driver,
) -> Result<Read<C::FromClient>, Interrupted> {
    let decode = |topic: Option<&str>| match index {
        Some(index) if const { needs_types::<C>() } => C::Envelope::decode_at(text, index, topic),
        _ => C::Envelope::decode(text, topic),
    };
    let decoded = contain(|| match const { C::Envelope::PLACES.has_topics() } {
        true => decode(topic_of(socket).as_deref()),
        false => decode(None),
    })?;
    match const { C::Envelope::PLACES.most_in_batch() > 0 }.then(|| driver.answers()).flatten() {
        Some(answers) => socket.begin_message_among(decoded.reference, answers),
        None => socket.begin_message(decoded.reference),
    }
    let read = match decoded.message {
        Ok(message) => checked::<C>(message)?,
        Err(error) => return Ok(Read::Invalid(error)),
    };
    match decoded.id {
        Some(id) if const { codec::has_idempotent::<C::FromClient>() } => once::<C>(socket, read, id),
        _ => Ok(read),
    }
}

/// A message that may be said again is not handled if it was said before.
fn once<C: Dispatch>(
    socket: &mut Socket<C>,
    read: Read<C::FromClient>,
    id: MessageId,
) -> Result<Read<C::FromClient>, Interrupted> {
    let Read::Message(message) = read else { return Ok(read) };
    let index = message.index();
    if !C::OPTIONS[index].idempotent || socket.is_said_first(id) {
        return Ok(Read::Message(message));
    }
    socket.counters().receive(index);
    // Its destructor may be the user's code.
    drop(Contained::new(message));
    Ok(Read::Again)
}

/// `None` if the envelope has no topics.
#[inline(always)]
pub(crate) fn topic_of<C: Dispatch>(socket: &Socket<C>) -> Option<Cow<'_, str>> {
    const { C::Envelope::PLACES.has_topics() }.then(|| C::Envelope::topic(socket.member().own_room.name()))
}

/// Like [`read`], for a binary message, which has no `ref`.
pub(crate) fn read_binary<C: Dispatch>(
    socket: &mut Socket<C>,
    data: Bytes,
    index: usize,
) -> Result<Read<C::FromClient>, Interrupted> {
    // No `ref` says what a `success` would answer, so that what is returned is sent, as what a hook returns.
    socket.clear_claim();
    match contain(|| codec::decode_binary(index, data))? {
        Ok(message) => checked::<C>(message),
        Err(error) => Ok(Read::Invalid(error)),
    }
}

/// Checks a message by the rules of its struct.
fn checked<C: Dispatch>(message: C::FromClient) -> Result<Read<C::FromClient>, Interrupted> {
    let message = Contained::new(message);
    Ok(match contain(|| message.check())? {
        Ok(()) => Read::Message(message.into_inner()),
        Err(error) => Read::Invalid(error),
    })
}
