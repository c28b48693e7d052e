//! An envelope as a value, for what is not generic over the channel.

#[cfg(feature = "cluster")]
use std::borrow::Cow;
use std::marker::PhantomData;

use super::definition::Envelope;
use super::incoming::Incoming;
use crate::protocol::codec::{EncodeError, Head};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

/// What a client answers to a question: its reference, and JSON or the client's error.
pub(crate) type ReceivedAnswer<'t> = (Ref, Result<&'t str, Box<Fault>>);

pub(crate) trait ErasedEnvelope: Send + Sync {
    fn reference(&self, text: &str) -> Option<Ref>;

    /// The messages of a batch. `None` if the text is none, or has more than are read.
    fn batch<'t>(&self, text: &'t str) -> Option<Vec<&'t str>>;

    /// The answer, or those of a batch that holds nothing else. Empty if the text is neither.
    fn answers<'t>(&self, text: &'t str) -> Vec<ReceivedAnswer<'t>>;

    /// How the room of this path is named in a frame.
    #[cfg(feature = "cluster")]
    fn topic<'p>(&self, path: &'p str) -> Cow<'p, str>;

    /// `path` is that of the connection's own room, for the topic.
    fn fault(
        &self,
        fault: &Fault,
        timestamp: &str,
        head: Head<'_>,
        path: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError>;
}

struct Erased<E>(PhantomData<fn() -> E>);

impl<E: Envelope> ErasedEnvelope for Erased<E> {
    #[cfg(feature = "cluster")]
    fn topic<'p>(&self, path: &'p str) -> Cow<'p, str> {
        E::topic(path)
    }

    fn reference(&self, text: &str) -> Option<Ref> {
        E::reference(text)
    }

    fn batch<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let most = const { E::PLACES.most_in_batch() };
        if most == 0 {
            return None;
        }
        match E::read(text) {
            Ok(Incoming::Batch(texts)) if (1..=most).contains(&texts.len()) => Some(texts),
            _ => None,
        }
    }

    fn answers<'t>(&self, text: &'t str) -> Vec<ReceivedAnswer<'t>> {
        let answer = |text: &'t str| match E::read(text) {
            Ok(Incoming::Answer { reference, answer }) => Some((reference, answer)),
            _ => None,
        };
        match E::read(text) {
            Ok(Incoming::Answer { reference, answer }) => vec![(reference, answer)],
            Ok(Incoming::Batch(texts)) if texts.len() <= const { E::PLACES.most_in_batch() } => {
                texts.into_iter().map(answer).collect::<Option<_>>().unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn fault(
        &self,
        fault: &Fault,
        timestamp: &str,
        head: Head<'_>,
        path: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        in_topic::<E, _>(head, path, |head| E::fault(fault, timestamp, head, out))
    }
}

pub(crate) fn erased<E: Envelope>() -> &'static dyn ErasedEnvelope {
    &const { Erased::<E>(PhantomData) }
}

/// Adds the topic to the head, if the envelope has topics. `path` is that of the connection's own room.
#[inline(always)]
pub(crate) fn in_topic<E: Envelope, R>(head: Head<'_>, path: &str, then: impl FnOnce(Head<'_>) -> R) -> R {
    if const { !E::PLACES.has_topics() } {
        return then(head);
    }
    let topic = E::topic(head.room.unwrap_or(path));
    then(Head { room: Some(&topic), ..head })
}
