//! What an operator sets, and what follows from it alone: bounds, rates, allowed origins, trusted proxies.
//!
//! [`Config`] has the bounds of a server, each with a unit, a default, and what happens at it. Imports `protocol` and `wire`.

pub(crate) mod bounds;
pub(crate) mod bucket;
mod forwarded;
pub(crate) mod header_list;
mod hop;
pub(crate) mod origins;
pub(crate) mod proxies;
pub(crate) mod rate;
pub(crate) mod refusals;

use std::time::Duration;

use crate::config::origins::Origins;
use crate::config::proxies::Proxies;
use crate::config::rate::Rate;
use crate::config::refusals::Refusals;
use crate::wire::deflate::Compression;

/// The bounds of a server, at its door and of each connection. Every bound has a default that is safe.
///
/// ```
/// # use channel_runtime::Config;
/// let config = Config::default().message_bytes(256 * 1024);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How long a client may take to say what it wants: 10 seconds for the TLS handshake and the head of its first request,
    /// and as long for the head of each further request, from its first byte. Then it is cut. As long it may leave a handler waiting
    /// for more of a request's body, of which each byte counts; and as long it may take nothing of an answer, beside a second for
    /// each 16 KiB that it may not have read yet, 42 seconds in all. Known to [`Server::serve`] and [`Bound`](crate::Bound) alone;
    /// another server has its own.
    ///
    /// [`Server::serve`]: crate::Server::serve
    pub header_timeout: Duration,
    /// How long an HTTP connection is kept open between two requests: 75 seconds. A balancer that keeps connections for its next
    /// requests should end them earlier than that, or it may use one that ends in the same moment, and answer 502. Known to
    /// [`Server::serve`] and [`Bound`](crate::Bound) alone.
    ///
    /// [`Server::serve`]: crate::Server::serve
    pub keep_alive_timeout: Duration,
    /// The longest head of a request, in bytes: 16 KiB, and 8 KiB at the least. A longer one is answered 431. A single sign-on
    /// with large cookies may need more. Known to [`Server::serve`] and [`Bound`](crate::Bound) alone.
    ///
    /// [`Server::serve`]: crate::Server::serve
    pub head_bytes: usize,
    /// How long extractors and `authorize` may take: 10 seconds. Then they are dropped where they wait, and the client is
    /// answered 503 with `Retry-After`: what was slow is on the server's side, and may be quicker the next time. As long again a
    /// client that was let in may take to read the answer, or is dropped.
    pub handshake_timeout: Duration,
    /// The most HTTP connections that are no channels' (yet): 16,384, which cost up to 28 KiB each. The next ones are not
    /// accepted before one of them is upgraded or ends, and wait in the kernel's queue. Known to [`Server::serve`] and [`Bound`](crate::Bound) alone.
    ///
    /// [`Server::serve`]: crate::Server::serve
    pub http_connections: usize,
    /// The most connections, each from its handshake to the end of its `on_close`: 100,000. One more is answered 503 with
    /// `Retry-After`.
    pub connections: usize,
    /// The most connections of one IP address: [`usize::MAX`], for behind a proxy that is not [known](Self::proxies) all clients have
    /// one address, and so has a university. One more is answered 429 with `Retry-After`. An IPv6 address counts by its first 64 bits, which are one
    /// customer's. Where the address is [not known](crate::PeerAddr), nobody is refused.
    pub connections_per_ip: usize,
    /// The most connections of one user over all channels, as the hook `identity` names one: [`usize::MAX`]. They are counted from when
    /// `authorize` has returned, and with those that still wait for their room, in one step, so that however many come at once no more
    /// than so many are in. One more is answered 429 with `Retry-After`. A connection without an identity is nobody's, and does not
    /// count.
    pub connections_per_user: usize,
    /// How fast connections may come, those that an extractor refuses included: as fast as they like. One too early is
    /// answered 503 with `Retry-After`.
    pub connection_rate: Option<Rate>,
    /// How fast connections may come from one IP address, which is told apart as for
    /// [`connections_per_ip`](Self::connections_per_ip): as fast as they like. One too early is answered 429 with
    /// `Retry-After`.
    pub connection_rate_per_ip: Option<Rate>,
    /// Which web pages may connect: those of the same host. Others are answered 403.
    pub origins: Origins,
    /// The proxies in front of the server, which tell whom they speak for: none.
    pub proxies: Proxies,
    /// How a client is told that it may not come in: so that a page in a browser can read it, where the client offers the
    /// subprotocol `channels.1.json`; else by an HTTP status.
    pub refusals: Refusals,
    /// The most clients at a time that are told so over a WebSocket: 1,024, beside the [`connections`](Self::connections), each
    /// for [`close_timeout`](Self::close_timeout) at the most. One more is refused by an HTTP status.
    pub turned_away: usize,
    /// How fast a client may send frames of any kind, pings, empty ones, fragments and what is no message included: 1000 a
    /// second, and 10,000 at once. That is more than any honest client says, and a small part of a core's time. What comes
    /// beyond is not handled: a message with a `ref` is answered `rate_limited`, as is the first of those in a row that have
    /// none, with `details.retry_after_ms`; pings are not answered. A binary message has no answer that could say which one was
    /// lost: the first that would be closes the connection with 1008, and the reason says so. Who is refused as often as it may
    /// speak (1000 times in a second, and never less than 10 times) is closed with 1008 as well. Frames are counted in lots, without a look at the clock for
    /// each: a quarter more may pass at once. `None`: as fast as they like.
    ///
    /// A type of message has a rate of its own with `#[message(.., rate = "5/s")]`.
    pub message_rate: Option<Rate>,
    /// How fast a user may send frames over all connections, on all channels: as fast as each connection may. What comes beyond
    /// is refused as for [`message_rate`](Self::message_rate), and remembered when the user comes back. A connection without an
    /// identity is a user of its own. Where it is set, each read of a user's connection costs a look at the clock and a lock.
    pub message_rate_per_user: Option<Rate>,
    /// How long before a connection's `expires_at` its client is told so: 60 seconds, or a fifth of the time that is left when
    /// the end becomes known, where that is shorter.
    pub auth_warning: Duration,
    /// Whether a client is told all that is wrong with a message that can't be read: what serde says of it, the line and the column.
    /// Else it is told the code, a general message, and in `invalid_payload` the path of the field, also of one that is missing. It is
    /// so where the program is built with `debug_assertions`, and else not, for the words of serde tell of the types within.
    /// `on_invalid` hears all of it in any case, and so does whoever makes a [`Fault`](crate::Fault) of a
    /// [`DecodeError`](crate::DecodeError) there. What a rule of `validate` says is always told.
    pub error_details: bool,
    /// Whether the span of a connection in the logs names its user: not so.
    pub log_users: bool,
    /// Whether what clients say is logged, as it is, at the level `TRACE`: not so, for it is theirs. What is said to them, their
    /// headers, their queries, and a message of the type `$auth`, which holds a token, never are.
    pub log_payloads: bool,
    /// The longest message a client may send, in bytes over all its fragments: 64 KiB. A longer one closes the
    /// connection with 1009 before it is buffered. `message_bytes = "1MiB"` of `#[channel]` says it for one channel, with its frames.
    pub message_bytes: usize,
    /// The longest frame of a message that a client may send, in bytes as they come: 64 KiB. A longer one closes the connection
    /// with 1009 when its header is read. Control frames are never longer than 125 bytes.
    pub frame_bytes: usize,
    /// The most fragments of one message: 1024. One more closes the connection with 1009.
    pub message_fragments: usize,
    /// The most bytes that wait for a client beside one message, the longest that has waited since it had taken everything last:
    /// 1 MiB. So a single message may be longer. A client that lets more pile up is disconnected, with 1013 where that can still be
    /// said. So is a healthy one to which more is sent in one go: a handler with that much to say uses
    /// [`Socket::send_all`](crate::Socket::send_all).
    ///
    /// Whoever sends to a room waits for it where half of its members have a quarter of this waiting and take it as fast as 16 KiB
    /// a second: see [`Audience::ready`](crate::Audience::ready).
    pub outbox_bytes: usize,
    /// After how much silence a client is pinged: 25 seconds, or up to a fifth less, so that those who came together are
    /// not pinged together. `None`: never, and nobody who vanishes without a word is noticed before more is sent to it than
    /// kernels hold. A client for which more waits than its socket takes is not pinged: its ping would wait behind that.
    pub ping_interval: Option<Duration>,
    /// How long after such a ping anything must be heard from the client: 10 seconds, or it is closed with 1013. A second more for
    /// each 16 KiB that were sent before and may still be on their way, 4 MiB at the most. While we do not read from it, because
    /// its handler has enough to do, it need not be heard.
    ///
    /// And how long a client may take nothing of what waits for it, where its socket takes no more at once: then it is closed
    /// with 1013 as well, whether or not pings are sent. Over TLS, and what else is no plain TCP, with the same seconds more.
    pub pong_timeout: Duration,
    /// How long a client may send no message before it is closed with 1000; pings and pongs are none. `None`: for ever.
    pub idle_timeout: Option<Duration>,
    /// How long a handler or hook may wait for something. Then it is dropped at that `await`, and its client told `timeout`;
    /// the connection goes on, unless it was `on_connect`. `None`: for ever. Code that never awaits can't be stopped.
    pub handler_timeout: Option<Duration>,
    /// How long a room of a path stays open, with its state, when nobody is in it any more: not at all. `room_grace` of
    /// `#[channel]` says it for one channel. It is cut short when the server stops.
    pub room_grace: Duration,
    /// How long the closing of a connection may stand still: 2 seconds in which the client takes nothing, then it is cut. So is a
    /// client that takes less than 16 KiB a second of what still waits for it, and as long beside that: after 66 seconds where that
    /// is the whole of [`outbox_bytes`](Self::outbox_bytes).
    ///
    /// Over TLS, and what else is no plain TCP, nobody sees what a client takes before its kernel has told of much of it at once. So
    /// there it has all of that time, unless it is closed because it took nothing.
    pub close_timeout: Duration,
    /// Over how long a server that drains spreads the closes, so that its clients do not all come back in the same moment: 5
    /// seconds, but no longer than a millisecond for each client.
    pub drain_window: Duration,
    /// How long a server that drains waits for handlers and `on_close` hooks before it cancels them: 5 seconds; and as
    /// long again for the `on_close` hooks of the cancelled. So long an answer that is [owed](crate::Socket::defer) is waited for, too,
    /// also for a client that has ended its own half of the stream.
    ///
    /// A stop takes no longer than four times this, for batches, handlers, `on_close` and `on_room_close` that all hang, with the
    /// [`drain_window`](Self::drain_window) and a [`close_timeout`](Self::close_timeout): 27 seconds. Kubernetes kills after 30:
    /// who sets more here sets `terminationGracePeriodSeconds` there.
    pub shutdown_timeout: Duration,
    /// Whether and how messages are compressed, both ways, with the clients that offer it: not at all. What a client may send
    /// is measured inflated: a message that inflates to more than [`message_bytes`](Self::message_bytes) closes the connection
    /// with 1009 at the first byte too many, and one that can't be inflated with 1007. While such a message comes in pieces,
    /// its connection takes some 50 KiB more. Where it is off, offers are not answered, and nothing is spent.
    #[cfg(feature = "deflate")]
    pub compression: Option<Compression>,
    /// It is that of one channel, whose rate for a user's frames is its own: they are counted there alone.
    pub(crate) counts_users_apart: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(75),
            head_bytes: 16 * 1024,
            handshake_timeout: Duration::from_secs(10),
            http_connections: 16_384,
            connections: 100_000,
            connections_per_ip: usize::MAX,
            connections_per_user: usize::MAX,
            connection_rate: None,
            connection_rate_per_ip: None,
            origins: Origins::same_host(),
            proxies: Proxies::default(),
            refusals: Refusals::default(),
            turned_away: 1024,
            message_rate: Some(Rate::new(1000, Duration::from_secs(1)).burst(10_000)),
            message_rate_per_user: None,
            error_details: cfg!(debug_assertions),
            log_users: false,
            log_payloads: false,
            auth_warning: Duration::from_secs(60),
            message_bytes: 64 * 1024,
            frame_bytes: 64 * 1024,
            message_fragments: 1024,
            outbox_bytes: 1024 * 1024,
            ping_interval: Some(Duration::from_secs(25)),
            pong_timeout: Duration::from_secs(10),
            idle_timeout: None,
            handler_timeout: None,
            room_grace: Duration::ZERO,
            close_timeout: Duration::from_secs(2),
            drain_window: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(5),
            #[cfg(feature = "deflate")]
            compression: None,
            counts_users_apart: false,
        }
    }
}

