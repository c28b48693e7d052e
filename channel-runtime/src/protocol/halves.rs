//! What a channel's wire protocol is, for its clients too.

#[cfg(feature = "server")]
use crate::protocol::describe::parts::EnvelopeShape;
use crate::protocol::describe::parts::Kept;
#[cfg(feature = "server")]
use crate::protocol::envelope::Asks;
use crate::protocol::envelope::{Envelope, Places};
use crate::protocol::message::Messages;

/// The two halves of a channel's wire protocol.
///
/// `#[channel]` on the impl block implements it. The client's side ([`Received`](crate::Received)) needs nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` handles no messages",
    label = "this channel has no handlers",
    note = "put `#[channel]` on `impl {Self} {{ .. }}`, even where the block is empty"
)]
pub trait Protocol: Sized + 'static {
    /// All messages that clients may send, such as `GameChannelFromClient`.
    type FromClient: Messages;
    /// All messages that the channel sends, such as `GameChannelToClient`.
    type ToClient: Messages;
    /// How they stand in a text: [`Flat`](crate::envelope::Flat), or what `envelope = ..` names.
    type Envelope: Envelope;

    /// The hash of the channel's wire, as the lock and the generated clients have it. `None` if it is not known.
    #[doc(hidden)]
    fn fingerprint() -> Option<u64> {
        None
    }

    /// The timeout of the handler of the message from clients at this place. `None` if it has none of its own.
    #[doc(hidden)]
    fn answered_within_ms(place: usize) -> Option<u64> {
        _ = place;
        None
    }
}

/// What the channel's envelope has a place for.
pub const fn places<C: Protocol>() -> Places {
    <C::Envelope as Envelope>::PLACES
}

/// What the channel's envelope keeps for itself.
pub const fn kept<C: Protocol>() -> Kept {
    match (<C::Envelope as Envelope>::IS_FLAT, <C::Envelope as Envelope>::KEEPS_TYPE) {
        (true, _) => Kept::All,
        (_, true) => Kept::TypeKey,
        (false, false) => Kept::Nothing,
    }
}

#[cfg(feature = "server")]
pub(crate) const fn envelope_shape<C: Protocol>() -> Option<EnvelopeShape> {
    if is_flat::<C>() {
        return None;
    }
    let places = places::<C>();
    Some(EnvelopeShape {
        name: <C::Envelope as Envelope>::NAME,
        answers: places.has_answers(),
        rooms: places.has_rooms(),
        topics: places.has_topics(),
        asks_one_by_one: match places.asks() {
            Some(asks) => Some(matches!(asks, Asks::OneByOne)),
            None => None,
        },
        most_in_batch: places.most_in_batch(),
    })
}

/// Whether the channel's envelope is the default one, also by an alias.
pub const fn is_flat<C: Protocol>() -> bool {
    <C::Envelope as Envelope>::IS_FLAT
}
