//! What logs know a connection and its messages by: spans of `tracing`, at debug level.
//!
//! Where nobody listens each costs a look at one number, and no memory but a pointer's.

use std::time::Instant;

use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};

use crate::channel::Channel;
use crate::session::guard::Interrupted;
use crate::socket::Socket;
use crate::socket::reply::Flow;

/// Whether there may be anybody who listens. Asked first, for `tracing` itself has more to look at where it also speaks to `log`.
fn may_be_heard() -> bool {
    LevelFilter::current() >= Level::DEBUG
}

/// The span of a connection, where somebody listens.
#[derive(Default)]
pub(crate) struct ConnectionSpan(Option<Box<Span>>);

impl ConnectionSpan {
    /// The user is named only where that was asked for: an address, a name, are nobody's business but the app's.
    pub fn new<C: Channel>(socket: &Socket<C>, with_user: bool) -> Self {
        if !may_be_heard() {
            return Self(None);
        }
        let connection = socket.connection();
        let room = &**connection.own_room.name();
        // Of its own: the request that it came by has ended, and may be known by what is secret.
        let span = tracing::debug_span!(parent: None, "connection", channel = C::NAME, connection = %connection.id, room, user = Empty);
        if span.is_disabled() {
            return Self(None);
        }
        if let Some(user) = connection.user.as_ref().filter(|_| with_user) {
            span.record("user", user.name());
        }
        Self(Some(Box::new(span)))
    }

    /// Does something within the span.
    pub fn within<R>(&self, act: impl FnOnce() -> R) -> R {
        match &self.0 {
            None => act(),
            Some(span) => span.in_scope(act),
        }
    }

    /// For a hook.
    pub fn of_hook(&self) -> MessageSpan {
        MessageSpan(self.0.as_ref().map(|span| Box::new((Span::clone(span), None))))
    }
}

/// The span of a message while it is handled, or that of its connection for a hook, where somebody listens.
#[derive(Clone, Default)]
pub(crate) struct MessageSpan(Option<Box<(Span, Option<Instant>)>>);

impl MessageSpan {
    pub fn new<C: Channel>(connection: &ConnectionSpan, kind: &'static str) -> Self {
        if !may_be_heard() {
            return Self(None);
        }
        let span = connection.within(|| {
            tracing::debug_span!("message", channel = C::NAME, r#type = kind, outcome = Empty, micros = Empty)
        });
        // The clock is read only where somebody wants to know.
        Self((!span.is_disabled()).then(|| Box::new((span, Some(Instant::now())))))
    }

    /// Runs a part of the handler within the span.
    pub fn within<R>(&self, act: impl FnOnce() -> R) -> R {
        match &self.0 {
            None => act(),
            Some(span) => span.0.in_scope(act),
        }
    }

    /// The handler has ended so.
    pub fn end(&self, outcome: &Result<Flow, Interrupted>) {
        let Some((span, Some(begun))) = self.0.as_deref() else { return };
        let outcome = match outcome {
            Ok(Flow::Continue) => "ok",
            Ok(Flow::Failed(_)) => "fault",
            Err(Interrupted::Panicked) => "panicked",
            Err(Interrupted::TimedOut) => "timed out",
            Err(Interrupted::Cancelled) => "cancelled",
            Err(Interrupted::Left) => "client gone",
        };
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        span.record("outcome", outcome);
        span.record("micros", micros);
        span.in_scope(|| tracing::debug!(outcome, micros, "handled"));
    }
}
