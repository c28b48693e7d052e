//! The rate of wrong tokens from one address.
//!
//! A right token is never refused because of it: a program with an old token, behind the same proxy, must not shut out the others.
//! What keeps a token from being guessed is its length; this keeps guesses from filling the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::config::bucket::Bucket;
use crate::config::rate::Rate;
use crate::handshake::admission::customer;
use crate::handshake::sampled_log::SampledLog;

const RATE: Rate = Rate::new(10, Duration::from_secs(60));

/// Of more, all further ones count as one address, as those that are not known do.
const MOST_ADDRESSES: usize = 10_000;

#[derive(Default)]
pub(super) struct Failures(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    addresses: HashMap<Option<IpAddr>, Bucket>,
    log: SampledLog,
}

impl Failures {
    /// # Errors
    /// If there were too many, when there may be another.
    pub fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let now = Instant::now().into_std();
        let (taken, to_log) = {
            let Counted { addresses, log } = &mut *self.0.lock();
            let mut of = address.map(customer);
            if addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&of) {
                addresses.retain(|_, bucket| !bucket.is_full(now));
                of = of.filter(|_| addresses.len() < MOST_ADDRESSES);
            }
            let bucket = addresses.entry(of).or_default();
            (bucket.take(RATE, now).map(|left| *bucket = left), log.count(now))
        };
        if let Some(count) = to_log {
            let last = address.map(tracing::field::display);
            tracing::warn!(count, last, "requests to the operators' port had a wrong token, or none");
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_ten_a_minute_and_a_flood_from_everywhere_shares_ten() {
        let failures = Failures::default();
        let address = |n: u32| Some(IpAddr::from(n.to_be_bytes()));
        for n in 0..10 {
            assert_eq!(failures.count(address(1)), Ok(()), "{n}");
        }
        assert!(failures.count(address(1)).unwrap_err() <= Duration::from_secs(6));
        for n in 2..MOST_ADDRESSES as u32 + 2 {
            failures.count(address(n)).unwrap();
        }
        let more = (0..100).filter(|n| failures.count(address(1 << 30 | n)).is_ok()).count();
        assert_eq!(more, 9);
        assert!(failures.0.lock().addresses.len() <= MOST_ADDRESSES + 1);
    }
}
