//! A sweep: who does not take all values at once is sent them around, in an order of the keys that stays. So none waits for ever behind
//! those that are always new, and each is the newest when its turn comes.

use std::collections::VecDeque;

/// The keys of a table have places, which they keep while they have a value.
pub(super) struct Sweep {
    /// The place whose turn it is.
    next: u64,
    /// From there on and around, what the member has had. The first is the oldest.
    had: VecDeque<Had>,
}

/// Of the places up to this one, all up to this version.
struct Had {
    last: u64,
    version: u64,
}

impl Sweep {
    /// Of a member that has had all up to this version.
    pub fn from(version: u64) -> Self {
        Self { next: 0, had: VecDeque::from([Had { last: u64::MAX, version }]) }
    }

    /// Up to which version it has had all, whatever the place.
    pub fn version(&self) -> u64 {
        self.had.front().map_or(0, |had| had.version)
    }

    #[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
    pub fn len(&self) -> usize {
        self.had.len()
    }

    pub fn next(&self) -> u64 {
        self.next
    }

    /// Asked for places from `next` on that rise: up to which version the member has had those.
    pub fn had(&self) -> impl FnMut(u64) -> u64 {
        let mut had = self.had.iter().peekable();
        move |place| {
            while had.next_if(|had| had.last < place).is_some() {}
            had.peek().map_or(0, |had| had.version)
        }
    }

    /// Up to which version it has had the values of this place.
    pub fn had_at(&self, place: u64) -> u64 {
        let turns_until = |place: u64| place.wrapping_sub(self.next);
        let at = self.had.partition_point(|had| turns_until(had.last) < turns_until(place));
        self.had.get(at).map_or(0, |had| had.version)
    }

    /// Whether it has had all up to this version, once it has had the rest of this turn.
    pub fn ends_with(&self, version: u64) -> bool {
        self.had.iter().skip_while(|had| had.last != u64::MAX).skip(1).all(|had| had.version == version)
    }

    /// From `next` up to this place it has now had all up to this version.
    pub fn has_had(&mut self, last: u64, version: u64) {
        // What it had the time before, and no more.
        while let Some(before) = self.had.pop_front_if(|had| had.last <= last) {
            if before.last == u64::MAX {
                break;
            }
        }
        match self.had.back_mut() {
            Some(back) if back.version == version && back.last < last && self.next > 0 => back.last = last,
            _ => self.had.push_back(Had { last, version }),
        }
        self.next = last.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn had(sweep: &Sweep) -> Vec<u64> {
        let had: Vec<_> = (sweep.next..).take(4).map(sweep.had()).collect();
        assert!((sweep.next..).zip(&had).all(|(place, version)| sweep.had_at(place) == *version));
        had
    }

    #[test]
    fn it_goes_around_and_knows_what_was_had_when() {
        let mut sweep = Sweep::from(5);
        assert_eq!((sweep.next(), sweep.version(), had(&sweep)), (0, 5, vec![5; 4]));
        sweep.has_had(1, 8);
        assert_eq!((sweep.next(), sweep.version(), had(&sweep)), (2, 5, vec![5; 4]));
        sweep.has_had(3, 8);
        sweep.has_had(4, 9);
        sweep.has_had(u64::MAX, 11);
        assert_eq!((sweep.next(), sweep.version(), had(&sweep)), (0, 8, vec![8, 8, 8, 8]));
        assert_eq!(sweep.had.len(), 3, "two of one version are one");
        sweep.has_had(2, 12);
        assert_eq!((sweep.next(), sweep.version(), had(&sweep)), (3, 8, vec![8, 9, 11, 11]));
        assert_eq!([0, 2].map(|place| sweep.had_at(place)), [12; 2]);
        assert!(sweep.ends_with(12) && !sweep.ends_with(13));
        sweep.has_had(u64::MAX, 12);
        assert_eq!((sweep.next(), sweep.version(), had(&sweep)), (0, 12, vec![12; 4]));
    }
}
