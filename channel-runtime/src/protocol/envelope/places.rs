//! What an envelope has a place for.

/// What an [`Envelope`](super::Envelope) has a place for beside messages.
///
/// ```
/// use channel_runtime::envelope::{Asks, Places};
///
/// const OF_JSON_RPC: Places = Places::ANSWERS.questions(Asks::Many).batches(64);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    answers: bool,
    rooms: bool,
    topics: bool,
    questions: Option<Asks>,
    batches: usize,
}

/// How many questions of a server a client answers at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asks {
    /// Any number.
    Many,
    /// One: the next is sent once the one before is answered, or its time is over.
    OneByOne,
}

impl Places {
    /// For messages alone.
    pub const NONE: Self = Self { answers: false, rooms: false, topics: false, questions: None, batches: 0 };
    /// Also for answers and errors, which name what they answer.
    pub const ANSWERS: Self = Self { answers: true, ..Self::NONE };

    /// Also for the name of a declared room.
    #[must_use]
    pub const fn rooms(self) -> Self {
        Self { rooms: true, ..self }
    }

    /// Also for a topic: each frame names the room that it is of, the path's own too.
    #[must_use]
    pub const fn topics(self) -> Self {
        Self { topics: true, ..self }
    }

    /// Also for questions of the server.
    #[must_use]
    pub const fn questions(self, asks: Asks) -> Self {
        Self { questions: Some(asks), ..self }
    }

    /// Also for several messages in a text, at most this many.
    #[must_use]
    pub const fn batches(self, most: usize) -> Self {
        Self { batches: most, ..self }
    }

    /// Whether a frame can name what it answers.
    pub const fn has_answers(self) -> bool {
        self.answers
    }

    /// Whether a frame can name a declared room.
    pub const fn has_rooms(self) -> bool {
        self.rooms || self.topics
    }

    /// Whether each frame names its room.
    pub const fn has_topics(self) -> bool {
        self.topics
    }

    /// How the server may ask. `None` if it can't.
    pub const fn asks(self) -> Option<Asks> {
        self.questions
    }

    /// How many messages a text may hold, if it holds several. 0 if it can't.
    pub const fn most_in_batch(self) -> usize {
        self.batches
    }
}
