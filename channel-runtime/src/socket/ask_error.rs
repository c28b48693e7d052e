//! Why a question has no answer.

use std::error::Error;
use std::fmt;

use crate::protocol::codec::{DecodeError, EncodeError};
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;

/// Why a question to a client has no answer; from [`Socket::ask`](crate::Socket::ask).
#[derive(Debug)]
#[non_exhaustive]
pub enum AskError {
    /// The client answered with an error, which the channel's [`Envelope`](crate::Envelope) has read.
    Failed(Fault),
    /// The client did not answer within the time. An answer that is received later is dropped, and counted as
    /// [`Stats::unmatched_answers`](crate::Stats::unmatched_answers).
    TimedOut,
    /// The connection has ended, or is ending: no answer is received any more. The client may have acted all the same.
    Gone,
    /// The client answered with something else than the type that the question's `answer = ..` names.
    Invalid(DecodeError),
    /// 256 questions to this client are open already. This one was not sent.
    TooMany,
    /// The question can't be encoded. It was not sent.
    Unencodable(EncodeError),
    /// The channel's [`Envelope`](crate::Envelope) writes no questions, though its [`Places`](crate::envelope::Places) say so. This
    /// one was not sent.
    Unsupported,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The client's own text.
            Self::Failed(fault) => write!(f, "the client answered with an error: {}", Escaped(fault)),
            Self::TimedOut => f.write_str("the client did not answer in time"),
            Self::Gone => f.write_str("the connection ended before the client answered"),
            Self::Invalid(error) => write!(f, "the client's answer does not fit: {}", Escaped(error)),
            Self::TooMany => f.write_str("too many questions to this client are open"),
            Self::Unencodable(error) => write!(f, "the question can't be encoded: {error}"),
            Self::Unsupported => f.write_str("the envelope writes no questions"),
        }
    }
}

impl Error for AskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(fault) => Some(fault),
            Self::Invalid(error) => Some(error),
            Self::Unencodable(error) => Some(error),
            Self::TimedOut | Self::Gone | Self::TooMany | Self::Unsupported => None,
        }
    }
}

impl From<EncodeError> for AskError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::NoPlace { .. } => Self::Unsupported,
            error => Self::Unencodable(error),
        }
    }
}
