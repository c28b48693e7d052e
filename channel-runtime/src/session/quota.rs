//! Rate limits of users, over all their connections. Usage is kept while it counts, also if the user has no connection.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Instant;

use parking_lot::Mutex;

use crate::config::bucket::{Meter, Metered};
use crate::config::rate::Rate;
use crate::connection::user_key::UserKey;

const SWEEP_AT: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// On all channels, or on the channel `of` alone.
    Frames { of: Option<usize> },
    /// The channel's place in the app, and the type's in the channel.
    Messages { channel: usize, index: usize },
}

#[derive(Default)]
pub(crate) struct Quotas {
    hasher: RandomState,
    shards: [Mutex<Shard>; 16],
}

#[derive(Default)]
struct Shard {
    users: HashMap<UserKey, Vec<(Subject, Meter)>>,
    sweep_at: usize,
}

impl Quotas {
    pub fn count(&self, user: &UserKey, subject: Subject, rate: Rate, events: u32, now: Instant) -> Metered {
        let mut shard = self.shards[self.hasher.hash_one(user) as usize % self.shards.len()].lock();
        if !shard.users.contains_key(user) {
            shard.sweep(now);
            shard.users.insert(user.clone(), Vec::new());
        }
        let subjects = shard.users.get_mut(user).expect("it has just been put there");
        if let Some((_, meter)) = subjects.iter_mut().find(|(other, _)| *other == subject) {
            return meter.count(rate, events, now);
        }
        let mut meter = Meter::default();
        let metered = meter.count(rate, events, now);
        subjects.push((subject, meter));
        metered
    }
}

impl Shard {
    /// Runs once there are twice as many users as the last sweep left.
    fn sweep(&mut self, now: Instant) {
        if self.users.len() < self.sweep_at.max(SWEEP_AT) {
            return;
        }
        self.users.retain(|_, subjects| !subjects.iter().all(|(_, meter)| meter.is_fresh(now)));
        self.users.shrink_to_fit();
        self.sweep_at = self.users.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn users_of_whom_nothing_counts_any_more_are_forgotten_in_time() {
        let quotas = Quotas::default();
        let rate = Rate::new(1, Duration::from_secs(1));
        for number in 0..100_000_u32 {
            let (user, now) = (UserKey::new(&number), tokio::time::Instant::now().into_std());
            assert_eq!(quotas.count(&user, Subject::Frames { of: None }, rate, 1, now).passed, 1);
            assert_eq!(quotas.count(&user, Subject::Frames { of: None }, rate, 1, now).refused, 1);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let remembered: usize = quotas.shards.iter().map(|shard| shard.lock().users.len()).sum();
        assert!((1000..=4096).contains(&remembered), "{remembered}");
    }
}
