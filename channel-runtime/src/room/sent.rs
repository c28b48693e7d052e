//! The outcome of a send, or of a notice.

/// What became of a send, or of a notice. Sending never waits: "sent" means queued, in order, for each client or its handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// How many clients it was meant for.
    pub recipients: usize,
    /// How many of these it does not wait for: they are closing, or were disconnected at their outbox's bound; or, of a notice,
    /// as many wait for them as may.
    pub refused: usize,
    /// The message is none: it serialized as no object, or with a reserved key, or not at all. The log says more.
    pub unencodable: bool,
}

impl Sent {
    /// Whether it waits for everybody it was meant for.
    pub fn is_complete(&self) -> bool {
        self.refused == 0 && !self.unencodable
    }

    pub(crate) fn count(&mut self, taken: bool) {
        self.recipients += 1;
        self.refused += usize::from(!taken);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.recipients += other.recipients;
        self.refused += other.refused;
        self.unencodable |= other.unencodable;
    }

    pub(crate) fn unencodable() -> Self {
        Self { unencodable: true, ..Self::default() }
    }
}
