//! The newest values of one type in a room, by key, and which members have not been told all of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::connection::in_flight::WorkGuard;
use crate::connection::outbox::{Offer, Offered};
use crate::room::class::TypeHash;
use crate::room::exclusions::Exclusions;
use crate::room::newest::at::At;
use crate::room::newest::bundle::{Change, Piece, is_meant, joined};
use crate::room::newest::forgotten::Forgotten;
use crate::room::newest::places::Places;
use crate::room::newest::stamp::{Stamp, Stored, micros_now};
use crate::room::newest::work::Work;
use crate::room::recipient::Recipient;
use crate::wire::deflate::Compression;
use crate::wire::frame::Frame;

/// The most keys of a type in a room. One more is refused: what would have to go for it could not be promised.
pub(super) const MOST_KEYS: usize = 1000;

/// Of so many members that take a part at a time each send looks which part they have had: 100 microseconds' worth.
pub(super) const MOST_LOOKS: usize = 256;

/// What a slow client is sent is as new as can be if little waits for it.
pub(super) const MOST_PULLED: usize = 16 * 1024;

pub(super) struct Table {
    pub of: TypeHash,
    /// The least time between two passes. Zero if there is none.
    pub every: Duration,
    pub compression: Option<Compression>,
    pub values: HashMap<Arc<str>, Value>,
    /// The keys, by the version of their values.
    keys: BTreeMap<u64, Arc<str>>,
    pub places: Places,
    /// The most bytes that are pulled at once, if they are more than one value.
    pub most_pulled: usize,
    pub forgotten: Forgotten,
    /// Of the newest value of all.
    pub version: u64,
    /// A pass was begun for the values up to this version: members are told these, or are among `behind`.
    pub told: u64,
    /// The members that are at another version than `told`, or take a part at a time, by their serial number.
    pub behind: HashMap<u64, At>,
    pub pass: Option<Pass>,
    /// The keys that were forgotten since the pass took its values.
    pub not_to_tell: HashSet<Arc<str>>,
    /// A teller runs, and will look for new values before it ends.
    pub has_teller: bool,
    /// While values wait for a pass.
    pub in_flight: WorkGuard,
}

pub(super) struct Value {
    pub version: u64,
    place: u64,
    pub stamp: Stamp,
    pub frame: Frame,
    pub exclusions: Option<Arc<Exclusions>>,
}

/// From the last place to the first, so that a member that takes the place of one that leaves is not missed.
pub(super) struct Pass {
    /// The members at this place and behind it have been told.
    pub next: usize,
    /// The members before it have been told up to this version.
    pub base: u64,
    /// Some of `behind` are at `told`, because they were told otherwise than by this pass.
    pub is_mixed: bool,
}

impl Table {
    pub fn new(of: TypeHash, every: Duration, compression: Option<Compression>) -> Self {
        Self {
            of,
            every,
            compression,
            values: HashMap::new(),
            keys: BTreeMap::new(),
            places: Places::default(),
            most_pulled: MOST_PULLED,
            forgotten: Forgotten::default(),
            version: 0,
            told: 0,
            behind: HashMap::new(),
            pass: None,
            not_to_tell: HashSet::new(),
            has_teller: false,
            in_flight: WorkGuard::default(),
        }
    }

    pub fn store(&mut self, key: &Arc<str>, frame: Frame, exclusions: &Exclusions, stamp: Stamp) -> Stored {
        let exclusions = (!exclusions.is_empty()).then(|| Arc::new(exclusions.clone()));
        let Some(value) = self.values.get_mut(key) else { return self.store_first(key, frame, exclusions, stamp) };
        if !stamp.replaces(value.stamp) {
            return Stored::Older;
        }
        self.version += 1;
        let (before, place) = (value.version, value.place);
        *value = Value { version: self.version, place, stamp, frame, exclusions };
        self.places.renew(place, self.version);
        if let Some(key) = self.keys.remove(&before) {
            self.keys.insert(self.version, key);
        }
        // One that waits for its tick was told to nobody, and nobody is behind for that.
        let replaced = if before <= self.told { self.lack(place, before) } else { 0 };
        Stored::Newest { replaced }
    }

    /// How many members have not had the value of this version, at its key's place. Each of many that take a part at a time counts,
    /// whichever part it has had: that is told somewhere else in memory, and looking there would take milliseconds.
    fn lack(&self, place: u64, version: u64) -> usize {
        let mut looks = MOST_LOOKS;
        let lacks = |at: &&At| match &at.sweep {
            _ if at.version >= version => false,
            Some(sweep) if looks > 0 => {
                looks -= 1;
                sweep.had_at(place) < version
            }
            _ => true,
        };
        self.behind.values().filter(lacks).count()
    }

