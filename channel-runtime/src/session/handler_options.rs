//! The options of a handler, from its `#[message(..)]`: its own deadline, and whether it runs beside others.

use std::time::Duration;

/// A handler's options.
#[derive(Clone, Copy, Debug)]
pub struct HandlerOptions {
    /// `None` if `Config` decides.
    pub(crate) timeout: Option<Duration>,
    /// How many of its calls may run at a time on one connection. 0 if it is not concurrent.
    pub(crate) concurrent: u32,
    /// Shares the channel's value with handlers that are `concurrent`. Set only if there are such.
    pub(crate) shares: bool,
    /// May wait: others begin beside it only then.
    pub(crate) waits: bool,
    /// A message that is said again is not handled again.
    pub(crate) idempotent: bool,
}

impl HandlerOptions {
    /// No options.
    pub const PLAIN: Self = Self { timeout: None, concurrent: 0, shares: false, waits: false, idempotent: false };

    /// With a deadline of its own.
    #[must_use]
    pub const fn within(self, milliseconds: u64) -> Self {
        Self { timeout: Some(Duration::from_millis(milliseconds)), ..self }
    }

    /// Beside others of its kind, up to so many at a time.
    #[must_use]
    pub const fn concurrent(self, most: u32) -> Self {
        Self { concurrent: most, ..self }.sharing(true)
    }

    /// Handles a message once, however often its client says it.
    #[must_use]
    pub const fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    /// Beside the handlers that are concurrent.
    #[must_use]
    pub const fn sharing(self, waits: bool) -> Self {
        Self { shares: true, waits, ..self }
    }
}
