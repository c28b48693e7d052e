//! Who may come in: how many connections there are, in all, of one address and of one user, and how fast new ones come.
//!
//! A connection is counted from its handshake to its end, by a guard.

mod guards;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use tokio::time::Instant;

pub(crate) use self::guards::{Admission, TurnedAway, UserAdmission};
use crate::config::Config;
use crate::config::origins::Foreign;
use crate::config::rate::Bucket;
use crate::handshake::Handshake;
use crate::handshake::reject::Reject;
use crate::handshake::sampled_log::Seldom;
use crate::room::registry::UserKey;
use crate::room::sharded_map::shrink;

/// When a client that found no place may try again; nobody knows when one is free.
const RETRY_AFTER: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct Door(Mutex<State>);

#[derive(Default)]
struct State {
    connections: usize,
    /// Those that are told that they may not come in.
    turned_away: usize,
    /// What is left of [`Config::connection_rate`].
    bucket: Bucket,
    /// Those with connections, or whose bucket was not full when it was last looked at. Empty where no bound needs it.
    addresses: HashMap<IpAddr, Address>,
    /// Users' connections, where there is a bound for them.
    users: HashMap<UserKey, usize>,
    /// At so many addresses those are looked for that need not be remembered any more.
    sweep_at: usize,
    refused: Seldom,
    foreign: Seldom,
}

#[derive(Clone, Copy, Default)]
struct Address {
    connections: usize,
    bucket: Bucket,
}

/// Why somebody stays outside.
#[derive(Clone, Copy)]
enum Refusal {
    Full,
    FullForAddress,
    FullForUser,
    TooFast(Duration),
    TooFastForAddress(Duration),
}

impl Door {
    /// Lets one more in, until the guard is dropped. Where the address is not known, its bounds do not count.
    ///
    /// # Errors
    /// 503 where the server has enough, 429 where the address has; with `Retry-After`.
    pub fn admit(self: &Arc<Self>, config: &Config, address: Option<IpAddr>) -> Result<Admission, Reject> {
        let address =
            address.filter(|_| config.connections_per_ip < usize::MAX || config.connection_rate_per_ip.is_some());
        let address = address.map(customer);
        let now = Instant::now();
        self.decide(now, |state| state.enter(config, address, now))?;
        Ok(Admission::new(self, address))
    }

    /// Lets in one more connection of this user, until the guard is dropped. `None` where there is no bound.
    ///
    /// # Errors
    /// 429 where the user has enough; with `Retry-After`.
    pub fn admit_user(
        self: &Arc<Self>,
        config: &Config,
        user: Option<&UserKey>,
    ) -> Result<Option<Box<UserAdmission>>, Reject> {
        let Some(user) = user.filter(|_| config.connections_per_user < usize::MAX) else { return Ok(None) };
        self.decide(Instant::now(), |state| state.enter_user(config, user))?;
        Ok(Some(Box::new(UserAdmission::new(self, user))))
    }

    /// Logs refusals without the lock, on which all who come and go wait.
    fn decide(&self, now: Instant, decide: impl FnOnce(&mut State) -> Result<(), Refusal>) -> Result<(), Reject> {
        let decided = {
            let state = &mut *self.0.lock();
            decide(state).map_err(|refusal| (refusal, state.refused.count(now)))
        };
        decided.map_err(|(refusal, told)| {
            if let Some(count) = told {
                tracing::warn!(count, "connections were refused, the last one because {}", refusal.why());
            }
            refusal.into()
        })
    }

    /// A place for one that is told why it may not come in, until the guard is dropped; none where enough are. They take no
    /// place of those who may.
    pub fn turn_away(self: &Arc<Self>, config: &Config) -> Option<TurnedAway> {
        let mut state = self.0.lock();
        let has_place = state.turned_away < config.turned_away;
        has_place.then(|| {
            state.turned_away += 1;
            TurnedAway::new(self)
        })
    }

    /// Lets nobody in whom another's page sent.
    ///
    /// # Errors
    /// 403 where the [`Origins`](crate::Origins) say so.
    pub fn check_origin(&self, config: &Config, handshake: &Handshake) -> Result<(), Reject> {
        let Err(Foreign { origin, why }) = config.origins.check(&handshake.headers, handshake.host(), handshake.by_tls)
        else {
            return Ok(());
        };
        let told = self.0.lock().foreign.count(Instant::now());
        if let Some(count) = told {
            tracing::warn!(count, ?origin, host = ?handshake.host(), "a page was refused: {why}");
        }
        Err(Reject::forbidden("pages of this origin may not connect to this server"))
    }
}