    /// Of its key there is no value.
    fn store_first(
        &mut self,
        key: &Arc<str>,
        frame: Frame,
        exclusions: Option<Arc<Exclusions>>,
        stamp: Stamp,
    ) -> Stored {
        if self.forgotten.has(key, stamp) {
            return Stored::Older;
        }
        if self.values.len() >= MOST_KEYS {
            return Stored::TooManyKeys;
        }
        self.forgotten.remove(key);
        self.version += 1;
        let version = self.version;
        let place = self.places.add(key, version);
        self.values.insert(Arc::clone(key), Value { version, place, stamp, frame, exclusions });
        self.keys.insert(version, Arc::clone(key));
        Stored::Newest { replaced: 0 }
    }

    /// Returns whether there was a value that is not newer.
    pub fn forget(&mut self, key: &Arc<str>, stamp: Stamp) -> bool {
        if self.values.get(key).is_some_and(|value| !stamp.replaces(value.stamp)) {
            return false;
        }
        if !stamp.is_none() {
            self.forgotten.add(key, stamp, micros_now(), MOST_KEYS);
        }
        let Some(value) = self.values.remove(key) else { return false };
        self.keys.remove(&value.version);
        self.places.remove(value.place);
        if self.pass.is_some() {
            self.not_to_tell.insert(Arc::clone(key));
        }
        true
    }

    /// There are no members.
    pub fn tell_nobody(&mut self) {
        self.told = self.version;
        self.behind.clear();
        self.pass = None;
        self.in_flight.end();
    }

    fn values(&self, above: u64, until: u64) -> impl Iterator<Item = (u64, &Arc<str>, &Value)> {
        let keys = (above < until).then(|| self.keys.range(above + 1..=until));
        keys.into_iter().flatten().map(|(version, key)| (*version, key, &self.values[key]))
    }

    pub fn changes(&self, above: u64, until: u64) -> Vec<Change> {
        let change = |(version, key, Value { frame, exclusions, .. }): (u64, &Arc<str>, &Value)| Change {
            key: Arc::clone(key),
            version,
            frame: frame.clone(),
            exclusions: exclusions.clone(),
        };
        self.values(above, until).map(change).collect()
    }

    /// What a member has not had above this version, in at most so many bytes, and whether there is more.
    pub fn own_pieces(
        &self,
        member: &impl Recipient,
        (above, until): (u64, u64),
        most: usize,
        work: &mut Work,
    ) -> (Vec<Piece>, bool) {
        let values = self.values(above, until).map(|(version, _, value)| (version, value));
        pieces_for(member, values, most, work)
    }

    /// Tells a new member, which is the last, all values, also those that wait for their tick.
    pub fn enter(&mut self, member: &impl Recipient, work: &mut Work) {
        let serial = member.id().serial();
        if self.values.is_empty() {
            return self.has_entered(serial, At::has_had(self.version));
        }
        if !member.outbox().takes_newest(Offer::AtEntry) {
            return self.has_entered(serial, At { version: 0, pulls: true, sweep: None });
        }
        let (pieces, is_more) = self.own_pieces(member, (0, self.version), member.outbox().most_newest(), work);
        let offered = member.outbox().offer_newest(Offer::AtEntry, &pieces, is_more);
        let version = offered.until(0, self.version);
        let is_all = !matches!(offered, Offered::Some { .. });
        self.has_entered(serial, if is_all { At::has_had(version) } else { At::behind(version, offered) });
        if offered.must_flush() {
            member.outbox().wake_owner();
        }
    }

    fn has_entered(&mut self, serial: u64, at: At) {
        if at.version != self.told || at.sweep.is_some() {
            self.behind.insert(serial, at);
        }
    }

    pub fn leave(&mut self, serial: u64, last: u64, members: usize) {
        if let Some(pass) = &mut self.pass {
            if members > pass.next {
                // It has been told, and takes a place that may be before the next.
                self.behind.entry(last).or_insert_with(|| At::has_had(self.told));
                pass.is_mixed = true;
            }
            pass.next = pass.next.min(members - 1);
        }
        self.behind.remove(&serial);
    }

    #[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
    pub fn longest_sweep(&self) -> usize {
        self.behind.values().filter_map(|at| at.sweep.as_ref()).map(|sweep| sweep.len()).max().unwrap_or(0)
    }

    #[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
    pub fn behind(&self) -> usize {
        self.behind.len()
    }
}

/// What of these a member is sent, in pieces of at most so many bytes in all, or one value that is longer. Returns also whether there
/// are more.
pub(super) fn pieces_for<'a>(
    member: &impl Recipient,
    values: impl Iterator<Item = (u64, &'a Value)>,
    most: usize,
    work: &mut Work,
) -> (Vec<Piece>, bool) {
    let mut looked_at = 0;
    let values = values.inspect(|_| looked_at += 1);
    let own = values.filter(|(_, value)| is_meant(member, value.exclusions.as_deref()));
    let pieces = joined(own.map(|(at, value)| (&value.frame, at)), most, work);
    work.values += looked_at;
    pieces
}
