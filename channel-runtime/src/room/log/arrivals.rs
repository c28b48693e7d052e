//! Sessions that began anew in a room and were cut before `on_connect` had returned: they begin anew again when they come back.

use std::collections::VecDeque;

use crate::connection::id::ConnectionId;

/// So many are known, of each kind.
const MOST_SESSIONS: usize = 1024;

/// So many for those that are not: what lies between two of them is known to be none.
const MOST_SPANS: usize = 16;

pub(super) struct Arrivals<const MOST: usize = MOST_SESSIONS> {
    /// In the order in which they have left.
    cut: VecDeque<Cut>,
    /// Those that were cut and are not in `cut` any more, in the order of their serial numbers.
    forgotten: Vec<Span>,
    /// Of those that have left since one was cut, the ones that had arrived, once for each time: they are not taken for forgotten ones.
    arrived: VecDeque<ConnectionId>,
}

struct Cut {
    session: ConnectionId,
    /// The room's newest number as it left: it was sent nothing later.
    top: u64,
}

/// Serial numbers of sessions of which it is not known any more whether they were cut.
struct Span {
    first: u64,
    last: u64,
    /// The highest of theirs.
    top: u64,
}

impl<const MOST: usize> Default for Arrivals<MOST> {
    fn default() -> Self {
        Self { cut: VecDeque::new(), forgotten: Vec::new(), arrived: VecDeque::new() }
    }
}

impl<const MOST: usize> Arrivals<MOST> {
    /// It was cut before it had arrived, when `top` was the room's newest number. Each is cut once.
    pub fn cut(&mut self, session: ConnectionId, top: u64) {
        if self.cut.len() == MOST
            && let Some(Cut { session, top }) = self.cut.pop_front()
        {
            self.forget(session.serial(), top);
        }
        self.cut.push_back(Cut { session, top });
    }

    fn forget(&mut self, serial: u64, top: u64) {
        let spans = &mut self.forgotten;
        let at = spans.partition_point(|span| span.last < serial);
        match spans.get_mut(at).filter(|span| span.first <= serial) {
            Some(span) => span.top = span.top.max(top),
            None => spans.insert(at, Span { first: serial, last: serial, top }),
        }
        if spans.len() > MOST_SPANS {
            // Two between which there are the fewest become one.
            let gap = |at: &usize| spans[at + 1].first - spans[*at].last;
            let closest = (0..MOST_SPANS).min_by_key(gap).expect("there are some");
            let next = spans.remove(closest + 1);
            let span = &mut spans[closest];
            (span.last, span.top) = (next.last, span.top.max(next.top));
        }
    }

    /// It had arrived: it has left now, or comes back.
    pub fn arrived(&mut self, session: ConnectionId) {
        if self.is_empty() {
            return;
        }
        if self.arrived.len() == MOST {
            self.arrived.pop_front();
        }
        self.arrived.push_back(session);
    }

    /// All that was recorded up to this number is let go: whoever has had nothing later begins anew for that.
    pub fn expire(&mut self, evicted: u64) {
        while self.cut.front().is_some_and(|cut| cut.top < evicted) {
            self.cut.pop_front();
        }
        self.forgotten.retain(|span| span.top >= evicted);
        if self.is_empty() {
            *self = Self::default();
        }
    }

    fn is_empty(&self) -> bool {
        self.cut.is_empty() && self.forgotten.is_empty()
    }

    /// Only that it had arrived tells that it was not cut.
    pub fn is_forgotten(&self, session: ConnectionId) -> bool {
        self.forgotten.iter().any(|span| (span.first..=span.last).contains(&session.serial()))
    }

