//! What the end of a connection means for the client.

use channel_runtime::Fault;

/// What a client does after its connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stays closed: somebody meant it.
    Final,
    /// It connects again soon.
    Soon,
    /// It connects again later: the server refused it, or has a problem.
    Slow,
    /// It connects again at once, with a new token.
    Token,
    /// It connects again when something is asked.
    Idle,
}

impl Verdict {
    /// `fault` is that of an error frame without `ref`, if none but the framework's were received between it and the Close.
    pub fn of_close(code: u16, fault: Option<&Fault>) -> Self {
        match code {
            4401 => Self::Token,
            4408 | 4425 | 4429 => Self::Slow,
            4490 => Self::Idle,
            1000 | 3000.. => Self::Final,
            1008 if fault.is_some_and(|fault| fault.code != Fault::RATE_LIMITED) => Self::Final,
            1001 | 1005 | 1006 | 1012 => Self::Soon,
            _ => Self::Slow,
        }
    }

    /// Of a handshake that was answered with this HTTP status.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Token,
            408 | 425 | 429 => Self::Slow,
            400..500 => Self::Final,
            _ => Self::Slow,
        }
    }
}
