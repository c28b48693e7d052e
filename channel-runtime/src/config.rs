//! The bounds of a server, and what happens at each.

use std::time::Duration;

/// The bounds of a server. Every bound is per connection, and has a default that is safe.
///
/// ```
/// # use channel_runtime::Config;
/// let config = Config::default().message_bytes(256 * 1024);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The longest message a client may send, in bytes over all its fragments: 64 KiB. A longer one closes the
    /// connection with 1009 before it is buffered.
    pub message_bytes: usize,
    /// The most fragments of one message: 1024. One more closes the connection with 1009.
    pub message_fragments: usize,
    /// The most bytes that wait for a client: 1 MiB. A client that lets more pile up is disconnected, with 1013 where that
    /// can still be said. So is a healthy one to which more is sent in one go: a handler with that much to say awaits
    /// [`Socket::flushed`](crate::Socket::flushed) now and then.
    pub outbox_bytes: usize,
    /// How long the closing of a connection may stand still: 2 seconds in which the client takes nothing, then it is cut.
    pub close_timeout: Duration,
    /// How long a server that stops waits for handlers and `on_close` hooks before it cancels them: 10 seconds; and as
    /// long again for the `on_close` hooks of the cancelled.
    pub shutdown_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024,
            message_fragments: 1024,
            outbox_bytes: 1024 * 1024,
            close_timeout: Duration::from_secs(2),
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// Sets [`message_bytes`](Self::message_bytes).
    #[must_use]
    pub fn message_bytes(mut self, bytes: usize) -> Self {
        self.message_bytes = bytes;
        self
    }

    /// Sets [`message_fragments`](Self::message_fragments).
    #[must_use]
    pub fn message_fragments(mut self, fragments: usize) -> Self {
        self.message_fragments = fragments;
        self
    }

    /// Sets [`outbox_bytes`](Self::outbox_bytes).
    #[must_use]
    pub fn outbox_bytes(mut self, bytes: usize) -> Self {
        self.outbox_bytes = bytes;
        self
    }

    /// Sets [`close_timeout`](Self::close_timeout).
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets [`shutdown_timeout`](Self::shutdown_timeout).
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }
}
