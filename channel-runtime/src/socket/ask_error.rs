//! Why a question has no answer.

use std::error::Error;
use std::fmt;

use crate::protocol::codec::{DecodeError, EncodeError};
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;

/// Why a question to a client has no answer; from [`Socket::ask`](crate::Socket::ask) and [`Audience::ask`](crate::Audience::ask).
#[derive(Debug)]
#[non_exhaustive]
pub enum AskError {
    /// The client answered with an error, which the channel's [`Envelope`](crate::Envelope) has read. A client that does not know the
    /// type of the question, or has nothing that answers it, does so at once, with the code [`unknown_type`](Fault::UNKNOWN_TYPE).
    Failed(Fault),
    /// The client did not answer within the time. An answer that is received later is dropped, and counted as
    /// [`Stats::unmatched_answers`](crate::Stats::unmatched_answers).
    TimedOut,
    /// The connection has ended, or is ending: no answer is received any more. The client may have acted all the same.
    Gone,
    /// The client answered with something else than the type that the question's `answer = ..` names.
    Invalid(DecodeError),
    /// 16 questions to this client are open already, or 256 wait for it where it answers one at a time. This one was not sent.
    TooMany,
    /// The answers to this question are longer than 1 MiB together: this one was received, and is dropped. Of an
    /// [audience](crate::Audience::ask) alone.
    TooLong,
    /// The question can't be encoded. It was not sent.
    Unencodable(EncodeError),
    /// The client can't be asked, and was not: in the default envelope, because it did not offer `channels.hello`, as generated
    /// clients do. Or its [`Envelope`](crate::Envelope) writes no questions, though its [`Places`](crate::envelope::Places) say so.
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
            Self::TooLong => f.write_str("the answers to this question are too long together"),
            Self::Unsupported => f.write_str("the client can't be asked"),
        }
    }
}

impl Error for AskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(fault) => Some(fault),
            Self::Invalid(error) => Some(error),
            Self::Unencodable(error) => Some(error),
            Self::TimedOut | Self::Gone | Self::TooMany | Self::TooLong | Self::Unsupported => None,
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