    pub fn may_have_been_cut(&self, session: ConnectionId) -> bool {
        self.cut.iter().any(|cut| cut.session == session)
            || self.is_forgotten(session) && !self.arrived.contains(&session)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of sessions that entered one after the other.
    fn sessions(count: usize) -> Vec<ConnectionId> {
        (0..count).map(|_| ConnectionId::next()).collect()
    }

    #[test]
    fn who_was_there_before_many_were_cut_and_who_is_known_to_have_arrived_is_taken_for_none_of_them() {
        let mut arrivals = Arrivals::<4>::default();
        let sessions = sessions(20);
        arrivals.arrived(sessions[0]);
        for session in &sessions[1..19] {
            if session == &sessions[7] { arrivals.arrived(*session) } else { arrivals.cut(*session, 0) }
        }
        let taken: Vec<bool> = sessions.iter().map(|session| arrivals.may_have_been_cut(*session)).collect();
        assert_eq!(taken, Vec::from_iter((0..20).map(|at| (1..19).contains(&at) && at != 7)));
        assert_eq!((arrivals.cut.len(), arrivals.arrived.len()), (4, 1));
    }

    #[test]
    fn who_came_between_two_waves_is_taken_for_none_of_either() {
        let mut arrivals = Arrivals::<4>::default();
        let sessions = sessions(600);
        let is_of_a_wave = |at: usize| (100..200).contains(&at) || at >= 400;
        // In each wave some had arrived, and have not left.
        let is_cut = |at: &usize| is_of_a_wave(*at) && !at.is_multiple_of(3);
        (0..600).filter(is_cut).for_each(|at| arrivals.cut(sessions[at], 0));
        for (at, session) in sessions.iter().enumerate() {
            let taken = arrivals.may_have_been_cut(*session);
            assert!(taken || !is_cut(&at), "{at}");
            assert!(!taken || is_of_a_wave(at), "{at}");
        }
        assert_eq!(arrivals.forgotten.len(), MOST_SPANS);
    }

    #[test]
    fn who_begins_anew_for_another_reason_is_not_remembered() {
        let mut arrivals = Arrivals::<4>::default();
        let sessions = sessions(20);
        for (top, session) in (0..).zip(&sessions[..19]) {
            arrivals.cut(*session, top);
            arrivals.arrived(sessions[19]);
            arrivals.expire(top);
            assert!(arrivals.cut.len() <= 1 && arrivals.forgotten.is_empty());
        }
        arrivals.expire(19);
        assert_eq!((arrivals.cut.len(), arrivals.arrived.len()), (0, 0));
    }

    #[test]
    fn who_leaves_again_is_the_last_to_be_forgotten() {
        let mut arrivals = Arrivals::<4>::default();
        let sessions = sessions(8);
        arrivals.cut(sessions[0], 0);
        for at in [1, 2, 3, 4, 1, 5, 6] {
            arrivals.arrived(sessions[at]);
        }
        assert_eq!(Vec::from(arrivals.arrived), [4, 1, 5, 6].map(|at| sessions[at]));
    }

    proptest! {
        /// Sessions enter in order, and leave in any.
        #[test]
        fn no_session_that_was_cut_is_taken_for_one_that_had_arrived(
            ends in proptest::collection::vec((0_usize..200, any::<bool>(), 0_u64..3, 0_u64..2), 0..200),
        ) {
            let mut arrivals = Arrivals::<3>::default();
            let sessions = sessions(200);
            let (mut cut, mut gone, mut top, mut evicted) = (Vec::new(), Vec::new(), 0, 0);
            for (at, is_cut, sent, let_go) in ends {
                (top, evicted) = (top + sent, (evicted + let_go).min(top + sent));
                if gone.contains(&at) {
                    continue;
                }
                gone.push(at);
                if is_cut {
                    arrivals.cut(sessions[at], top);
                    cut.push((at, top));
                } else {
                    arrivals.arrived(sessions[at]);
                }
                arrivals.expire(evicted);
                for (at, top) in &cut {
                    prop_assert!(arrivals.may_have_been_cut(sessions[*at]) || *top < evicted);
                }
                let first = cut.iter().map(|(at, _)| *at).min().unwrap_or(200);
                let is_known = |session: &ConnectionId| !arrivals.may_have_been_cut(*session);
                prop_assert!(sessions[..first].iter().all(is_known));
                prop_assert!(arrivals.cut.len() <= 3 && arrivals.arrived.len() <= 3);
                prop_assert!(!arrivals.is_empty() || arrivals.arrived.is_empty());
            }
        }
    }
}
