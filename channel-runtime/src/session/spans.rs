//! The logs' spans of a connection and its messages, at debug level. Without a subscriber a span costs one load and a pointer.

use std::time::Instant;

use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};

use crate::room::member::Member;

/// Checked first, because `tracing` has more to check if it also writes to `log`.
fn may_be_enabled() -> bool {
    LevelFilter::current() >= Level::DEBUG
}

#[derive(Default)]
pub(crate) struct ConnectionSpan(Option<Box<Span>>);

impl ConnectionSpan {
    /// Names the user only if `with_user` is set: names and addresses are private.
    pub fn new(connection: &Member, channel: &'static str, with_user: bool) -> Self {
        if !may_be_enabled() {
            return Self(None);
        }
        let room = &**connection.own_room.name();
        // Without a parent: the request's span has ended, and may hold secrets.
        let span =
            tracing::debug_span!(parent: None, "connection", channel, connection = %connection.id, room, user = Empty);
        if span.is_disabled() {
            return Self(None);
        }
        if let Some(user) = connection.user.as_ref().filter(|_| with_user) {
            span.record("user", user.name());
        }
        Self(Some(Box::new(span)))
    }

    pub fn within<R>(&self, act: impl FnOnce() -> R) -> R {
        match &self.0 {
            None => act(),
            Some(span) => span.in_scope(act),
        }
    }

    pub fn of_hook(&self) -> MessageSpan {
        MessageSpan(self.0.as_ref().map(|span| Box::new((Span::clone(span), None))))
    }
}

/// Has the time at which the handler began; for a hook, the connection's span alone.
#[derive(Clone, Default)]
pub(crate) struct MessageSpan(Option<Box<(Span, Option<Instant>)>>);

impl MessageSpan {
    pub fn new(connection: &ConnectionSpan, channel: &'static str, kind: &'static str) -> Self {
        if !may_be_enabled() {
            return Self(None);
        }
        let span = connection
            .within(|| tracing::debug_span!("message", channel, r#type = kind, outcome = Empty, micros = Empty));
        Self((!span.is_disabled()).then(|| Box::new((span, Some(Instant::now())))))
    }

    pub fn within<R>(&self, act: impl FnOnce() -> R) -> R {
        match &self.0 {
            None => act(),
            Some(span) => span.0.in_scope(act),
        }
    }

    pub fn end(&self, outcome: impl FnOnce() -> &'static str) {
        let Some((span, Some(begun))) = self.0.as_deref() else { return };
        let outcome = outcome();
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        span.record("outcome", outcome);
        span.record("micros", micros);
        span.in_scope(|| tracing::debug!(outcome, micros, "handled"));
    }
}
