//! Errors that are sent to clients: a code, a message and details.

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

/// An error for the client: `{"type":"error","code":"game.full","message":"..",..}`.
///
/// Your own codes contain a dot; the framework's codes are single words, such as [`INTERNAL`](Self::INTERNAL). The client is sent
/// only what the fault contains:
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
/// Your own error type becomes a fault if a handler returns it, or with `?`. [`#[derive(Fault)]`](derive@crate::Fault) makes it one,
/// and its codes and details a part of the handler's contract; by hand it is a `From`:
///
/// ```
/// use channel_runtime::Fault;
///
/// #[derive(Fault)]
/// enum BidError {
///     #[fault("bid.too_low", "bid {least} or more")]
///     TooLow { least: u64 },
/// }
///
/// struct Closed;
///
/// impl From<Closed> for Fault {
///     fn from(_: Closed) -> Self {
///         Fault::new("bid.closed", "the lot is sold")
///     }
/// }
/// # assert_eq!(Fault::from(BidError::TooLow { least: 7 }).details["least"], 7);
/// # assert_eq!(Fault::from(Closed).code, "bid.closed");
/// ```
///
/// **If a fault ends the connection**, as an error of `on_connect` does, the client is sent the error frame and then a Close. A
/// page in a browser can read the code of the Close. The codes 4400 to 4499 are 4000 plus the HTTP status of the same meaning, as
/// for clients that are [rejected](crate::Refusals) before:
///
/// | code of the fault | code of the Close |
/// |---|---|
/// | one of your own, such as `game.full` | 4403, or that of [`with_close_code`](Self::with_close_code) |
/// | `unauthorized`, `forbidden`, `not_found`, `rate_limited` | 4401, 4403, 4404, 4429 |
/// | `malformed`, `unknown_type`, `invalid_payload`, `validation` | 4400 |
/// | `refused` | 4000 and the status that the [`Reject`](crate::Reject) had |
/// | `outdated` | 4426 |
/// | `unavailable`, `timeout` | 1013: try again later |
/// | `internal` | 1011 |
///
/// In a channel with `on_text` or another envelope there is no error frame before a Close: the fault's message is the reason of the
/// Close, cut to 123 bytes, and that of `internal` has the id.
///
/// There is no `From<E>` for all errors, and there never will be, so that an internal error can't reach a client by accident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// The code for programs, such as `game.full`.
    pub code: Cow<'static, str>,
    /// The message for people.
    pub message: String,
    /// Further data; null for none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
    #[cfg(feature = "server")]
    #[serde(skip)]
    pub(crate) closes_with: Option<u16>,
}

impl Fault {
    /// The message is not JSON, not an object, or has no `type` or an invalid `ref`.
    pub const MALFORMED: &str = "malformed";
    /// The channel does not know this `type`.
    pub const UNKNOWN_TYPE: &str = "unknown_type";
    /// The `type` is known, but the fields do not fit.
    pub const INVALID_PAYLOAD: &str = "invalid_payload";
    /// The message is well formed, but breaks a rule.
    pub const VALIDATION: &str = "validation";
    /// The client sent more than its rate allows.
    pub const RATE_LIMITED: &str = "rate_limited";
    /// The client is not known.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// The client is known, and may not do this.
    pub const FORBIDDEN: &str = "forbidden";
    /// What the client asked for does not exist.
    pub const NOT_FOUND: &str = "not_found";
    /// The client is rejected for a reason that no other code names; `details.status` is the HTTP status.
    pub const REFUSED: &str = "refused";
    /// The client was made for an older version, which does not work any more: see [`Outdated`](crate::Outdated).
    pub const OUTDATED: &str = "outdated";
    /// The server can't do this now. It may be able to later.
    pub const UNAVAILABLE: &str = "unavailable";
    /// It took too long.
    pub const TIMEOUT: &str = "timeout";
    /// A failure of the server; its cause is in the log.
    pub const INTERNAL: &str = "internal";
    /// Kept for a message to a channel that its connection has not joined.
    pub const NOT_JOINED: &str = "not_joined";
    /// The client has more of something than it may: an idempotent message was sent too often while it is handled.
    pub const TOO_MANY: &str = "too_many";
    /// An idempotent message was sent again, whose handler was begun and ended without an answer. Nobody knows what it has done.
    pub const CANCELLED: &str = "cancelled";

    pub(crate) const OWN: [&str; 16] = [
        Self::MALFORMED,
        Self::UNKNOWN_TYPE,
        Self::INVALID_PAYLOAD,
        Self::VALIDATION,
        Self::RATE_LIMITED,
        Self::UNAUTHORIZED,
        Self::FORBIDDEN,
        Self::NOT_FOUND,
        Self::REFUSED,
        Self::OUTDATED,
        Self::UNAVAILABLE,
        Self::TIMEOUT,
        Self::INTERNAL,
        Self::NOT_JOINED,
        Self::TOO_MANY,
        Self::CANCELLED,
    ];

    /// A fault with a code and a message.
    ///
    /// Your own codes contain a dot, such as `bid.too_low`, because a later version may give any single word a meaning. A code
    /// without a dot that is not the framework's is sent all the same: a typing error is no reason to end a connection. Debug
    /// builds log the line that made it, as an error, once for each line.
    #[track_caller]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let code = code.into();
        if cfg!(debug_assertions) && !code.contains('.') && !Self::OWN.contains(&&*code) {
            dotless(&code, Location::caller());
        }
        Self::framework(code, message.into())
    }

    pub(crate) fn framework(code: Cow<'static, str>, message: String) -> Self {
        Self {
            code,
            message,
            details: Value::Null,
            #[cfg(feature = "server")]
            closes_with: None,
        }
    }

    /// A failure of the server. The cause is logged with an id, and the client is sent only the id.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (fault, id) = Self::unexplained();
        let cause = EscapedError::new(&*cause.into());
        tracing::error!(%id, error = &cause as &dyn Error, "internal error");
        fault
    }

    /// The message is well formed, but breaks a rule.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(Self::VALIDATION, message)
    }

    /// The client is known, and may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Self::FORBIDDEN, message)
    }

    /// Sets the details, any value that serializes to JSON. If it does not, the details are null as a whole: if a map has keys that
    /// are no text, or a number is NaN or infinite.
    #[must_use]
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        self.details = serde_json::to_value(InFinite(&details)).unwrap_or(Value::Null);
        self
    }

    /// The caller logs the cause with the id.
    pub(crate) fn unexplained() -> (Self, FaultId) {
        Self::new(Self::INTERNAL, "internal server error").with_id()
    }

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

fn dotless(code: &str, place: &'static Location<'static>) {
    static TOLD: Mutex<BTreeSet<&Location<'static>>> = Mutex::new(BTreeSet::new());
    // Nothing panics under the lock, and logging a line twice does no harm.
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
        tracing::error!(
            %place,
            "the fault code {code:?} is none of the framework's: one of your own contains a dot, such as \"my.{}\"",
            Escaped(code)
        );
    }
}

/// Connects an error frame to its line in the log. Unique in the process, and likely across processes by its random start.
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
