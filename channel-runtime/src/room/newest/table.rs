//! The newest values of one type in a room, by key, and which members have not been told all of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::in_flight::WorkGuard;
use crate::connection::outbox::{Offer, Offered};
use crate::room::by_connection::ByConnection;
use crate::room::class::TypeHash;
use crate::room::exclusions::Exclusions;
use crate::room::newest::at::At;
use crate::room::newest::bundle::{Bundle, Change, Piece, Pieces, is_meant, joined};
use crate::room::newest::forgotten::Forgotten;
use crate::room::newest::places::Places;
use crate::room::newest::stamp::{Stamp, Stored};
use crate::room::newest::work::Work;
use crate::room::recipient::Recipient;
use crate::wire::deflate::Compression;
use crate::wire::frame::Frame;

/// The most keys of a type in a room. One more is refused: what would have to go for it could not be promised.
pub(super) const MOST_KEYS: usize = 1000;

/// How many members are fetched from memory together, as the flusher does it.
const MEMBERS_AHEAD: usize = 8;

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
    not_to_tell: HashSet<Arc<str>>,
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
    next: usize,
    /// The members before it have been told up to this version.
    base: u64,
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
        let was_told = before <= self.told && !self.behind.is_empty();
        let replaced = if was_told { self.behind.values().filter(|at| at.lacks(place, before)).count() } else { 0 };
        Stored::Newest { replaced }
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
            self.forgotten.add(key, stamp, MOST_KEYS);
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

    fn changes(&self, above: u64, until: u64) -> Vec<Change> {
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

    /// What the pass is to tell, which begins with this. `None` if there is nothing new.
    pub fn begin_pass(&mut self, members: usize) -> Option<Vec<Change>> {
        if self.version == self.told || members == 0 {
            self.tell_nobody_new(members);
            return None;
        }
        let base = std::mem::replace(&mut self.told, self.version);
        self.pass = Some(Pass { next: members, base, is_mixed: false });
        self.not_to_tell.clear();
        Some(self.changes(base, self.told))
    }

    fn tell_nobody_new(&mut self, members: usize) {
        if members == 0 {
            self.tell_nobody();
        }
        self.in_flight.end();
    }

    /// Tells a few members what is new, by the pass that was begun. Appends those whose outboxes have to be written to `due`. Returns
    /// whether more members are left.
    pub fn tell_few<M: Recipient>(
        &mut self,
        members: &ByConnection<Arc<M>>,
        news: &mut Bundle,
        due: &mut Vec<Arc<M>>,
        work: &mut Work,
    ) -> bool {
        let Some(Pass { next, base, .. }) = self.pass else { return false };
        if !self.not_to_tell.is_empty() {
            news.forget(&std::mem::take(&mut self.not_to_tell));
            // What is left is joined anew first, without the lock.
            return true;
        }
        let mut place = next.min(members.len());
        while place > 0 && !work.is_enough() {
            if work.members % MEMBERS_AHEAD == 0 {
                let ahead = members.range(place.saturating_sub(MEMBERS_AHEAD)..place);
                for member in ahead {
                    member.outbox().fetch();
                    // It is not where the outbox is.
                    black_box(member.id());
                }
            }
            place -= 1;
            work.members += 1;
            let Some(member) = members.range(place..place + 1).next() else { continue };
            let serial = member.id().serial();
            let offered = match self.behind.get_mut(&serial) {
                None => self.offer_news(&**member, base, news, work),
                Some(at) if at.version == self.told && at.sweep.is_none() => {
                    self.behind.remove(&serial);
                    continue;
                }
                Some(at) if at.pulls || at.version >= self.told => continue,
                Some(at) if at.sweep.is_some() => {
                    at.pulls = true;
                    member.outbox().pull_later();
                    continue;
                }
                // It has entered since the pass before, or pulled.
                Some(&mut At { version, .. }) => self.offer(&**member, version, Offer::InTurn, work),
            };
            if self.note(serial, offered) {
                due.push(Arc::clone(member));
            }
        }
        if place > 0 {
            if let Some(pass) = &mut self.pass {
                pass.next = place;
            }
            return true;
        }
        self.end_pass();
        false
    }

    fn end_pass(&mut self) {
        if self.pass.take().is_some_and(|pass| pass.is_mixed) {
            let told = self.told;
            self.behind.retain(|_, at| at.version != told || at.sweep.is_some());
        }
        if self.version == self.told {
            self.in_flight.end();
        }
    }

    /// The teller can't go on: the members that are left are behind, and pull.
    pub fn abandon_pass<M: Recipient>(&mut self, members: &ByConnection<Arc<M>>) {
        self.has_teller = false;
        // Those that a pass was on its way to, and then all, if there is something newer.
        while self.pass.is_some() || self.begin_pass(members.len()).is_some() {
            let Some(Pass { next, base, is_mixed }) = &mut self.pass else { break };
            // Some have entered since the pass before, and have had all.
            *is_mixed = true;
            let (next, base) = (*next, *base);
            for member in members.range(0..next) {
                let behind = || At { version: base, pulls: true, sweep: None };
                self.behind.entry(member.id().serial()).or_insert_with(behind);
                member.outbox().pull_later();
            }
            self.end_pass();
        }
        self.in_flight.end();
    }

    /// Offers what a pass tells to a member that has had all up to this version. Returns up to which version it has had all.
    fn offer_news(&self, member: &impl Recipient, since: u64, news: &mut Bundle, work: &mut Work) -> (u64, Offered) {
        let Pieces { pieces, is_more } = news.pieces_for(member, work);
        work.values += pieces.len();
        let offered = member.outbox().offer_newest(Offer::InTurn, &pieces, is_more);
        (offered.until(since, self.told), offered)
    }

    /// Offers what the member has not had above this version, up to `told`. Returns up to which version it has had all.
    fn offer(&self, member: &impl Recipient, since: u64, offer: Offer, work: &mut Work) -> (u64, Offered) {
        let (pieces, is_more) = self.own_pieces(member, (since, self.told), member.outbox().most_newest(), work);
        let offered = member.outbox().offer_newest(offer, &pieces, is_more);
        (offered.until(since, self.told), offered)
    }

    /// Notes up to which version a member has had all. Returns whether its outbox has to be written.
    fn note(&mut self, serial: u64, (until, offered): (u64, Offered)) -> bool {
        if until != self.told {
            self.behind.insert(serial, At::behind(until, offered));
        } else if !self.behind.is_empty() {
            self.behind.remove(&serial);
        }
        offered.must_flush()
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
