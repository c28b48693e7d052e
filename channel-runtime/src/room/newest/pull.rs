//! What a client's own task does when the client takes more again: it pulls the newest values that the client has not had, and who is
//! present if it was not told each change.

use std::sync::Arc;

use crate::connection::outbox::{Offer, Offered};
use crate::room::live_room::LiveRoom;
use crate::room::member::Member;
use crate::room::newest::at::At;
use crate::room::newest::sweep::Sweep;
use crate::room::newest::table::{Table, pieces_for};
use crate::room::newest::work::Work;
use crate::room::recipient::Recipient;
use crate::room::registry::Registry;

impl Registry {
    /// Of all rooms that the client is in. Its outbox is empty, and written afterwards by the caller.
    #[cold]
    pub fn pull_newest(&self, member: &Arc<Member>) {
        let mut rooms = vec![Arc::clone(&member.own_room), Arc::clone(self.all(member.channel()))];
        rooms.extend(member.apart.joined.lock().rooms().iter().cloned());
        let turn = turn(member.outbox().handed());
        let first = turn % rooms.len();
        rooms.rotate_left(first);
        // Once, so that it holds up nothing.
        member.own_room.pull_presence(member);
        rooms.iter().for_each(|room| room.pull_newest(member, turn, &mut Work::default()));
    }
}

/// Which of several is the first: another one after whatever was taken, so that none waits for ever behind one that always has something
/// new. The mixing is SplitMix64's, because a pull may always take a multiple of their number.
fn turn(handed: u64) -> usize {
    let mixed = (handed ^ (handed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed >> 33) as usize
}

impl LiveRoom {
    pub(super) fn pull_newest(&self, member: &Arc<Member>, turn: usize, work: &mut Work) {
        let inner = &mut *self.lock();
        if let Some(newest) = &mut inner.newest
            && inner.members.get(member.id).is_some()
        {
            let first = turn % newest.tables.len().max(1);
            let (before, first) = newest.tables.split_at_mut(first);
            // The caller writes, whoever is told to.
            first.iter_mut().chain(before).for_each(|table| _ = table.catch_up(&**member, work));
        }
    }
}

impl Table {
    /// A member that was behind takes more, and is told what it has not had, also what waits for its tick. Returns whether its outbox has
    /// to be written.
    pub(super) fn catch_up(&mut self, member: &impl Recipient, work: &mut Work) -> bool {
        let serial = member.id().serial();
        let Some(at) = self.behind.get_mut(&serial) else { return false };
        if at.version >= self.told {
            // The next pass has something for it.
            at.pulls = false;
            return false;
        }
        if !member.outbox().takes_newest(Offer::Pulled) {
            return false;
        }
        let (version, sweep, offered) = match at.sweep.take() {
            Some(mut sweep) => {
                let offered = self.offer_swept(member, &mut sweep, work);
                (sweep.version(), Some(sweep), offered)
            }
            None => {
                let since = at.version;
                let (pieces, is_more) = self.own_pieces(member, (since, self.version), self.most_pulled(member), work);
                let offered = member.outbox().offer_newest(Offer::Pulled, &pieces, is_more);
                let version = offered.until(since, self.version);
                (version, offered.is_part().then(|| Box::new(Sweep::from(version))), offered)
            }
        };
        if version < self.version {
            let pulls = version < self.told;
            self.behind.insert(serial, At { version, pulls, sweep });
        } else if let Some(pass) = &mut self.pass {
            // The pass may not have come to it yet.
            self.behind.insert(serial, At::has_had(version));
            pass.is_mixed = true;
        } else if version > self.told {
            self.behind.insert(serial, At::has_had(version));
        } else {
            self.behind.remove(&serial);
        }
        offered.must_flush()
    }

    fn most_pulled(&self, member: &impl Recipient) -> usize {
        self.most_pulled.min(member.outbox().most_newest())
    }

    /// Offers a part of what the member has not had, from its place on.
    fn offer_swept(&self, member: &impl Recipient, sweep: &mut Sweep, work: &mut Work) -> Offered {
        work.values += self.places.len_from(sweep.next());
        let values = self.places.in_turn(sweep).map(|(place, key)| (place, &self.values[key]));
        let (pieces, is_more) = pieces_for(member, values, self.most_pulled(member), work);
        let last = pieces.last().map(|(_, place)| *place);
        let is_all = !is_more && sweep.ends_with(self.version);
        let offered = member.outbox().offer_newest(Offer::Pulled, &pieces, !is_all);
        match offered {
            Offered::Some { until, .. } if until != last => {
                if let Some(place) = until {
                    sweep.has_had(place, self.version);
                }
            }
            _ => sweep.has_had(last.filter(|_| is_more).unwrap_or(u64::MAX), self.version),
        }
        offered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_is_the_first_whatever_a_pull_takes() {
        for of in 2..=8 {
            for bytes in [1, 2, 64, 4096, 65_536, 262_144, 262_148] {
                let mut times = vec![0; of];
                (1..200).for_each(|pull| times[turn(pull * bytes) % of] += 1);
                assert!(times.iter().all(|times| *times > 5), "{of} with {bytes}: {times:?}");
            }
        }
    }
}
