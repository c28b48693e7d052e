//! Who has a document open: what `y-protocols` calls awareness, seen from a server.
//!
//! A client announces itself under a number of its own, with a clock. Nobody believes an announcement whose clock they know, also
//! not that of a client that is back, whose clock has stood still. But a client that reads that it is gone announces itself anew,
//! with a higher clock. So one that is back is told that it is gone, and so are the others, which it would not believe either.
//! After a restart of the server it takes until their next announcement, 15 seconds at most.

use std::collections::{HashMap, VecDeque};

use channel_runtime::ConnectionId;

use super::document::Refused;
use super::protocol::Entry;

const GONE: &str = "null";
/// In bytes.
const MOST_STATE: usize = 16 * 1024;
/// One more is passed over. They are one as a rule, but the tabs of a browser announce each other.
const MOST_OF_ONE_CONNECTION: usize = 16;
/// How many that are gone are remembered; one more, and the first is forgotten.
const MOST_GONE: usize = 1000;

#[derive(Default)]
pub struct Presence {
    clients: HashMap<u64, Client>,
    /// In the order in which they went; some of them may be back.
    gone: VecDeque<u64>,
}

struct Client {
    clock: u64,
    /// `None` if it is gone.
    state: Option<String>,
    /// Where it was announced first: clients repeat what they receive about others.
    by: ConnectionId,
    /// Whether it has been asked to announce itself anew, and has not yet.
    is_asked: bool,
}

pub struct Changes<'a> {
    pub changed: Vec<Entry<'a>>,
    /// What makes clients announce themselves anew.
    pub to_renew: Vec<(ConnectionId, Entry<'static>)>,
}

impl Presence {
    pub fn everybody(&self) -> Vec<Entry<'_>> {
        let here = self.clients.iter().filter_map(|(id, client)| Some((id, client, client.state.as_deref()?)));
        here.map(|(&id, client, state)| Entry { client: id, clock: client.clock, state }).collect()
    }

    pub fn apply<'a>(&mut self, entries: Vec<Entry<'a>>, by: ConnectionId) -> Result<Changes<'a>, Refused> {
        let mut changes = Changes { changed: Vec::new(), to_renew: Vec::new() };
        for entry in entries {
            if entry.state.len() > MOST_STATE {
                return Err(Refused::TooLarge);
            }
            let is_here = entry.state != GONE;
            let known = self.clients.get(&entry.client);
            let was_here = known.is_some_and(|client| client.state.is_some());
            let is_news = known.map_or(is_here, |client| {
                entry.clock > client.clock || entry.clock == client.clock && was_here && !is_here
            });
            if is_news {
                if self.set(&entry, is_here, was_here, by) {
                    changes.changed.push(entry);
                }
            } else if let Some(client) = known.filter(|_| is_here && !was_here) {
                changes.to_renew.push((by, Entry { client: entry.client, clock: client.clock, state: GONE }));
                self.ask_others(&mut changes.to_renew);
            }
        }
        Ok(changes)
    }

    /// Returns those who were announced by this connection, as gone.
    pub fn leave(&mut self, by: ConnectionId) -> Vec<Entry<'static>> {
        let here = self.clients.iter_mut().filter(|(_, client)| client.by == by);
        let left = here.filter_map(|(&id, client)| client.state.take().map(|_| (id, client.clock)));
        let left: Vec<_> = left.map(|(client, clock)| Entry { client, clock, state: GONE }).collect();
        left.iter().for_each(|entry| self.forget_later(entry.client));
        left
    }

    fn set(&mut self, entry: &Entry<'_>, is_here: bool, was_here: bool, by: ConnectionId) -> bool {
        let by = match self.clients.get(&entry.client) {
            Some(client) if was_here => client.by,
            _ if is_here && self.count(by) == MOST_OF_ONE_CONNECTION => return false,
            _ => by,
        };
        let state = is_here.then(|| entry.state.to_owned());
        self.clients.insert(entry.client, Client { clock: entry.clock, state, by, is_asked: false });
        if was_here && !is_here {
            self.forget_later(entry.client);
        }
        true
    }

    fn count(&self, by: ConnectionId) -> usize {
        self.clients.values().filter(|client| client.by == by && client.state.is_some()).count()
    }

    fn ask_others(&mut self, to_renew: &mut Vec<(ConnectionId, Entry<'static>)>) {
        for (&id, client) in &mut self.clients {
            if client.state.is_some() && !std::mem::replace(&mut client.is_asked, true) {
                to_renew.push((client.by, Entry { client: id, clock: client.clock, state: GONE }));
            }
        }
    }

    fn forget_later(&mut self, client: u64) {
        self.gone.push_back(client);
        if self.gone.len() > MOST_GONE {
            let first = self.gone.pop_front().expect("there are more than none");
            if self.clients.get(&first).is_some_and(|client| client.state.is_none()) {
                self.clients.remove(&first);
            }
        }
    }
}
