//! The settings of a server, and what follows from them alone: bounds, rates, allowed origins, trusted proxies.
//!
//! This folder reads no clock and does no I/O. It imports `protocol` and `wire`.

pub(crate) mod bounds;
pub(crate) mod bucket;
mod forwarded;
pub(crate) mod header_list;
mod hop;
pub(crate) mod origins;
pub(crate) mod outdated;
pub(crate) mod proxies;
pub(crate) mod rate;
pub(crate) mod refusals;

use std::time::Duration;

use crate::config::origins::Origins;
use crate::config::outdated::Outdated;
use crate::config::proxies::Proxies;
use crate::config::rate::Rate;
use crate::config::refusals::Refusals;
use crate::wire::deflate::Compression;

/// The settings of a server: its bounds, for new clients and for each connection. Every bound has a safe default.
///
/// ```
/// # use channel_runtime::Config;
/// let config = Config::default().message_bytes(256 * 1024);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How long a client may take to send a request, 10 seconds by default. Then it is disconnected. The time holds for
    ///
    /// - the TLS handshake and the head of the first request together, and the head of each further request, from its first byte,
    /// - each pause in a request's body that a handler waits for,
    /// - each pause in which the client reads nothing of an answer, with one second more for each 16 KiB that it may not have read
    ///   yet: 42 seconds at most.
    ///
    /// Only [`Server::serve`](crate::Server::serve) and [`BoundServer`](crate::BoundServer) use it; another server has its own.
    pub header_timeout: Duration,
    /// How long an HTTP connection stays open between two requests, 75 seconds by default. A load balancer that reuses connections
    /// should close idle ones earlier. Otherwise it may use a connection at the moment it is closed, and answer 502. Only
    /// [`Server::serve`](crate::Server::serve) and [`BoundServer`](crate::BoundServer) use it.
    pub keep_alive_timeout: Duration,
    /// The longest head of a request, in bytes: 16 KiB by default, and never less than 8 KiB. A longer one is answered 431. Single
    /// sign-on with large cookies may need more. Only [`Server::serve`](crate::Server::serve) and
    /// [`BoundServer`](crate::BoundServer) use it.
    pub head_bytes: usize,
    /// How long extractors and `authorize` may take, 10 seconds by default. Then they are dropped at their `await`, and the client
    /// is answered 503 with `Retry-After`, because the delay is the server's. An accepted client that takes as long to read the
    /// answer is disconnected.
    pub handshake_timeout: Duration,
    /// The most HTTP connections that are not (yet) a channel's: 16,384 by default. Each costs up to 28 KiB. Further connections
    /// wait in the kernel's queue until one of them is upgraded or ends. Only [`Server::serve`](crate::Server::serve) and
    /// [`BoundServer`](crate::BoundServer) use it.
    pub http_connections: usize,
    /// The most connections, 100,000 by default. A connection counts from its handshake to the end of its `on_close`. One more is
    /// answered 503 with `Retry-After`.
    pub connections: usize,
    /// The most connections of one IP address. The default is [`usize::MAX`], because all clients behind a proxy that is not
    /// [trusted](Self::proxies) have one address, and so may a university. One more is answered 429 with `Retry-After`. An IPv6
    /// address counts by its first 64 bits, which belong to one customer. If the address is [not known](crate::PeerAddr), the bound
    /// does not hold.
    pub connections_per_ip: usize,
    /// The most connections of one user over all channels, [`usize::MAX`] by default. The hook `identity` names the user. A
    /// connection counts from the return of `authorize`, also while it waits for its room. The check and the count are one step, so
    /// connections that are opened at the same time can't exceed the bound. One more is answered 429 with `Retry-After`. A
    /// connection without an identity does not count.
    pub connections_per_user: usize,
    /// The rate of new connections, including those that an extractor rejects. `None`, the default, is no limit. A connection over
    /// the rate is answered 503 with `Retry-After`.
    pub connection_rate: Option<Rate>,
    /// The rate of new connections from one IP address, which counts as for [`connections_per_ip`](Self::connections_per_ip).
    /// `None`, the default, is no limit. A connection over the rate is answered 429 with `Retry-After`.
    pub connection_rate_per_ip: Option<Rate>,
    /// Which web pages may connect: by default those of the same host. Others are answered 403.
    pub origins: Origins,
    /// The trusted proxies in front of the server, whose headers name the client. By default there are none.
    pub proxies: Proxies,
    /// How a rejected client is answered. By default a client with which the subprotocol `channels.1.json` is agreed gets a close,
    /// which a page in a browser can read; any other gets an HTTP status.
    pub refusals: Refusals,
    /// What happens to clients that an accepted change has broken: by default they connect, and are told.
    pub outdated: Outdated,
    /// The most clients at a time that are rejected by a close: 1,024 by default. They do not count as
    /// [`connections`](Self::connections), and each stays for [`close_timeout`](Self::close_timeout) at most. One more is rejected
    /// with an HTTP status.
    pub turned_away: usize,
    /// The rate of frames from one connection: 1000 a second by default, and 10,000 at once. Frames of every kind count, also
    /// pings, empty frames, fragments, and frames that are no valid message. The default is more than any honest client sends, and
    /// a small part of a core's time. `None` is no limit.
    ///
    /// Frames over the rate are not handled:
    ///
    /// - A message with a `ref` is answered `rate_limited`, with `details.retry_after_ms`. So is the first of several in a row
    ///   without one, if its envelope has a place for that. A batch is one frame, and each of its messages is answered.
    /// - A ping is not answered.
    /// - A binary message, and a text in a channel with `on_text` or with an envelope that has no answers, closes the connection
    ///   with 1008, because no answer could say which message was lost. The reason says so. What arrived with it is not handled either.
    /// - A client that is refused as often as it may send (1000 times in a second, and never fewer than 10 times) is closed with
    ///   1008.
    ///
    /// Frames are counted in groups, without reading the clock for each, so a quarter more may pass at once. One type of message
    /// gets a rate of its own with `#[message(.., rate = "5/s")]`.
    pub message_rate: Option<Rate>,
    /// The rate of frames from one user, over all connections and channels. `None`, the default, is no limit beside that of each
    /// connection. Frames over the rate are refused as for [`message_rate`](Self::message_rate); what a user has used is remembered
    /// while the user has no connection. A connection without an identity counts as a user of its own. If this is set, each read
    /// from a user's connection costs a lock and a look at the clock.
    pub message_rate_per_user: Option<Rate>,
    /// How long before a connection's `expires_at` its client is sent `$auth_expiring`: 60 seconds by default, or a fifth of the
    /// time that is left when the end becomes known, if that is shorter.
    pub auth_warning: Duration,
    /// Whether the error for a message that can't be read contains serde's text, the line and the column. Otherwise the client is
    /// sent the code, a general message, and with `invalid_payload` the path of the field, also of a missing one. The default is
    /// `true` in builds with `debug_assertions`, and `false` in others, because serde's text names types of the program.
    /// `on_invalid` always gets all details, and so does a [`Fault`](struct@crate::Fault) that it makes from the
    /// [`DecodeError`](crate::DecodeError). The messages of `validate` rules are always sent.
    pub error_details: bool,
    /// Whether the span of a connection in the logs names its user: `false` by default.
    pub log_users: bool,
    /// Whether clients' messages are logged unchanged, at the level `TRACE`: `false` by default, because they are private. Never
    /// logged are the messages to clients, clients' headers and queries, and messages of the type `$auth`, which contain a token.
    pub log_payloads: bool,
    /// The longest message that a client may send, in bytes over all its fragments: 64 KiB by default. A longer one closes the
    /// connection with 1009 before it is buffered. `message_bytes = "1MiB"` of `#[channel]` sets it for one channel, and the length
    /// of its frames too.
    pub message_bytes: usize,
    /// The longest frame of a message that a client may send, in bytes on the wire: 64 KiB by default. A longer one closes the
    /// connection with 1009 when its header is read. Control frames are never longer than 125 bytes.
    pub frame_bytes: usize,
    /// The most fragments of one message: 1024 by default. One more closes the connection with 1009.
    pub message_fragments: usize,
    /// The most bytes that wait for a client: 1 MiB by default, and never 4 GiB or more. One message does not count, the longest
    /// that waited since the client last had read everything; so a single message may be longer. A client for which more waits is
    /// disconnected, with 1013 if that can still be sent. This also hits a healthy client that is sent more at once: a handler that
    /// sends so much uses [`Socket::send_all`](crate::Socket::send_all).
    ///
    /// A sender waits for a room if half of its members have a quarter of this waiting and read at least 16 KiB a second: see
    /// [`Audience::ready`](crate::Audience::ready).
    pub outbox_bytes: usize,
    /// How many bytes that are not on their way yet a client's socket holds, in channels that send
    /// [volatile](crate::Delivery::Volatile) messages or [newest](crate::Delivery::Latest) values: 32 KiB by default. What the socket has taken can't be dropped any more, and is
    /// received late by a slow client; with less, a client far away is slower. On Linux and Android alone, and for plain TCP alone:
    /// over TLS it is always 32 KiB, and behind a proxy the proxy's own buffers count.
    pub unsent_bytes: usize,
    /// After how much silence a client is pinged: 25 seconds by default, or up to a fifth less, so that clients that connected
    /// together are not pinged together. `None`: never; then a client that vanishes without a Close is noticed only when more is
    /// sent to it than the kernels hold. A client for which more waits than its socket takes is not pinged, because the ping would
    /// wait behind it.
    pub ping_interval: Option<Duration>,
    /// How long after such a ping the server waits to receive anything: 10 seconds by default, then the client is closed with 1013.
    /// The time is one second longer for each 16 KiB that were sent before and may still be in transit, counted up to 4 MiB. The
    /// time does not run while the server does not read from the client, because its handlers have enough to do.
    ///
    /// Also how long a client may read nothing of what waits for it, if its socket takes no more: then it is closed with 1013 as
    /// well, whether or not pings are sent. Over TLS, and over everything but plain TCP, this time is longer by the same seconds.
    pub pong_timeout: Duration,
    /// How long a client may send no message before it is closed: with 1000, or with 4490 if it hears the
    /// framework's own frames. Pings and pongs do not count. `None`, the default: for ever.
    pub idle_timeout: Option<Duration>,
    /// How long a handler or hook may run. Then it is dropped at its `await`, and its client is sent the error `timeout`. The
    /// connection stays open, unless the hook was `on_connect`, or it was `on_text` or `on_binary` of a channel with `on_text`, or the
    /// channel's envelope has no answers: that is closed with 1011, because no error could say which message was given up. `None`,
    /// the default: for ever. Code that never awaits can't be stopped.
    pub handler_timeout: Option<Duration>,
    /// How long a room of a path stays open, with its state, after its last member left: by default not at all. `room_grace` of
    /// `#[channel]` sets it for one channel. A server that stops ends it early.
    pub room_grace: Duration,
    /// The most bytes of all [history](crate::channel#history) of the process: 256 MiB by default, and messages up to an eighth more for a
    /// second. What is allocated for messages is counted, some 130 bytes for each beside its text, and 1 KiB for each room that has a
    /// history. What the user's state takes is not, nor what a room remembers of clients that came back or were cut: at most 150 KiB for
    /// those that have left.
    ///
    /// Beyond it something is let go every second, until an eighth is free: rooms without members that are kept for a
    /// [page](crate::Audience::position) alone, first those whose page was asked for first; then the messages of the other rooms without
    /// members, and then those rooms, first those whose history would end first; then, as long as messages alone take more than half, the oldest
    /// ones of rooms with members, by the share of their history's `age` for which they were kept. Whoever comes back for them comes fresh,
    /// and is told `expired`, or `replaced` if the room was closed. One with hooks is counted no longer, and closes after its
    /// [`room_grace`](Self::room_grace). Rooms with members, and others within their grace that keep nothing, are counted, and not closed for
    /// it: set it to what messages may take, and 1 KiB for each room that is open at a time.
    pub history_bytes: usize,
    /// How long a client that is being closed may read nothing: 2 seconds by default, then it is cut. In all it has this time and
    /// one second for each 16 KiB that still wait for it: 66 seconds if the whole of [`outbox_bytes`](Self::outbox_bytes) waits.
    ///
    /// Over TLS, and over everything but plain TCP, the server can't see in time whether the client reads. There the client has all
    /// of the second time, unless it is closed because it read nothing.
    pub close_timeout: Duration,
    /// How long a server that drains still takes new clients while `/ready` of its [operators' port](crate::Ops) answers 503: not at
    /// all by default. Behind a load balancer that asks `/ready`, set 5 seconds, or what it takes to see the answer: twice the time
    /// between its checks. Without this, clients that are sent here meanwhile are refused.
    pub drain_delay: Duration,
    /// The time over which a server that drains spreads its closes, so that the clients do not all reconnect at the same moment: 5
    /// seconds by default, and at most one millisecond for each client. Clients that hear the framework's own frames are told before
    /// the close to spread their return over one millisecond for each client, 1 to 30 seconds.
    pub drain_window: Duration,
    /// How long a server that drains waits for handlers and `on_close` hooks before it cancels them: 5 seconds by default. It waits
    /// as long again for the `on_close` hooks of cancelled connections. It also waits as long for an answer that is
    /// [deferred](crate::Socket::defer), also if the client has ended its half of the stream.
    ///
    /// A stop takes at most four times this, if batches, handlers, `on_close` and `on_room_close` all hang, plus the
    /// [`drain_delay`](Self::drain_delay), the [`drain_window`](Self::drain_window), the [`close_timeout`](Self::close_timeout), and a
    /// second each for the bus and the [operators' port](crate::Ops): 29 seconds. Kubernetes kills after 30 seconds: if you set more
    /// here, set `terminationGracePeriodSeconds` there.
    pub shutdown_timeout: Duration,
    /// How messages are compressed, in both directions, with the clients that offer it. `None`, the default: not at all; then
    /// offers are not answered, and compression costs nothing. The bounds on a client's messages count inflated bytes: a message
    /// that inflates to more than [`message_bytes`](Self::message_bytes) closes the connection with 1009 at the first byte too
    /// many, and one that can't be inflated closes it with 1007. A compressed message that is incomplete costs its connection some
    /// 50 KiB.
    #[cfg(feature = "deflate")]
    pub compression: Option<Compression>,
    /// Whether the rate of a user's frames is one channel's own, so that they are counted for that channel alone.
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
            outdated: Outdated::default(),
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
            unsent_bytes: 32 * 1024,
            ping_interval: Some(Duration::from_secs(25)),
            pong_timeout: Duration::from_secs(10),
            idle_timeout: None,
            handler_timeout: None,
            room_grace: Duration::ZERO,
            history_bytes: 256 * 1024 * 1024,
            close_timeout: Duration::from_secs(2),
            drain_delay: Duration::ZERO,
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

    /// Sets [`outdated`](Self::outdated).
    #[must_use]
    pub fn outdated(mut self, outdated: Outdated) -> Self {
        self.outdated = outdated;
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

    /// Sets [`message_bytes`](Self::message_bytes), and also [`frame_bytes`](Self::frame_bytes), because a message may be one
    /// frame.
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

    /// Sets [`unsent_bytes`](Self::unsent_bytes).
    #[must_use]
    pub fn unsent_bytes(mut self, bytes: usize) -> Self {
        self.unsent_bytes = bytes;
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

    /// Sets [`history_bytes`](Self::history_bytes).
    #[must_use]
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.history_bytes = bytes;
        self
    }

    /// Sets [`close_timeout`](Self::close_timeout).
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets [`drain_delay`](Self::drain_delay).
    #[must_use]
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.drain_delay = delay;
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

    pub(crate) fn compresses(&self) -> Option<&Compression> {
        #[cfg(feature = "deflate")]
        return self.compression.as_ref();
        #[cfg(not(feature = "deflate"))]
        None
    }
}
