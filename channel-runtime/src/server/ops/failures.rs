//! The rate of wrong tokens from one address.
//!
//! A right token is never refused because of it: a program with an old token, behind the same proxy, must not shut out the others.
//! What keeps a token from being guessed is its length; this keeps guesses from filling the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::config::bucket::Bucket;
use crate::config::rate::Rate;
use crate::handshake::admission::customer;
use crate::handshake::sampled_log::SampledLog;

const RATE: Rate = Rate::new(10, Duration::from_secs(60));

/// Of more, all further ones count as one address, as those that are not known do.
const MOST_ADDRESSES: usize = 10_000;

/// Between two looks at all addresses: who has many new ones must not buy a look with each wrong token.
const SWEEP_PERIOD: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Failures(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    addresses: HashMap<Option<IpAddr>, Bucket>,
    swept_at: Option<Instant>,
    log: SampledLog,
}

impl Failures {
    /// # Errors
    /// If there were too many, when there may be another.
    pub fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let now = tokio::time::Instant::now().into_std();
        let (taken, to_log) = {
            let counted = &mut *self.0.lock();
            let mut of = address.map(customer);
            if counted.addresses.len() >= MOST_ADDRESSES && !counted.addresses.contains_key(&of) {
                counted.sweep(now);
                of = of.filter(|_| counted.addresses.len() < MOST_ADDRESSES);
            }
            let bucket = counted.addresses.entry(of).or_default();
            (bucket.take(RATE, now).map(|left| *bucket = left), counted.log.count(now))
        };
        if let Some(count) = to_log {
            let last = address.map(tracing::field::display);
            tracing::warn!(count, last, "requests to the operators' port had a wrong token, or none");
        }
        taken
    }
}

impl Counted {
    /// Forgets who has all of its rate again.
    fn sweep(&mut self, now: Instant) {
        if self.swept_at.is_some_and(|swept_at| now < swept_at + SWEEP_PERIOD) {
            return;
        }
        self.swept_at = Some(now);
        self.addresses.retain(|_, bucket| !bucket.is_full(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> Option<IpAddr> {
        Some(IpAddr::from(n.to_be_bytes()))
    }

    #[test]
    fn each_address_has_ten_a_minute_and_a_flood_from_everywhere_shares_ten() {
        let failures = Failures::default();
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

    #[tokio::test(start_paused = true)]
    async fn all_addresses_are_looked_at_once_a_second() {
        let failures = Failures::default();
        for n in 0..MOST_ADDRESSES as u32 {
            failures.count(address(n)).unwrap();
        }
        let just_before_all_are_full = Duration::from_millis(5999);
        tokio::time::advance(just_before_all_are_full).await;
        failures.count(address(1 << 30)).unwrap();
        tokio::time::advance(SWEEP_PERIOD - Duration::from_millis(1)).await;
        failures.count(address(2 << 30)).unwrap();
        assert_eq!(failures.0.lock().addresses.len(), MOST_ADDRESSES + 1, "the second address has looked again");
        tokio::time::advance(Duration::from_millis(1)).await;
        failures.count(address(3 << 30)).unwrap();
        assert_eq!(failures.0.lock().addresses.len(), 2);
    }
}
