//! The outcome of a send, or of a notice.

use crate::connection::outbox::Enqueued;

/// What became of a send, or of a notice. Sending never waits: "sent" means queued, in order, for each client or its handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// How many clients it was meant for.
    pub recipients: usize,
    /// How many of these it does not wait for: they are closing, or were disconnected at their outbox's bound; or, of a notice,
    /// as many wait for them as may; or there are [too many keys](Self::too_many_keys).
    pub refused: usize,
    /// How many of them are not sent it because it is volatile, and they did not take it at that moment: see
    /// [`Delivery::Volatile`](crate::Delivery::Volatile). 0 for all other messages.
    pub dropped: usize,
    /// How many clients are behind, and are not sent the value that this one replaces: see
    /// [`Delivery::Latest`](crate::Delivery::Latest). 0 for all other messages. Of more than 256 clients that are so far behind that
    /// they are sent a part of their values at a time, it is at most so many: some may have been sent it.
    pub replaced: usize,
    /// The message is none: it serialized as no object, or with a reserved key, or not at all. Or the notice, which other nodes are
    /// to get, did not serialize. Nobody gets it. The log says more.
    pub unencodable: bool,
    /// A room has 1000 keys of this [latest](crate::Delivery::Latest) type already, and this is another one. Nobody in it gets it.
    pub too_many_keys: bool,
    /// What became of it on the way to the other nodes of a cluster, whose clients the numbers above do not count.
    pub elsewhere: Elsewhere,
}

/// What became of a send, or of a notice, on its way to the other nodes of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Elsewhere {
    /// It was for this process alone: there is no cluster, it was for one connection that is here, or it is a notice that is marked
    /// `#[notice(here)]`.
    #[default]
    Nowhere,
    /// It waits for the bus, behind what was sent before it.
    Taken,
    /// The other nodes do not get it.
    Refused(NotTaken),
}

/// Why the other nodes of a cluster do not get a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotTaken {
    /// As many bytes wait for the bus as may; for a volatile message an eighth of that.
    Full,
    /// The bus has been away for longer than messages wait for it. A volatile one waits for no bus that is away.
    Away,
    /// It is longer than the bus takes. Then nobody gets it, on this node neither; except what `send_with` makes under the room's lock,
    /// and what has thousands of names of rooms or users.
    TooLong,
}

impl Elsewhere {
    /// The more serious of two.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Refused(_), _) | (_, Self::Nowhere) => self,
            _ => other,
        }
    }
}

impl Sent {
    /// Whether it waits for everybody it was meant for.
    pub fn is_complete(&self) -> bool {
        let is_for_all = self.refused == 0 && self.dropped == 0 && !self.unencodable && !self.too_many_keys;
        is_for_all && !matches!(self.elsewhere, Elsewhere::Refused(_))
    }

    pub(crate) fn count(&mut self, taken: bool) {
        self.recipients += 1;
        self.refused += usize::from(!taken);
    }

    /// `None` if it was dropped.
    pub(crate) fn count_offered(&mut self, offered: Option<Enqueued>) {
        self.recipients += 1;
        self.refused += usize::from(offered == Some(Enqueued::Refused));
        self.dropped += usize::from(offered.is_none());
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.recipients += other.recipients;
        self.refused += other.refused;
        self.dropped += other.dropped;
        self.replaced += other.replaced;
        self.too_many_keys |= other.too_many_keys;
        self.unencodable |= other.unencodable;
        self.elsewhere = self.elsewhere.and(other.elsewhere);
    }

    pub(crate) fn unencodable() -> Self {
        Self { unencodable: true, ..Self::default() }
    }

    pub(crate) fn too_long() -> Self {
        Self::only_elsewhere(Elsewhere::Refused(NotTaken::TooLong))
    }

    pub(crate) fn only_elsewhere(elsewhere: Elsewhere) -> Self {
        Self { elsewhere, ..Self::default() }
    }
}
