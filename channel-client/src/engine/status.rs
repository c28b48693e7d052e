//! In which state the connection is, and how the last one ended.

use channel_runtime::Fault;
use tokio::time::Instant;

/// In which state a client's connection is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// The server closed the connection because nothing was sent for long. The next request connects again, and so does
    /// a message without an answer, which is not sent itself.
    Idle,
    /// It connects.
    Connecting {
        /// How many connections have ended, or were not made, since the last one that was open for 5 s.
        attempt: u32,
    },
    /// The client has entered its room.
    Open,
    /// There is no connection, and the client will connect again.
    Waiting {
        /// As in `Connecting`, with the connection that has just ended.
        attempt: u32,
        /// When it will connect.
        until: Instant,
        /// How the last connection ended.
        last: Ended,
    },
    /// There is no connection, and none will be made until [`open`](crate::Client::open) is called.
    Closed {
        /// Who closed it.
        by: CloseBy,
        /// How the last connection ended, if the server ended it.
        last: Option<Ended>,
    },
}

/// Who closed a connection for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseBy {
    /// This program: by [`close`](crate::Client::close), when the last [`Client`](crate::Client) was dropped, when the runtime in
    /// which the client was opened has ended, or when a function of the program's, such as that of the token, has panicked.
    Us,
    /// The server.
    Server,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ended {
    /// The code of the Close; 1006 if there was none.
    pub code: u16,
    /// Its reason, or why there was no connection.
    pub reason: String,
    /// The error before the Close. `None` if a message or an answer was received behind it.
    pub fault: Option<Fault>,
    /// The HTTP status if the server refused the handshake.
    pub status: Option<u16>,
}

/// How a client has joined a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Joined {
    /// The room goes on where the client left it: nothing of its history was missed.
    Resumed {
        /// How many messages were sent meanwhile, which follow.
        missed: u64,
    },
    /// What is known from the messages before is out of date.
    Fresh {
        /// Why the client could not go on. `None` if the room has no history, and for a reason that is newer than this client.
        reason: Option<Fresh>,
    },
}

impl Joined {
    /// Whether what is known from the messages before is out of date.
    pub fn is_fresh(self) -> bool {
        matches!(self, Self::Fresh { .. })
    }
}

/// Why a client could not go on where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fresh {
    /// It was not in the room before.
    First,
    /// The room does not have all that was sent meanwhile any more.
    Expired,
    /// The room's history is another one, as after the server's restart.
    Replaced,
    /// More was sent meanwhile than is sent at once.
    TooFar,
}

impl Fresh {
    /// By its name on the wire.
    pub(super) fn of(reason: &str) -> Option<Self> {
        match reason {
            "first" => Some(Self::First),
            "expired" => Some(Self::Expired),
            "replaced" => Some(Self::Replaced),
            "too_far" => Some(Self::TooFar),
            _ => None,
        }
    }
}

/// How the server's messages differ from those that this client was compiled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outdated {
    /// The server still understands this client.
    Compatible,
    /// The server does not understand this client any more.
    Breaks,
    /// The server does not know the messages of this client.
    Unknown,
}
