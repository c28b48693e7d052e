//! What a client is told went wrong.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "server")]
use crate::wire::close::CloseCode;

/// An error for the client's eyes: `{"type":"error","code":"game.full","message":"..",..}`.
///
/// Codes of one's own contain a dot, the framework's are single words: [`INTERNAL`](Self::INTERNAL) and its
/// neighbours. Only what is put in here reaches the client:
///
/// ```
/// # use channel_runtime::Fault;
/// # fn store() -> std::io::Result<()> { Ok(()) }
/// fn make_move(full: bool) -> Result<(), Fault> {
///     if full {
///         return Err(Fault::new("game.full", "Game is full"));
///     }
///     store().map_err(Fault::internal)?; // logged with an id; the client learns the id alone
///     Ok(())
/// }
/// # make_move(false).unwrap();
/// ```
///
/// There is no `From<E>` for all errors, and never will be: an internal error can't reach a client by accident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// What it is, for programs: `game.full`.
    pub code: Cow<'static, str>,
    /// What it is, for people.
    pub message: String,
    /// Whatever more there is to say; null for nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Fault {
    /// Not JSON, not an object, no `type`, or a bad `ref`.
    pub const MALFORMED: &str = "malformed";
    /// A `type` that this channel does not know.
    pub const UNKNOWN_TYPE: &str = "unknown_type";
    /// A known `type` whose fields don't fit.
    pub const INVALID_PAYLOAD: &str = "invalid_payload";
    /// Well formed, but against a rule.
    pub const VALIDATION: &str = "validation";
    /// More than is allowed in this time.
    pub const RATE_LIMITED: &str = "rate_limited";
    /// Who is asking is not known.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// Who is asking may not.
    pub const FORBIDDEN: &str = "forbidden";
    /// There is no such thing.
    pub const NOT_FOUND: &str = "not_found";
    /// Not let in, for a reason that no other code names; `details.status` is the HTTP status that says it.
    pub const REFUSED: &str = "refused";
    /// The server can't do it now; later it may.
    pub const UNAVAILABLE: &str = "unavailable";
    /// It took too long.
    pub const TIMEOUT: &str = "timeout";
    /// The server's own failure; what it was stands in the log.
    pub const INTERNAL: &str = "internal";

    /// The framework's own codes.
    pub(crate) const OWN: [&str; 12] = [
        Self::MALFORMED,
        Self::UNKNOWN_TYPE,
        Self::INVALID_PAYLOAD,
        Self::VALIDATION,
        Self::RATE_LIMITED,
        Self::UNAUTHORIZED,
        Self::FORBIDDEN,
        Self::NOT_FOUND,
        Self::REFUSED,
        Self::UNAVAILABLE,
        Self::TIMEOUT,
        Self::INTERNAL,
    ];

    /// A fault with a code and a message.
    ///
    /// # Panics
    /// In debug builds, where the code is a single word and not one of the framework's: a later version may give that word a
    /// meaning. One's own contain a dot.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let code = code.into();
        debug_assert!(
            code.contains('.') || Self::OWN.contains(&&*code),
            "the fault code {code:?} is none of the framework's: one of your own contains a dot, such as \"game.{code}\""
        );
        Self { code, message: message.into(), details: Value::Null }
    }

    /// A failure of the server's own: the cause is logged with an id, and the client is told the id alone.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (fault, id) = Self::unexplained();
        let cause = cause.into();
        tracing::error!(%id, error = &*cause as &dyn Error, "internal error");
        fault
    }

    /// Well formed, but against a rule.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(Self::VALIDATION, message)
    }

    /// Who is asking may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Self::FORBIDDEN, message)
    }

    /// With more to say: anything that serializes, else null.
    #[must_use]
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        self.details = serde_json::to_value(details).unwrap_or(Value::Null);
        self
    }

    /// What a connection closes with that this ends.
    #[cfg(feature = "server")]
    pub(crate) fn close_code(&self) -> CloseCode {
        match &*self.code {
            Self::UNAUTHORIZED => CloseCode::UNAUTHORIZED,
            Self::FORBIDDEN => CloseCode::FORBIDDEN,
            Self::RATE_LIMITED => CloseCode::TOO_MANY,
            Self::NOT_FOUND => CloseCode::NOT_FOUND,
            Self::UNAVAILABLE => CloseCode::TRY_AGAIN,
            Self::INTERNAL => CloseCode::INTERNAL,
            _ => CloseCode::POLICY,
        }
    }

    /// An `internal` fault and the id in it, which whoever knows the cause writes to the log.
    pub(crate) fn unexplained() -> (Self, FaultId) {
        Self::new(Self::INTERNAL, "internal server error").with_id()
    }

    /// With an id, by which it is found in the log.
    pub(crate) fn with_id(self) -> (Self, FaultId) {
        let id = FaultId::next();
        (self.with_details(serde_json::json!({ "id": id.to_string() })), id)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for Fault {}

/// What ties an error frame for a failure of the server's to its line in the log: unique within the process, and most likely across
/// processes, for each begins at a number of its own.
#[derive(Clone, Copy)]
pub(crate) struct FaultId(u64);

impl FaultId {
    fn next() -> Self {
        static FIRST: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // The operating system seeds each process's `RandomState`.
        let first = *FIRST.get_or_init(|| RandomState::new().hash_one(0));
        Self(first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_framework_are_single_words_and_those_of_others_have_a_dot() {
        for own in Fault::OWN {
            assert_eq!(Fault::new(own, "").code, own);
            assert!(!own.contains('.'));
        }
        assert_eq!(Fault::new("game.full", "").code, "game.full");
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic = "one of your own contains a dot, such as \"game.full\""]
    fn a_single_word_of_others_is_refused() {
        let _ = Fault::new("full", "");
    }
}
