//! Admission control: bounds on how many connections there are and on how fast new ones are made, in all, of one address and of
//! one user. A guard counts a connection from its handshake to its end.

mod counts;
mod guards;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use self::counts::{Counts, LimitHit, now};
pub(crate) use self::guards::{AdmissionGuard, RejectionGuard, UserAdmission};
use crate::config::Config;
use crate::config::origins::RejectedOrigin;
use crate::connection::user_key::UserKey;
use crate::handshake::Handshake;
use crate::handshake::reject::Reject;

#[derive(Clone, Default)]
pub(crate) struct AdmissionControl(Arc<Mutex<Counts>>);

impl AdmissionControl {
    /// The bounds per address are skipped if the address is not known.
    ///
    /// # Errors
    /// 503 if the server has too many connections, 429 if the address has; both with `Retry-After`.
    pub fn admit(&self, config: &Config, address: Option<IpAddr>) -> Result<AdmissionGuard, Reject> {
        let address =
            address.filter(|_| config.connections_per_ip < usize::MAX || config.connection_rate_per_ip.is_some());
        let address = address.map(customer);
        let now = now();
        self.decide(now, |counts| counts.enter(config, address, now))?;
        Ok(AdmissionGuard::new(&self.0, address))
    }

    /// `None` if there is no bound per user, or no user.
    ///
    /// # Errors
    /// 429 with `Retry-After` if the user has too many connections.
    pub fn admit_user(&self, config: &Config, user: Option<&UserKey>) -> Result<Option<Box<UserAdmission>>, Reject> {
        let Some(user) = user.filter(|_| config.connections_per_user < usize::MAX) else { return Ok(None) };
        self.decide(now(), |counts| counts.enter_user(config, user))?;
        Ok(Some(Box::new(UserAdmission::new(&self.0, user))))
    }

    /// Decides under the lock, and logs without it, because every connection that is made or ends waits for the lock.
    fn decide(&self, now: Instant, decide: impl FnOnce(&mut Counts) -> Result<(), LimitHit>) -> Result<(), Reject> {
        let decided = {
            let counts = &mut *self.0.lock();
            decide(counts).map_err(|limit| (limit, counts.refused.count(now)))
        };
        decided.map_err(|(limit, to_log)| {
            if let Some(count) = to_log {
                tracing::warn!(count, "connections were refused, the last one because {}", limit.why());
            }
            limit.into()
        })
    }

    /// A place for a client that is rejected by a close; it takes none from admitted ones. `None` if all are taken.
    pub fn begin_rejection(&self, config: &Config) -> Option<RejectionGuard> {
        let mut counts = self.0.lock();
        let has_place = counts.rejections < config.turned_away;
        has_place.then(|| {
            counts.rejections += 1;
            RejectionGuard::new(&self.0)
        })
    }

    /// # Errors
    /// 403 if the [`Origins`](crate::Origins) do not allow the page.
    pub fn check_origin(&self, config: &Config, handshake: &Handshake) -> Result<(), Reject> {
        let Err(RejectedOrigin { origin, why }) =
            config.origins.check(&handshake.headers, handshake.host(), handshake.by_tls)
        else {
            return Ok(());
        };
        let to_log = self.0.lock().foreign.count(now());
        if let Some(count) = to_log {
            tracing::warn!(count, ?origin, host = ?handshake.host(), "a page was refused: {why}");
        }
        Err(Reject::forbidden("pages of this origin may not connect to this server"))
    }
}

/// An IPv6 address counts by its network of 64 bits, in which one customer has as many addresses as they like.
pub(crate) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests;
