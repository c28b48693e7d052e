//! The bounds that one channel sets for itself, which replace those of the server's [`Config`].

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::config::rate::Rate;

/// The bounds of `#[channel(.., message_bytes = "1MiB")]` and similar attributes. `None` for a bound that is the server's.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    message_bytes: Option<usize>,
    outbox_bytes: Option<usize>,
    message_rate: Option<Rate>,
    message_rate_per_user: Option<Rate>,
}

impl Bounds {
    /// All bounds are the server's.
    pub const NONE: Self =
        Self { message_bytes: None, outbox_bytes: None, message_rate: None, message_rate_per_user: None };

    /// Sets the longest message, in bytes.
    #[must_use]
    pub const fn message_bytes(self, bytes: usize) -> Self {
        Self { message_bytes: Some(bytes), ..self }
    }

    /// Sets how many bytes may wait for a client.
    #[must_use]
    pub const fn outbox_bytes(self, bytes: usize) -> Self {
        Self { outbox_bytes: Some(bytes), ..self }
    }

    /// Sets the rate of frames of a connection.
    #[must_use]
    pub const fn message_rate(self, count: u32, seconds: u32, burst: u32) -> Self {
        Self { message_rate: Some(rate(count, seconds, burst)), ..self }
    }

    /// Sets the rate of frames of a user.
    #[must_use]
    pub const fn message_rate_per_user(self, count: u32, seconds: u32, burst: u32) -> Self {
        Self { message_rate_per_user: Some(rate(count, seconds, burst)), ..self }
    }

    pub(crate) fn of(&self, server: &Arc<Config>) -> Arc<Config> {
        let Self { message_bytes, outbox_bytes, message_rate, message_rate_per_user } = *self;
        if let (None, None, None, None) = (message_bytes, outbox_bytes, message_rate, message_rate_per_user) {
            return Arc::clone(server);
        }
        let mut config = Config::clone(server);
        if let Some(bytes) = message_bytes {
            config = config.message_bytes(bytes);
        }
        config.outbox_bytes = outbox_bytes.unwrap_or(config.outbox_bytes);
        config.message_rate = message_rate.or(config.message_rate);
        config.message_rate_per_user = message_rate_per_user.or(config.message_rate_per_user);
        config.counts_users_apart = message_rate_per_user.is_some();
        Arc::new(config)
    }
}

const fn rate(count: u32, seconds: u32, burst: u32) -> Rate {
    Rate::new(count, Duration::from_secs(seconds as u64)).burst(burst)
}
