//! What a knowing client hears of the framework itself, in a test: kept apart from its messages.

use std::time::Duration;

use serde_json::Value;

use super::client::Client;
use super::expectation::{Expectation, Failure};
use super::frames::Frames;
use crate::channel::Channel;
use crate::connection::id::ConnectionId;

/// What a knowing client hears first, of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    /// How long the server is silent at most, in whole milliseconds. `None` if it does not ping.
    pub ping_interval: Option<Duration>,
    /// The longest message that it takes, in bytes.
    pub max_bytes: usize,
}

/// What a knowing client hears when it is a member, before what `on_connect` sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Joined {
    /// The connection, as [`Socket::id`](crate::Socket::id).
    pub id: ConnectionId,
    /// If the client was made for another wire, how that differs: `compatible`, `breaks` or `unknown`.
    pub outdated: Option<String>,
}

/// What a knowing client hears before a close after which it comes back: 1001, 1012, 1013.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closing {
    /// The least time until it may come back.
    pub retry_after: Duration,
    /// The time behind that in which all come back who are closed now: each at a time of its own.
    pub retry_window: Duration,
}

impl<C: Channel> Client<C> {
    /// What the server said of the connection to a [knowing](super::Connect::knowing) client. It is no message: `expect` does not see
    /// it, before this or after.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn hello(&mut self) -> Expectation<'_, Hello> {
        self.heard("$hello", |frame| {
            Some(Hello {
                ping_interval: match frame.get("ping_ms") {
                    Some(ping) => Some(Duration::from_millis(ping.as_u64()?)),
                    None => None,
                },
                max_bytes: frame["max_bytes"].as_u64()?.try_into().ok()?,
            })
        })
    }

    /// As [`hello`](Self::hello), of the membership.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn joined(&mut self) -> Expectation<'_, Joined> {
        self.heard("$joined", |frame| {
            let outdated = frame.get("outdated").and_then(Value::as_str).map(Into::into);
            Some(Joined { id: frame["id"].as_str()?.parse().ok()?, outdated })
        })
    }

    /// As [`hello`](Self::hello), of the close that follows.
    ///
    /// # Panics
    /// If it was not heard, and nothing can follow.
    #[track_caller]
    pub fn closing(&mut self) -> Expectation<'_, Closing> {
        let millis = |frame: &Value, key: &str| frame[key].as_u64().map(Duration::from_millis);
        self.heard("$closing", move |frame| {
            let retry_after = millis(frame, "retry_after_ms")?;
            Some(Closing { retry_after, retry_window: millis(frame, "retry_window_ms")? })
        })
    }

    #[track_caller]
    fn heard<'a, T: 'a>(
        &'a mut self,
        kind: &'static str,
        read: impl Fn(&Value) -> Option<T> + Send + 'a,
    ) -> Expectation<'a, T> {
        let frames = &mut self.frames;
        Expectation::new(async move {
            let text = frames.framework_text(kind).await?.ok_or_else(|| not_heard(kind, frames))?;
            let read = serde_json::from_str(&text).ok().and_then(|frame| read(&frame));
            read.ok_or_else(|| format!("the client can't read `{text}`"))
        })
    }
}

fn not_heard(kind: &str, frames: &Frames) -> Failure {
    match frames.is_knowing() {
        true => format!("expected {kind}, but everything has settled and none came"),
        false => format!("expected {kind}, which only a client hears that connects as `.knowing()`"),
    }
}
