//! The class of a message to clients: whether every client is sent it, or only those that take it at that moment.

use std::time::Duration;

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
    /// Of each key a client is sent the newest value, and perhaps not those before it: `#[message(.., latest(key = symbol))]`. For what
    /// the next one replaces, as a price.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use channel_runtime::{Delivery, Message, message};
    /// #[message(type = "tick", latest(key = symbol, every = "100ms"))]
    /// pub struct Tick { symbol: String, price: f64 }
    ///
    /// let Delivery::Latest { key, every, .. } = Tick::DELIVERY else { panic!() };
    /// assert_eq!((key, every), (Some("symbol"), Some(Duration::from_millis(100))));
    /// ```
    ///
    /// A room, or all of a channel, has the newest value of each key, and sees to it that
    ///
    /// - each client that stays is sent the newest value of each key, and never an older one behind a newer one,
    /// - at most one value of a key waits for a client, so that one that is behind costs a few numbers, and not a queue: nobody is
    ///   disconnected because of it, and nobody who sends it is slowed,
    /// - with `every`, a value of a key is sent at most once in that time, the first at once; a client that was behind may be sent one
    ///   sooner after another,
    /// - no key waits for ever: a client that takes fewer values than there are new ones is sent those of all keys in turns,
    /// - who enters is sent all newest values, behind what it missed if it resumes; where they are more than a quarter of
    ///   `Config::outbox_bytes`, the rest as soon as it has taken what waits.
    ///
    /// They are told by a task on the runtime of one of the members: a handler that blocks that runtime holds them up for all.
    ///
    /// It is kept in no history, and so has no number. It is not promised that a client is sent each value, nor where in the order of
    /// reliable messages one stands. What a value is not for, by `others()` or `except(..)`, stays with it: who is excluded is sent
    /// neither it nor the value that it replaced, if that has not been sent yet.
    ///
    /// The values last as long as the room: until its last member has left, or, in a channel with `history` or `on_room_open`, until it is
    /// closed. Those of [`Hub::all`](crate::Hub::all) last. [`Audience::forget`](crate::Audience::forget) takes one away. A room has at
    /// most 1000 keys of a type; one more is refused, and [`Sent::too_many_keys`](crate::Sent::too_many_keys) says so.
    ///
    /// In a cluster each node has the newest values of its rooms, and of two nodes' values for one key all keep that which was sent later:
    /// see [Several nodes](macro@crate::channels#several-nodes).
    ///
    /// A single client has no newest values of its own: what is sent by [`Socket::send`](crate::Socket::send), to a connection, to users or
    /// by `only_user(..)`, and in an envelope with [`topics`](crate::envelope::Places::topics) to other than rooms of the path, is sent
    /// each, as a reliable message. Answers are, too. A client in several of the rooms of `rooms([..])` is sent it by each.
    #[non_exhaustive]
    Latest {
        /// The key on the wire of the field whose values are apart: a value replaces the one with the same. `None` if each replaces the
        /// one before.
        key: Option<&'static str>,
        /// The least time between two values of a key. `None` if there is none: then a client that is not behind is sent each value,
        /// except for what is replaced before it is its turn.
        every: Option<Duration>,
    },
}

impl Delivery {
    #[doc(hidden)]
    #[must_use]
    pub const fn latest(key: Option<&'static str>, every_ms: u32) -> Self {
        let every = if every_ms == 0 { None } else { Some(Duration::from_millis(every_ms as u64)) };
        Self::Latest { key, every }
    }
}

/// Only a server delivers.
#[cfg(feature = "server")]
impl Delivery {
    pub(crate) const fn is_volatile(self) -> bool {
        matches!(self, Self::Volatile)
    }

    pub(crate) const fn is_latest(self) -> bool {
        matches!(self, Self::Latest { .. })
    }

    pub(crate) const fn is_reliable(self) -> bool {
        matches!(self, Self::Reliable)
    }

    /// Of what is `latest`; 0 if there is none.
    pub(crate) const fn every_ms(self) -> u32 {
        match self {
            // At most a day, because the attribute takes no more.
            Self::Latest { every: Some(every), .. } => every.as_millis() as u32,
            _ => 0,
        }
    }
}
