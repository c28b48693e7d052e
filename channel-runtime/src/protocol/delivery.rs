//! The class of a message to clients: whether every client is sent it, or only those that take it at that moment.

/// How a message is delivered to clients: the class of its type.
///
/// ```
/// # use channel_runtime::{Delivery, Message, message};
/// #[message(type = "typing_by", volatile)]
/// pub struct TypingBy { user: String }
///
/// assert_eq!(TypingBy::DELIVERY, Delivery::Volatile);
/// ```
///
/// It is about what the server sends. What clients send, the answers of handlers and questions to clients are reliable, whatever
/// the class of their type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// Each client is sent it, in order, or is disconnected because too much waits for it. The default.
    #[default]
    Reliable,
    /// Each client is sent it now, in order, or not at all: `#[message(.., volatile)]`. For what is soon worth nothing, as the
    /// position of a pointer.
    ///
    /// A client is not sent it
    ///
    /// - if its socket takes no more at the moment,
    /// - if more than 64 KiB would wait for it then, or a sixteenth of `Config::outbox_bytes` if that is less; one that nothing waits
    ///   beside may be longer,
    /// - until its `on_connect` has returned or has itself sent to others, unless that sends it to this client.
    ///
    /// So it is for short messages: what waits counts for the bound of a slow client as any other message, and with these bounds
    /// little of it does. A client is not disconnected by it, and nobody who sends it is slowed. It is kept in no history, and so has
    /// no number.
    /// [`Sent::dropped`](crate::Sent::dropped) counts the clients that were not sent it.
    Volatile,
}

impl Delivery {
    pub(crate) const fn is_volatile(self) -> bool {
        matches!(self, Self::Volatile)
    }
}