impl State {
    fn enter(&mut self, config: &Config, address: Option<IpAddr>, now: Instant) -> Result<(), Refusal> {
        // Nothing is taken before nothing refuses: whoever is refused for one reason has not used up another bound.
        if self.connections >= config.connections {
            return Err(Refusal::Full);
        }
        let its_own = match address {
            Some(address) => {
                let Address { connections, bucket } = self.addresses.get(&address).copied().unwrap_or_default();
                if connections >= config.connections_per_ip {
                    return Err(Refusal::FullForAddress);
                }
                let bucket = match config.connection_rate_per_ip {
                    Some(rate) => bucket.take(rate, now).map_err(Refusal::TooFastForAddress)?,
                    None => bucket,
                };
                Some((address, Address { connections: connections + 1, bucket }))
            }
            None => None,
        };
        if let Some(rate) = config.connection_rate {
            self.bucket = self.bucket.take(rate, now).map_err(Refusal::TooFast)?;
        }
        self.connections += 1;
        if let Some((address, its_own)) = its_own {
            self.addresses.insert(address, its_own);
            self.sweep(now);
        }
        Ok(())
    }

    /// Counts and places in one step: of those who come at once, none finds a place that another has found.
    fn enter_user(&mut self, config: &Config, user: &UserKey) -> Result<(), Refusal> {
        let connections = self.users.get(user).copied().unwrap_or_default();
        if connections >= config.connections_per_user {
            return Err(Refusal::FullForUser);
        }
        self.users.insert(user.clone(), connections + 1);
        Ok(())
    }

    fn leave_user(&mut self, user: &UserKey) {
        let connections = self.users.get_mut(user).expect("a user with a connection is remembered");
        *connections -= 1;
        if *connections == 0 {
            self.users.remove(user);
            shrink(&mut self.users);
        }
    }

    fn leave(&mut self, address: Option<IpAddr>) {
        self.connections -= 1;
        let Some(address) = address else { return };
        let its_own = self.addresses.get_mut(&address).expect("an address with a connection is remembered");
        its_own.connections -= 1;
        if its_own.is_nothing(Instant::now()) {
            self.addresses.remove(&address);
        }
    }

    /// Forgets the addresses that came too fast to be forgotten when they left, and came no more. Seldom: when there are
    /// twice as many as were left the last time.
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
    /// Whether it is as if it had never come.
    fn is_nothing(&self, now: Instant) -> bool {
        self.connections == 0 && self.bucket.is_full(now)
    }
}

impl Refusal {
    fn why(self) -> &'static str {
        match self {
            Self::Full => "there are too many",
            Self::FullForAddress => "there are too many from its address",
            Self::FullForUser => "there are too many of its user",
            Self::TooFast(_) => "they come too fast",
            Self::TooFastForAddress(_) => "they come too fast from its address",
        }
    }
}

impl From<Refusal> for Reject {
    fn from(refusal: Refusal) -> Self {
        let (status, message, wait) = match refusal {
            Refusal::Full => (StatusCode::SERVICE_UNAVAILABLE, "the server is full", RETRY_AFTER),
            Refusal::FullForAddress => {
                (StatusCode::TOO_MANY_REQUESTS, "too many connections from this address", RETRY_AFTER)
            }
            Refusal::FullForUser => (StatusCode::TOO_MANY_REQUESTS, "too many connections of this user", RETRY_AFTER),
            Refusal::TooFast(wait) => (StatusCode::SERVICE_UNAVAILABLE, "too many connections at once", wait),
            Refusal::TooFastForAddress(wait) => {
                (StatusCode::TOO_MANY_REQUESTS, "too many connections at once from this address", wait)
            }
        };
        Self::new(status, message).retry_after(wait)
    }
}

/// Whom an address stands for: an IPv4 address for itself, however it is written, and an IPv6 address for its network of
/// 64 bits, in which one customer has as many addresses as he likes.
fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests;
