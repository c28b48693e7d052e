//! The counts behind admission control: connections in all, of each address and of each user, and the rates of new ones.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::config::Config;
use crate::config::bucket::Bucket;
use crate::connection::user_key::UserKey;
use crate::handshake::reject::Reject;
use crate::handshake::sampled_log::SampledLog;

const RETRY_AFTER: Duration = Duration::from_secs(5);

pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[derive(Default)]
pub(super) struct Counts {
    pub connections: usize,
    /// Clients that are being told that they are rejected.
    pub rejections: usize,
    bucket: Bucket,
    /// Addresses with connections, or whose bucket was not full at the last look. Empty if no bound needs it.
    pub addresses: HashMap<IpAddr, Address>,
    /// How many connections each user has. Empty if there is no bound for them.
    pub users: HashMap<UserKey, usize>,
    /// At this many addresses, those that need not be remembered are removed.
    sweep_at: usize,
    pub refused: SampledLog,
    pub foreign: SampledLog,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Address {
    connections: usize,
    bucket: Bucket,
}

#[derive(Clone, Copy)]
pub(super) enum LimitHit {
    Full,
    FullForAddress,
    FullForUser,
    TooFast(Duration),
    TooFastForAddress(Duration),
}

impl Counts {
    pub fn enter(&mut self, config: &Config, address: Option<IpAddr>, now: Instant) -> Result<(), LimitHit> {
        // All bounds are checked before anything is taken: a connection that one bound rejects must not use up another.
        if self.connections >= config.connections {
            return Err(LimitHit::Full);
        }
        let its_own = match address {
            Some(address) => {
                let Address { connections, bucket } = self.addresses.get(&address).copied().unwrap_or_default();
                if connections >= config.connections_per_ip {
                    return Err(LimitHit::FullForAddress);
                }
                let bucket = match config.connection_rate_per_ip {
                    Some(rate) => bucket.take(rate, now).map_err(LimitHit::TooFastForAddress)?,
                    None => bucket,
                };
                Some((address, Address { connections: connections + 1, bucket }))
            }
            None => None,
        };
        if let Some(rate) = config.connection_rate {
            self.bucket = self.bucket.take(rate, now).map_err(LimitHit::TooFast)?;
        }
        self.connections += 1;
        if let Some((address, its_own)) = its_own {
            self.addresses.insert(address, its_own);
            self.sweep(now);
        }
        Ok(())
    }

    /// The check and the count are one step, so that two connections can't take the same place.
    pub fn enter_user(&mut self, config: &Config, user: &UserKey) -> Result<(), LimitHit> {
        let connections = self.users.get(user).copied().unwrap_or_default();
        if connections >= config.connections_per_user {
            return Err(LimitHit::FullForUser);
        }
        self.users.insert(user.clone(), connections + 1);
        Ok(())
    }

    pub fn leave_user(&mut self, user: &UserKey) {
        let connections = self.users.get_mut(user).expect("a user with a connection is remembered");
        *connections -= 1;
        if *connections == 0 {
            self.users.remove(user);
            if self.users.len() * 4 < self.users.capacity() {
                self.users.shrink_to(self.users.len() * 2);
            }
        }
    }

    /// Forgets a connection of this address, which ends at this time. `None` if addresses have no limit.
    pub fn leave(&mut self, address: Option<(IpAddr, Instant)>) {
        self.connections -= 1;
        let Some((address, now)) = address else { return };
        let its_own = self.addresses.get_mut(&address).expect("an address with a connection is remembered");
        its_own.connections -= 1;
        if its_own.is_nothing(now) {
            self.addresses.remove(&address);
        }
    }

    fn sweep(&mut self, now: Instant) {
        if self.addresses.len() < self.sweep_at.max(1024) {
            return;
        }
        self.addresses.retain(|_, address| !address.is_nothing(now));
        self.addresses.shrink_to_fit();
        self.sweep_at = self.addresses.len() * 2;
    }
}

impl Address {
    fn is_nothing(&self, now: Instant) -> bool {
        self.connections == 0 && self.bucket.is_full(now)
    }
}

impl LimitHit {
    pub fn why(self) -> &'static str {
        match self {
            Self::Full => "there are too many",
            Self::FullForAddress => "there are too many from its address",
            Self::FullForUser => "there are too many of its user",
            Self::TooFast(_) => "they come too fast",
            Self::TooFastForAddress(_) => "they come too fast from its address",
        }
    }
}

impl From<LimitHit> for Reject {
    fn from(limit: LimitHit) -> Self {
        let (status, message, wait) = match limit {
            LimitHit::Full => (StatusCode::SERVICE_UNAVAILABLE, "the server is full", RETRY_AFTER),
            LimitHit::FullForAddress => {
                (StatusCode::TOO_MANY_REQUESTS, "too many connections from this address", RETRY_AFTER)
            }
            LimitHit::FullForUser => (StatusCode::TOO_MANY_REQUESTS, "too many connections of this user", RETRY_AFTER),
            LimitHit::TooFast(wait) => (StatusCode::SERVICE_UNAVAILABLE, "too many connections at once", wait),
            LimitHit::TooFastForAddress(wait) => {
                (StatusCode::TOO_MANY_REQUESTS, "too many connections at once from this address", wait)
            }
        };
        Self::new(status, message).retry_after(wait)
    }
}
