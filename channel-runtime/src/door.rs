//! Who may come in: how many connections there are, in all, of one address and of one user, and how fast new ones come.
//!
//! A connection is counted from its handshake to its end, by a guard.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::config::Config;
use crate::handshake::Handshake;
use crate::origin::Foreign;
use crate::rate::Bucket;
use crate::registry::{UserKey, shrink};
use crate::reject::Reject;
use crate::seldom::Seldom;

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
        let counted = address.map(|address| Box::new(Counted { address: Some(address), user: None }));
        Ok(Admission { door: Arc::clone(self), counted })
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
        Ok(Some(Box::new(UserAdmission { door: Arc::clone(self), user: Some(user.clone()) })))
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
            TurnedAway(Arc::clone(self))
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

/// One who was let in, until dropped.
pub(crate) struct Admission {
    door: Arc<Door>,
    /// Boxed, for every connection has an admission and most have no other bounds.
    counted: Option<Box<Counted>>,
}

/// What a connection is counted by beside all others.
#[derive(Default)]
struct Counted {
    address: Option<IpAddr>,
    user: Option<UserKey>,
}

impl Admission {
    /// With that of its user.
    pub fn and(mut self, user: Option<Box<UserAdmission>>) -> Self {
        if let Some(user) = user.and_then(|user| user.into_key()) {
            self.counted.get_or_insert_default().user = Some(user);
        }
        self
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Counted { address, user } = self.counted.take().map_or_else(Counted::default, |counted| *counted);
        let mut state = self.door.0.lock();
        state.leave(address);
        if let Some(user) = &user {
            state.leave_user(user);
        }
    }
}

/// One whose user may have one more, until dropped or [joined](Admission::and) with its admission.
pub(crate) struct UserAdmission {
    door: Arc<Door>,
    /// `None` once somebody else sees to it.
    user: Option<UserKey>,
}

impl UserAdmission {
    fn into_key(mut self) -> Option<UserKey> {
        self.user.take()
    }
}

impl Drop for UserAdmission {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            self.door.0.lock().leave_user(user);
        }
    }
}

/// One who is told why it was not, until dropped.
pub(crate) struct TurnedAway(Arc<Door>);

impl Drop for TurnedAway {
    fn drop(&mut self) {
        self.0.0.lock().turned_away -= 1;
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
mod tests {
    use super::*;
    use crate::rate::Rate;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(number.into()))
    }

    #[test]
    fn an_ipv6_customer_is_a_network_and_an_ipv4_one_an_address() {
        let customer = |text: &str| customer(text.parse().unwrap()).to_string();
        assert_eq!(customer("192.0.2.7"), "192.0.2.7");
        assert_eq!(customer("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(customer("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    #[test]
    fn an_address_without_connections_is_forgotten() {
        let door = Arc::new(Door::default());
        let config = Config::default().connections_per_ip(2);
        let one = door.admit(&config, address(1));
        let two = door.admit(&config, address(1));
        assert_eq!(door.admit(&config, address(1)).err().unwrap().status, StatusCode::TOO_MANY_REQUESTS);
        assert!(door.admit(&config, address(2)).is_ok());
        assert_eq!(door.0.lock().addresses.len(), 1);
        drop((one, two));
        let state = door.0.lock();
        assert_eq!((state.connections, state.addresses.len()), (0, 0));
    }

    #[test]
    fn no_address_is_remembered_where_none_counts() {
        let door = Arc::new(Door::default());
        let _inside = door.admit(&Config::default(), address(1)).ok().unwrap();
        assert!(door.0.lock().addresses.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_that_came_once_and_no_more_are_forgotten_in_time() {
        let door = Arc::new(Door::default());
        let config = Config::default().connection_rate_per_ip(Rate::new(1, Duration::from_secs(1)));
        for number in 0..100_000 {
            assert!(door.admit(&config, address(number)).is_ok());
            // A thousand a second come, and are forgotten a second later.
            tokio::time::advance(Duration::from_millis(1)).await;
            let remembered = door.0.lock().addresses.len();
            assert!(remembered <= 2 * 1024, "{remembered} of {number}");
        }
    }

    #[test]
    fn whoever_is_refused_uses_up_no_other_bound() {
        let door = Arc::new(Door::default());
        let rate = Rate::new(2, Duration::from_secs(3600));
        let config = Config::default().connection_rate(rate).connections_per_ip(1);
        let _inside = door.admit(&config, address(1)).ok().unwrap();
        for _ in 0..10 {
            assert_eq!(door.admit(&config, address(1)).err().unwrap().status, StatusCode::TOO_MANY_REQUESTS);
        }
        assert!(door.admit(&config, address(2)).is_ok());
        assert_eq!(door.admit(&config, address(3)).err().unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn a_user_without_connections_is_forgotten() {
        let door = Arc::new(Door::default());
        let (ann, bob) = (UserKey::new(&"ann"), UserKey::new(&"bob"));
        let config = Config::default().connections_per_user(2);
        let one = door.admit(&config, None).ok().unwrap().and(door.admit_user(&config, Some(&ann)).ok().unwrap());
        let two = door.admit_user(&config, Some(&ann)).ok().unwrap();
        let full = door.admit_user(&config, Some(&ann)).err().unwrap();
        assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS);
        let others = (door.admit_user(&config, Some(&bob)), door.admit_user(&config, None));
        assert!(others.0.as_ref().is_ok() && others.1.as_ref().is_ok_and(Option::is_none));
        drop(others);
        assert_eq!(door.0.lock().users, HashMap::from([(ann, 2)]));
        drop((one, two));
        let state = door.0.lock();
        assert_eq!((state.connections, state.users.len()), (0, 0));
    }
}
