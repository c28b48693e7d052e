//! The places of a table's keys: an order that stays while values are renewed, for those who are sent them in turns.

use std::sync::Arc;

use crate::room::newest::sweep::Sweep;

/// As many as there were keys at a time: one that is forgotten leaves its place to another.
#[derive(Default)]
pub(super) struct Places {
    of: Vec<Option<Place>>,
    free: Vec<u64>,
}

struct Place {
    /// Of the key's value.
    version: u64,
    key: Arc<str>,
}

impl Places {
    pub fn add(&mut self, key: &Arc<str>, version: u64) -> u64 {
        let place = Some(Place { version, key: Arc::clone(key) });
        match self.free.pop() {
            Some(free) => {
                self.of[free as usize] = place;
                free
            }
            None => {
                self.of.push(place);
                self.of.len() as u64 - 1
            }
        }
    }

    pub fn renew(&mut self, place: u64, version: u64) {
        if let Some(place) = &mut self.of[place as usize] {
            place.version = version;
        }
    }

    pub fn remove(&mut self, place: u64) {
        self.of[place as usize] = None;
        self.free.push(place);
    }

    /// From the one whose turn it is to the last: those with a value that the member has not had, with their keys.
    pub fn in_turn<'a>(&'a self, sweep: &'a Sweep) -> impl Iterator<Item = (u64, &'a Arc<str>)> {
        let mut had = sweep.had();
        let from = (sweep.next() as usize).min(self.of.len());
        let places = self.of[from..].iter().enumerate().filter_map(move |(at, place)| {
            let place = place.as_ref()?;
            Some(((from + at) as u64, place))
        });
        places.filter(move |(at, place)| place.version > had(*at)).map(|(at, place)| (at, &place.key))
    }

    /// How many are looked at from this one on.
    pub fn len_from(&self, next: u64) -> usize {
        self.of.len().saturating_sub(next as usize)
    }
}
