//! Revocations: disconnects and moves of users, remembered while earlier handshakes are under way, because their users are not known yet.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU64;

use crate::connection::user_key::UserKey;
use crate::room::reach::Reach;
use crate::room::sharded_map::shrink;
use crate::wire::close::Close;

/// At so many revocations, those are removed that no handshake under way can have missed.
const SWEEP_AT: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

impl Default for Moment {
    fn default() -> Self {
        Self(NonZeroU64::MIN)
    }
}

#[derive(Default)]
pub(crate) struct Revocations {
    /// One more than the revocations so far. Handshakes compare this, because two moments may be the same to a clock.
    moment: Moment,
    under_way: VecDeque<(Moment, usize)>,
    remembered: HashMap<UserKey, Vec<Revocation>>,
    len: usize,
    sweep_at: usize,
}

struct Revocation {
    at: Moment,
    reach: Reach,
    close: Close,
}

impl Revocations {
    /// Revocations are remembered for this handshake until it [ends](Self::end).
    pub fn begin(&mut self) -> Moment {
        match self.under_way.back_mut() {
            Some((began, handshakes)) if *began == self.moment => *handshakes += 1,
            _ => self.under_way.push_back((self.moment, 1)),
        }
        self.moment
    }

    /// The handshake is over, or its user is listed.
    pub fn end(&mut self, began: Moment) {
        let at = self.under_way.binary_search_by_key(&began, |(began, _)| *began).expect("it is under way");
        self.under_way[at].1 -= 1;
        while self.under_way.front().is_some_and(|(_, handshakes)| *handshakes == 0) {
            self.under_way.pop_front();
        }
        if self.under_way.is_empty() {
            self.remembered.clear();
            shrink(&mut self.remembered);
            (self.len, self.sweep_at) = (0, 0);
        }
    }

    pub fn revoke(&mut self, user: &UserKey, reach: Reach, close: &Close) {
        self.moment.0 = self.moment.0.saturating_add(1);
        let Some(&(oldest, _)) = self.under_way.front() else { return };
        let known = self.remembered.entry(user.clone()).or_default();
        let before = known.len();
        // One user may be disconnected from one room after the other, for as long as the server runs. A move makes no disconnect forgotten.
        let replaces = |known: &Close| close.moved_to().is_none() || known.moved_to().is_some();
        known.retain(|known| known.at > oldest && !(known.reach == reach && replaces(&known.close)));
        known.push(Revocation { at: self.moment, close: close.clone(), reach });
        self.len = self.len + known.len() - before;
        self.sweep(oldest);
    }

    /// `None` if its user has been neither disconnected since, nor moved. Moves count for nothing if it was disconnected, before or after.
    pub fn since(&self, began: Moment, user: &UserKey, reaches: impl Fn(&Reach) -> bool) -> Option<Close> {
        let since = self.remembered.get(user)?.iter().filter(|revoked| revoked.at > began && reaches(&revoked.reach));
        since
            .max_by_key(|revoked| (revoked.close.moved_to().is_none(), revoked.at))
            .map(|revoked| revoked.close.clone())
    }

    fn sweep(&mut self, oldest: Moment) {
        if self.len < self.sweep_at.max(SWEEP_AT) {
            return;
        }
        self.len = 0;
        self.remembered.retain(|_, revoked| {
            revoked.retain(|revoked| revoked.at > oldest);
            self.len += revoked.len();
            !revoked.is_empty()
        });
        shrink(&mut self.remembered);
        self.sweep_at = self.len * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::close::{CloseCode, ClosedBy};

    fn close(reason: &str) -> Close {
        Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, reason)
    }

    #[test]
    fn the_latest_revocation_since_a_handshake_began_ends_it() {
        let (mut revocations, ann) = (Revocations::default(), UserKey::new(&"ann"));
        let everywhere = Reach::default();
        let early = revocations.begin();
        revocations.revoke(&ann, everywhere.clone(), &close("first"));
        let late = revocations.begin();
        revocations.revoke(&ann, everywhere, &close("second"));
        let last = revocations.begin();
        let since = |began| revocations.since(began, &ann, |_| true);
        assert_eq!((since(early), since(late), since(last)), (Some(close("second")), Some(close("second")), None));
        assert_eq!(revocations.since(early, &UserKey::new(&"bob"), |_| true), None);
        assert_eq!(revocations.since(early, &ann, |_| false), None);
        for began in [early, late, last] {
            revocations.end(began);
        }
        assert!(revocations.remembered.is_empty() && revocations.under_way.is_empty());
    }

    #[test]
    fn only_what_a_handshake_under_way_can_have_missed_is_remembered() {
        let mut revocations = Revocations::default();
        let revoke = |revocations: &mut Revocations, users: std::ops::Range<u32>| {
            users.for_each(|user| revocations.revoke(&UserKey::new(&user), Reach::default(), &close("")));
        };
        revoke(&mut revocations, 0..1000);
        assert!(revocations.remembered.is_empty());
        let mut began = revocations.begin();
        for round in 0..1000 {
            revoke(&mut revocations, round * 10..round * 10 + 10);
            let next = revocations.begin();
            revocations.end(began);
            began = next;
            assert!(revocations.remembered.len() <= SWEEP_AT + 10, "{}", revocations.remembered.len());
        }
        revocations.end(began);
        assert!(revocations.remembered.is_empty());
    }
    #[test]
    fn so_it_is_of_a_user_who_is_revoked_in_one_room_after_the_other() {
        let mut revocations = Revocations::default();
        let ann = UserKey::new(&"ann");
        let room = |name: String| Reach { channel: Some(0), rooms: Some(vec![name.into()]) };
        let entries = |revocations: &Revocations| revocations.remembered.values().map(Vec::len).sum::<usize>();
        let mut began = revocations.begin();
        for round in 0..1000 {
            revocations.revoke(&ann, room(format!("/{round}")), &close(""));
            revocations.revoke(&UserKey::new(&round), room("/".into()), &close(""));
            let next = revocations.begin();
            assert_eq!(revocations.since(began, &ann, |reach| *reach == room(format!("/{round}"))), Some(close("")));
            revocations.end(began);
            began = next;
            assert!(entries(&revocations) <= SWEEP_AT, "{}", entries(&revocations));
        }
        revocations.end(began);
        assert_eq!(entries(&revocations), 0);
    }
}