impl Config {
    /// Sets [`header_timeout`](Self::header_timeout).
    #[must_use]
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// Sets [`keep_alive_timeout`](Self::keep_alive_timeout).
    #[must_use]
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.keep_alive_timeout = timeout;
        self
    }

    /// Sets [`head_bytes`](Self::head_bytes).
    #[must_use]
    pub fn head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes;
        self
    }

    /// Sets [`handshake_timeout`](Self::handshake_timeout).
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Sets [`http_connections`](Self::http_connections).
    #[must_use]
    pub fn http_connections(mut self, most: usize) -> Self {
        self.http_connections = most;
        self
    }

    /// Sets [`connections`](Self::connections).
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// Sets [`connections_per_ip`](Self::connections_per_ip).
    #[must_use]
    pub fn connections_per_ip(mut self, most: usize) -> Self {
        self.connections_per_ip = most;
        self
    }

    /// Sets [`connections_per_user`](Self::connections_per_user).
    #[must_use]
    pub fn connections_per_user(mut self, most: usize) -> Self {
        self.connections_per_user = most;
        self
    }

    /// Sets [`connection_rate`](Self::connection_rate).
    #[must_use]
    pub fn connection_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.connection_rate = rate.into();
        self
    }

    /// Sets [`connection_rate_per_ip`](Self::connection_rate_per_ip).
    #[must_use]
    pub fn connection_rate_per_ip(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.connection_rate_per_ip = rate.into();
        self
    }

    /// Sets [`origins`](Self::origins).
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Sets [`proxies`](Self::proxies).
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets [`refusals`](Self::refusals).
    #[must_use]
    pub fn refusals(mut self, refusals: Refusals) -> Self {
        self.refusals = refusals;
        self
    }

    /// Sets [`turned_away`](Self::turned_away).
    #[must_use]
    pub fn turned_away(mut self, most: usize) -> Self {
        self.turned_away = most;
        self
    }

    /// Sets [`message_rate`](Self::message_rate).
    #[must_use]
    pub fn message_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.message_rate = rate.into();
        self
    }

    /// Sets [`message_rate_per_user`](Self::message_rate_per_user).
    #[must_use]
    pub fn message_rate_per_user(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.message_rate_per_user = rate.into();
        self
    }

    /// Sets [`auth_warning`](Self::auth_warning).
    #[must_use]
    pub fn auth_warning(mut self, time: Duration) -> Self {
        self.auth_warning = time;
        self
    }

    /// Sets [`error_details`](Self::error_details).
    #[must_use]
    pub fn error_details(mut self, detailed: bool) -> Self {
        self.error_details = detailed;
        self
    }

    /// Sets [`log_users`](Self::log_users).
    #[must_use]
    pub fn log_users(mut self, named: bool) -> Self {
        self.log_users = named;
        self
    }

    /// Sets [`log_payloads`](Self::log_payloads).
    #[must_use]
    pub fn log_payloads(mut self, logged: bool) -> Self {
        self.log_payloads = logged;
        self
    }

    /// Sets [`message_bytes`](Self::message_bytes), and with it [`frame_bytes`](Self::frame_bytes): a message may come in one frame.
    #[must_use]
    pub fn message_bytes(mut self, bytes: usize) -> Self {
        self.message_bytes = bytes;
        self.frame_bytes = bytes;
        self
    }

    /// Sets [`frame_bytes`](Self::frame_bytes).
    #[must_use]
    pub fn frame_bytes(mut self, bytes: usize) -> Self {
        self.frame_bytes = bytes;
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

    /// Sets [`ping_interval`](Self::ping_interval).
    #[must_use]
    pub fn ping_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.ping_interval = interval.into();
        self
    }

    /// Sets [`pong_timeout`](Self::pong_timeout).
    #[must_use]
    pub fn pong_timeout(mut self, timeout: Duration) -> Self {
        self.pong_timeout = timeout;
        self
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// Sets [`handler_timeout`](Self::handler_timeout).
    #[must_use]
    pub fn handler_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.handler_timeout = timeout.into();
        self
    }

    /// Sets [`room_grace`](Self::room_grace).
    #[must_use]
    pub fn room_grace(mut self, grace: Duration) -> Self {
        self.room_grace = grace;
        self
    }

    /// Sets [`close_timeout`](Self::close_timeout).
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets [`drain_window`](Self::drain_window).
    #[must_use]
    pub fn drain_window(mut self, window: Duration) -> Self {
        self.drain_window = window;
        self
    }

    /// Sets [`shutdown_timeout`](Self::shutdown_timeout).
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Sets [`compression`](Self::compression).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// How messages are compressed; never without the feature `deflate`.
    pub(crate) fn compresses(&self) -> Option<&Compression> {
        #[cfg(feature = "deflate")]
        return self.compression.as_ref();
        #[cfg(not(feature = "deflate"))]
        None
    }
}
