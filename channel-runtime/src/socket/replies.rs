//! The answers to messages that may be said again: such a message is handled once, and each time it is said its client gets the same
//! answer.
//!
//! At most once for each user, channel and `$id`, for 5 minutes and a user's newest 64. Answers take at most 64 KiB of a user, and all of
//! it at most 16 MiB of a process: beyond that the oldest answers are let go, and it is still known that their messages were handled.
//! Messages are forgotten early only if they alone take that much.

use std::collections::{BTreeSet, HashMap, VecDeque};
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
use crate::socket::count::Count;
use crate::socket::oldest_first::OldestFirst;
use crate::socket::one_answer::OneAnswer;

/// How long an answer is kept, from when its message was first received. If it is still handled then, as long again.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// Messages of one user.
const MOST_OF_USER: usize = 64;

/// Of one user's answers.
const MOST_BYTES_OF_USER: usize = 64 * 1024;

/// Of a process, with what the entries take. Each shard has the same part of it.
const MOST_BYTES: usize = 16 * 1024 * 1024;

const SHARDS: usize = 16;

/// The last ones are those of guests: anybody may be a guest, and as many as they like.
const OF_GUESTS: usize = 4;

/// What an entry takes beside its id and its answer, in bytes.
const ENTRY: usize = 640;

/// Of a process.
#[derive(Default)]
pub(crate) struct Replies {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    /// Answers that were let go early, because those of all users took too much, and messages that were forgotten for that.
    pub forgotten: Count,
}

/// All of a user's entries are in one shard.
#[derive(Default)]
struct Shard {
    entries: OldestFirst<Arc<MessageKey>, Entry>,
    users: HashMap<Principal, Share>,
    /// The numbers of the entries whose answers are kept.
    answered: BTreeSet<u64>,
    bytes: usize,
}

struct Entry {
    begun: Instant,
    /// Of the kept answer.
    bytes: usize,
    answer: Arc<OneAnswer>,
}

/// What a user has of a shard.
#[derive(Default)]
struct Share {
    /// Of the entries, the oldest first.
    numbers: VecDeque<u64>,
    /// The numbers of those whose answers are kept.
    answered: BTreeSet<u64>,
    /// Of the kept answers.
    bytes: usize,
}

/// Whose message it is.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Principal {
    User(UserKey),
    /// A client without an identity, which is known by a secret of its own.
    Client(Arc<str>),
    /// Another one, which is known on one connection alone.
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
        let is_own = |secret: &str| member.apart.inbox.is_own_secret(secret);
        Self { who: Principal::of(member.user.as_ref(), member.id, &id, is_own), channel: member.channel(), id }
    }

    fn bytes(&self) -> usize {
        ENTRY + self.id.len()
    }
}

impl Principal {
    /// `is_own`: the secret is the connection's. With another one a message is that of the connection alone: otherwise one client could be
    /// as many as it likes, and push out the messages of all other guests.
    fn of(user: Option<&UserKey>, connection: ConnectionId, id: &MessageId, is_own: impl FnOnce(&str) -> bool) -> Self {
        match (user, id.secret()) {
            (Some(user), _) => Self::User(user.clone()),
            (None, Some(secret)) if is_own(secret) => Self::Client(secret.into()),
            (None, _) => Self::Guest(connection),
        }
    }
}

impl Replies {
    /// The longest answer that is kept, in bytes.
    pub const LONGEST: usize = MOST_BYTES_OF_USER;

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
        self.forgotten.add(shard.prune(&key.who));
        Ok((key, answer))
    }

    /// Counts an answer that is kept from now on, unless its message was forgotten meanwhile.
    pub fn count(&self, key: &MessageKey, answer: &Arc<OneAnswer>, bytes: usize) {
        let mut shard = self.shard(key);
        if shard.entries.get(key).is_some_and(|(_, entry)| Arc::ptr_eq(&entry.answer, answer)) {
            shard.keep(key, bytes);
            self.forgotten.add(shard.prune(&key.who));
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
        let hash = self.hasher.hash_one(&key.who) as usize;
        let index = match key.who {
            Principal::User(_) => hash % (SHARDS - OF_GUESTS),
            Principal::Client(_) | Principal::Guest(_) => SHARDS - OF_GUESTS + hash % OF_GUESTS,
        };
        self.shards[index].lock()
    }
}

impl Shard {
    /// Without an answer.
    fn add(&mut self, key: Arc<MessageKey>, entry: Entry) {
        let who = key.who.clone();
        self.bytes += key.bytes();
        let number = self.entries.add(key, entry);
        self.users.entry(who).or_default().numbers.push_back(number);
    }

    fn keep(&mut self, key: &MessageKey, bytes: usize) {
        let Some((number, _)) = self.entries.get(key) else { return };
        let (Some(entry), Some(share)) = (self.entries.get_mut(key), self.users.get_mut(&key.who)) else { return };
        entry.bytes = bytes;
        share.bytes += bytes;
        share.answered.insert(number);
        self.answered.insert(number);
        self.bytes += bytes;
    }

    /// Keeps the bounds, of this user and of all. Returns how many times something was let go for all.
    fn prune(&mut self, who: &Principal) -> usize {
        while let Some(oldest) = self.users.get(who).and_then(Share::one_too_many) {
            self.forget(oldest);
        }
        while let Some(oldest) = self.users.get(who).and_then(Share::answer_too_many) {
            self.forget_answer(oldest);
        }
        let mut for_all = 0;
        while self.bytes > MOST_BYTES / SHARDS {
            match (self.answered.first(), self.entries.oldest()) {
                (Some(&oldest), _) => self.forget_answer(oldest),
                (None, Some((oldest, _))) => drop(self.forget(oldest)),
                (None, None) => break,
            }
            for_all += 1;
        }
        for_all
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

    /// It stays known that the message was handled.
    fn forget_answer(&mut self, number: u64) {
        self.answered.remove(&number);
        let Some((key, entry)) = self.entries.numbered_mut(number) else { return };
        entry.answer.forget();
        let bytes = std::mem::take(&mut entry.bytes);
        self.bytes -= bytes;
        if let Some(share) = self.users.get_mut(&key.who) {
            share.answered.remove(&number);
            share.bytes -= bytes;
        }
    }

    /// Only the oldest of its user.
    fn forget(&mut self, number: u64) -> Option<(Arc<MessageKey>, Entry)> {
        let (key, entry) = self.entries.remove(number)?;
        self.answered.remove(&number);
        self.bytes -= key.bytes() + entry.bytes;
        if let Some(share) = self.users.get_mut(&key.who) {
            share.answered.remove(&number);
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
    /// The oldest entry, if there are too many.
    fn one_too_many(&self) -> Option<u64> {
        self.numbers.front().copied().filter(|_| self.numbers.len() > MOST_OF_USER)
    }

    /// The oldest entry whose answer is kept, if the answers are too long.
    fn answer_too_many(&self) -> Option<u64> {
        self.answered.first().copied().filter(|_| self.bytes > MOST_BYTES_OF_USER)
    }
}

#[cfg(test)]
mod tests;
