//! An envelope as a value, for what is not generic over the channel.

use std::marker::PhantomData;

use super::definition::Envelope;
use crate::protocol::codec::{EncodeError, Head};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

pub(crate) trait ErasedEnvelope: Send + Sync {
    fn reference(&self, text: &str) -> Option<Ref>;

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
    fn reference(&self, text: &str) -> Option<Ref> {
        E::reference(text)
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
