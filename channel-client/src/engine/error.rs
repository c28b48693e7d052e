//! Why a request has no answer.

use std::error;
use std::fmt;

use channel_runtime::{DecodeError, EncodeError, Fault};

/// Why a request has no answer, by what its sender may do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server has not done it, and says why.
    Fault(Fault),
    /// The connection ended before the answer was received: it may have been done.
    Lost,
    /// It was not sent, and was not done.
    Unsent(Unsent),
    /// It was sent, and there was no answer in time: it may have been done.
    Timeout,
    /// The client is closed; the request was not sent.
    Closed,
    /// The answer was received, and is not of the type that this client expects.
    Unreadable(DecodeError),
}

/// Why a request was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unsent {
    /// There was no connection in time, or its rate did not allow it in time.
    TooLate,
    /// 256 requests wait already, or they and this one have more than 256 KiB.
    TooMany,
    /// It is longer than the server takes.
    TooLong {
        /// The longest message that the server takes, in bytes.
        most: usize,
    },
    /// It can't be written as JSON.
    Unwritable(EncodeError),
    /// The server moved the client to another room before.
    Moved,
    /// It is a binary message, which has no `ref` and therefore no answer: `send` it.
    Binary,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Lost => f.write_str("the connection ended before the answer was received"),
            Self::Unsent(why) => why.fmt(f),
            Self::Timeout => f.write_str("there was no answer in time"),
            Self::Closed => f.write_str("the client is closed"),
            Self::Unreadable(_) => f.write_str("the answer can't be read"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            // They are said by the error itself.
            Self::Fault(fault) => fault.source(),
            Self::Unsent(why) => why.source(),
            Self::Unreadable(error) => Some(error),
            Self::Lost | Self::Timeout | Self::Closed => None,
        }
    }
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate => f.write_str("the request could not be sent in time"),
            Self::TooMany => f.write_str("too many requests wait"),
            Self::TooLong { most } => write!(f, "the message is longer than {most} bytes"),
            Self::Unwritable(_) => f.write_str("the message can't be written"),
            Self::Moved => f.write_str("the client was moved to another room before"),
            Self::Binary => f.write_str("a binary message has no answer"),
        }
    }
}

impl error::Error for Unsent {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Unwritable(error) => Some(error),
            Self::TooLate | Self::TooMany | Self::TooLong { .. } | Self::Moved | Self::Binary => None,
        }
    }
}

impl From<Unsent> for Error {
    fn from(why: Unsent) -> Self {
        Self::Unsent(why)
    }
}
