//! What was said and what was heard, as the clients know it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::node::To;

/// Milliseconds since 1970: the clock that the harness and its nodes share.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A node's process, of those that have its place one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Process {
    pub place: usize,
    pub generation: u64,
}

/// One connection of a client, from its beginning to its end.
#[derive(Debug)]
pub struct Life {
    pub client: usize,
    pub process: Process,
    pub room: u64,
    pub user: u64,
    pub tags: [u64; 2],
    /// When it was in all of its rooms.
    pub welcome: Option<u64>,
    pub ended: Option<u64>,
    pub said: Vec<Said>,
    /// Who said it, and its number, in the order in which it was heard.
    pub heard: Vec<(u32, u32)>,
    latest: HashMap<u32, u32>,
}

#[derive(Clone, Copy, Debug)]
pub struct Said {
    pub to: To,
    pub at: u64,
    /// When its node said what became of it, and whether the other nodes get it.
    pub told: Option<(u64, bool)>,
}

#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Inner>>);

#[derive(Default)]
pub struct Inner {
    pub lives: Vec<Life>,
    pub broken: Vec<String>,
    /// How often a connection ended, by the code.
    pub ends: HashMap<u16, u64>,
}

impl Life {
    pub fn is_for(&self, from: &Self, to: To) -> bool {
        match to {
            To::Room => self.room == from.room,
            To::Tag(tag) => self.tags.contains(&tag),
            To::User(user) => self.user == user,
            To::All => true,
        }
    }

    pub fn is_there(&self) -> bool {
        self.welcome.is_some() && self.ended.is_none()
    }
}

impl Record {
    /// Returns the number of the life.
    pub fn begin(&self, client: usize, place: usize, room: u64, user: u64, tags: [u64; 2]) -> u32 {
        let lives = &mut self.0.lock().lives;
        lives.push(Life {
            client,
            process: Process { place, generation: 0 },
            room,
            user,
            tags,
            welcome: None,
            ended: None,
            said: Vec::new(),
            heard: Vec::new(),
            latest: HashMap::new(),
        });
        u32::try_from(lives.len() - 1).expect("there are not as many")
    }

    pub fn welcome(&self, life: u32, generation: u64) {
        let life = &mut self.0.lock().lives[life as usize];
        life.process.generation = generation;
        life.welcome = Some(now());
    }

    /// Returns its number.
    pub fn say(&self, life: u32, to: To) -> u32 {
        let said = &mut self.0.lock().lives[life as usize].said;
        said.push(Said { to, at: now(), told: None });
        u32::try_from(said.len() - 1).expect("nobody says as much")
    }

    pub fn told(&self, life: u32, n: u32, is_refused: bool) {
        self.0.lock().lives[life as usize].said[n as usize].told = Some((now(), is_refused));
    }

    pub fn hear(&self, life: u32, from: u32, n: u32) {
        let inner = &mut *self.0.lock();
        let listener = &mut inner.lives[life as usize];
        listener.heard.push((from, n));
        if let Some(latest) = listener.latest.insert(from, n)
            && latest >= n
        {
            let process = listener.process;
            let how = if latest == n { "twice" } else { "late" };
            inner.broken.push(format!("life {life} on {process:?} heard {n} of life {from} {how}, after {latest}"));
        }
        let speaker = &inner.lives[from as usize];
        if !speaker.said.get(n as usize).is_some_and(|said| inner.lives[life as usize].is_for(speaker, said.to)) {
            inner.broken.push(format!("life {life} heard {n} of life {from}, which was not for it"));
        }
    }

    pub fn end(&self, life: u32, code: u16) {
        let inner = &mut *self.0.lock();
        let life = &mut inner.lives[life as usize];
        life.ended = Some(now());
        if life.welcome.is_some() {
            *inner.ends.entry(code).or_default() += 1;
        }
    }

    pub fn broke(&self, what: impl Into<String>) {
        self.0.lock().broken.push(what.into());
    }

    /// How many clients are there now.
    pub fn there(&self) -> usize {
        self.0.lock().lives.iter().filter(|life| life.is_there()).count()
    }

    /// Forgets one thing that was heard, which must not pass unnoticed.
    pub fn lie(&self) {
        let lives = &mut self.0.lock().lives;
        let longest = lives.iter_mut().max_by_key(|life| life.heard.len()).expect("there were clients");
        longest.heard.remove(longest.heard.len() / 2);
    }

    pub fn read<T>(&self, read: impl FnOnce(&Inner) -> T) -> T {
        read(&self.0.lock())
    }
}
