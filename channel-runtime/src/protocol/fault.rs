//! What a client is told went wrong.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::codec::InFinite;
use crate::protocol::escaped::{Escaped, EscapedError};

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
/// An error of one's own becomes one where a handler returns it, or `?` does:
///
/// ```
/// # use channel_runtime::Fault;
/// enum BidError {
///     TooLow { least: u64 },
///     Closed,
/// }
///
/// impl From<BidError> for Fault {
///     fn from(error: BidError) -> Self {
///         match error {
///             BidError::TooLow { least } => {
///                 Fault::new("bid.too_low", format!("bid {least} or more")).with_details(least)
///             }
///             BidError::Closed => Fault::new("bid.closed", "the lot is sold"),
///         }
///     }
/// }
/// # assert_eq!(Fault::from(BidError::TooLow { least: 7 }).details, 7);
/// # assert_eq!(Fault::from(BidError::Closed).code, "bid.closed");
/// ```
///
/// **Where it ends the connection**, as an error of `on_connect` does, the client is sent the error frame and then a Close, whose
/// code a page in a browser can read. The codes 4400 to 4499 are 4000 and the HTTP status that says the same, as for those who are
/// [refused](crate::Refusals) before:
///
/// | code of the fault | code of the Close |
/// |---|---|
/// | one of your own, such as `game.full` | 4403, or that of [`with_close_code`](Self::with_close_code) |
/// | `unauthorized`, `forbidden`, `not_found`, `rate_limited` | 4401, 4403, 4404, 4429 |
/// | `malformed`, `unknown_type`, `invalid_payload`, `validation` | 4400 |
/// | `refused` | 4000 and the status that the [`Reject`](crate::Reject) had |
/// | `unavailable`, `timeout` | 1013: come back later |
/// | `internal` | 1011 |
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
    /// The number of the close code, if the fault sets one: see `with_close_code`. `None` if the close code follows from `code`.
    #[cfg(feature = "server")]
    #[serde(skip)]
    pub(crate) closes_with: Option<u16>,
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
    /// A code of one's own contains a dot, `bid.too_low`: a later version may give any single word a meaning. One that has none
    /// and is not the framework's is sent as it is, for a slip in a word is no reason to end a connection; debug builds log
    /// the line that made it, as an error, once for each line.
    #[track_caller]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let code = code.into();
        if cfg!(debug_assertions) && !code.contains('.') && !Self::OWN.contains(&&*code) {
            dotless(&code, Location::caller());
        }
        Self {
            code,
            message: message.into(),
            details: Value::Null,
            #[cfg(feature = "server")]
            closes_with: None,
        }
    }

    /// A failure of the server's own: the cause is logged with an id, and the client is told the id alone.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (fault, id) = Self::unexplained();
        let cause = EscapedError::new(&*cause.into());
        tracing::error!(%id, error = &cause as &dyn Error, "internal error");
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

    /// With more to say: anything that JSON can say. Else it is null, all of it: where a map has keys that are no text, or a number
    /// is NaN or infinite.
    #[must_use]
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        self.details = serde_json::to_value(InFinite(&details)).unwrap_or(Value::Null);
        self
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

/// Tells the programmer of a code that is a single word; a line that says it often is told of once.
fn dotless(code: &str, place: &'static Location<'static>) {
    static TOLD: Mutex<BTreeSet<&Location<'static>>> = Mutex::new(BTreeSet::new());
    // Nothing panics under the lock; and what is told twice does no harm.
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
        tracing::error!(
            %place,
            "the fault code {code:?} is none of the framework's: one of your own contains a dot, such as \"my.{}\"",
            Escaped(code)
        );
    }
}

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
    fn details_that_json_can_not_say_are_null_and_no_part_of_them_is() {
        #[derive(Serialize)]
        struct Details {
            least: f64,
            seats: [f32; 2],
        }
        let details =
            |least, seat| Fault::new("bid.too_low", "").with_details(Details { least, seats: [seat, 2.0] }).details;
        assert_eq!(details(1.5, 1.0), serde_json::json!({ "least": 1.5, "seats": [1.0, 2.0] }));
        for (least, seat) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (1.5, f32::NAN), (1.5, f32::NEG_INFINITY)] {
            assert_eq!(details(least, seat), Value::Null);
        }
        assert_eq!(Fault::new("a.b", "").with_details(f32::NAN).details, Value::Null);
    }

    #[test]
    #[cfg(debug_assertions)]
    fn a_single_word_of_others_is_sent_and_each_line_that_says_it_is_told_of_once() {
        let log = Log::default();
        let lines = tracing::subscriber::with_default(log.clone(), || {
            for _ in 0..3 {
                assert_eq!(Fault::new("full", "Game is full").code, "full");
            }
            let line = line!() - 2;
            _ = [Fault::new("empty", ""), Fault::new("game.full", ""), Fault::validation("")];
            [line, line + 3]
        });
        let told = log.0.lock().unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        for (told, (line, code)) in told.iter().zip(lines.into_iter().zip(["full", "empty"])) {
            assert!(told.contains(&format!("fault.rs:{line}:")), "{told}");
            assert!(told.contains(&format!("such as \"my.{}\"", Escaped(code))), "{told}");
        }
    }

    #[cfg(debug_assertions)]
    #[derive(Clone, Default)]
    struct Log(std::sync::Arc<Mutex<Vec<String>>>);

    #[cfg(debug_assertions)]
    impl tracing::Subscriber for Log {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            struct Line(String);
            impl tracing::field::Visit for Line {
                fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn fmt::Debug) {
                    self.0 += &format!("{value:?} ");
                }
            }
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }
}
