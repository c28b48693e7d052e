//! The answers to messages that may be said again: such a message is handled once, and each time it is said its client gets the same
//! answer.
//!
//! At most once for each user, channel and `$id`, for as long as the answer is kept: 5 minutes, and a user's newest 64, in 64 KiB a user
//! and 16 MiB a process. The oldest is forgotten first.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::protocol::codec::MessageId;
use crate::room::member::Member;
use crate::room::sharded_map::shrink;
use crate::socket::counters::Count;
use crate::socket::oldest_first::OldestFirst;
use crate::socket::one_answer::OneAnswer;

/// How long an answer is kept, from when its message was first received. If it is still handled then, as long again.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// Of one user.
const MOST_OF_USER: usize = 64;

/// Of one user, with what the entries take.
const MOST_BYTES_OF_USER: usize = 64 * 1024;

/// Of a process, likewise. Each shard has the same part of it.
const MOST_BYTES: usize = 16 * 1024 * 1024;

const SHARDS: usize = 16;

/// What an entry takes beside its id and its answer, in bytes.
const ENTRY: usize = 384;

/// Of a process.
#[derive(Default)]
pub(crate) struct Replies {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    /// Answers that were forgotten early, because those of all users took too much.
    pub forgotten: Count,
}

/// All of a user's entries are in one shard.
#[derive(Default)]
struct Shard {
    entries: OldestFirst<Arc<MessageKey>, Entry>,
    users: HashMap<Principal, Share>,
    bytes: usize,
}

struct Entry {
    begun: Instant,
    bytes: usize,
    answer: Arc<OneAnswer>,
}

/// What a user has of a shard.
#[derive(Default)]
struct Share {
    /// Of the entries, the oldest first.
    numbers: VecDeque<u64>,
    bytes: usize,
}

/// Whose message it is.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Principal {
    User(UserKey),
    /// Somebody without an identity, who is known on one connection alone.
    Guest(ConnectionId),
}

/// Names a message.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct MessageKey {
    who: Principal,
    channel: usize,
    id: MessageId,
}

impl MessageKey {
    pub fn new(member: &Member, id: MessageId) -> Self {
        let who = member.user.clone().map_or(Principal::Guest(member.id), Principal::User);
        Self { who, channel: member.channel(), id }
    }
}

impl Replies {
    /// The longest answer that is kept, in bytes.
    pub const LONGEST: usize = MOST_BYTES_OF_USER - ENTRY - MessageId::MAX_LEN;

    /// # Errors
    /// The answer to the same message, which was said before.
    pub fn begin(&self, key: MessageKey) -> Result<(Arc<MessageKey>, Arc<OneAnswer>), Arc<OneAnswer>> {
        let mut shard = self.shard(&key);
        let now = Instant::now();
        shard.expire(now);
        if let Some((_, entry)) = shard.entries.get(&key) {
            return Err(Arc::clone(&entry.answer));
        }
        let (key, answer) = (Arc::new(key), Arc::<OneAnswer>::default());
        shard.add(Arc::clone(&key), Entry { begun: now, bytes: 0, answer: Arc::clone(&answer) });
        self.forgotten.add(shard.grow(&key, ENTRY + key.id.len()));
        Ok((key, answer))
    }

    /// Counts an answer that is kept from now on, unless its message was forgotten meanwhile.
    pub fn count(&self, key: &MessageKey, answer: &Arc<OneAnswer>, bytes: usize) {
        let mut shard = self.shard(key);
        if shard.entries.get(key).is_some_and(|(_, entry)| Arc::ptr_eq(&entry.answer, answer)) {
            self.forgotten.add(shard.grow(key, bytes));
        }
    }

    /// Forgets what was kept for long enough.
    pub fn expire(&self) {
        let now = Instant::now();
        for shard in &self.shards {
            shard.lock().expire(now);
        }
    }

    fn shard(&self, key: &MessageKey) -> MutexGuard<'_, Shard> {
        self.shards[self.hasher.hash_one(&key.who) as usize % SHARDS].lock()
    }
}

impl Shard {
    fn add(&mut self, key: Arc<MessageKey>, entry: Entry) {
        let who = key.who.clone();
        let bytes = entry.bytes;
        let number = self.entries.add(key, entry);
        let share = self.users.entry(who).or_default();
        share.numbers.push_back(number);
        share.bytes += bytes;
        self.bytes += bytes;
    }

    /// Returns how many answers of all users were forgotten for that.
    fn grow(&mut self, key: &MessageKey, bytes: usize) -> usize {
        let (Some(entry), Some(share)) = (self.entries.get_mut(key), self.users.get_mut(&key.who)) else { return 0 };
        entry.bytes += bytes;
        share.bytes += bytes;
        self.bytes += bytes;
        while let Some(oldest) = self.users.get(&key.who).and_then(Share::too_much) {
            self.forget(oldest);
        }
        let before = self.entries.len();
        while self.bytes > MOST_BYTES / SHARDS
            && let Some((oldest, _)) = self.entries.oldest()
        {
            self.forget(oldest);
        }
        before - self.entries.len()
    }

    fn expire(&mut self, now: Instant) {
        while let Some((oldest, entry)) = self.entries.oldest() {
            if now - entry.begun < KEPT_FOR {
                return;
            }
            let is_given = entry.answer.is_given();
            let Some((key, entry)) = self.forget(oldest) else { return };
            if !is_given {
                self.add(key, Entry { begun: now, ..entry });
            }
        }
    }

    /// Only the oldest of its user.
    fn forget(&mut self, number: u64) -> Option<(Arc<MessageKey>, Entry)> {
        let (key, entry) = self.entries.remove(number)?;
        self.bytes -= entry.bytes;
        if let Some(share) = self.users.get_mut(&key.who) {
            share.bytes -= entry.bytes;
            let oldest = share.numbers.pop_front();
            debug_assert_eq!(oldest, Some(number));
            if share.numbers.is_empty() {
                self.users.remove(&key.who);
                shrink(&mut self.users);
            }
        }
        Some((key, entry))
    }
}

impl Share {
    /// The oldest entry, if it is to be forgotten.
    fn too_much(&self) -> Option<u64> {
        let is_too_much = self.numbers.len() > MOST_OF_USER || self.bytes > MOST_BYTES_OF_USER;
        self.numbers.front().copied().filter(|_| is_too_much)
    }
}

#[cfg(test)]
mod tests;
