//! A pass: it tells a table's new values to the members, a few in each hold of the lock.

use std::hint::black_box;
use std::sync::Arc;

use crate::connection::outbox::{Offer, Offered};
use crate::room::by_connection::ByConnection;
use crate::room::newest::at::At;
use crate::room::newest::bundle::{Bundle, Change, Pieces};
use crate::room::newest::table::{Pass, Table};
use crate::room::newest::work::Work;
use crate::room::recipient::Recipient;

/// How many members are fetched from memory together, as the flusher does it.
const MEMBERS_AHEAD: usize = 8;

impl Table {
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
        if !self.not_to_tell.is_empty() && news.forget(&std::mem::take(&mut self.not_to_tell), work) {
            // What is left is joined anew first, without the lock. That is not more often than there are values.
            return true;
        }
        let mut place = next.min(members.len());
        while place > 0 && !work.is_enough() {
            if work.members.is_multiple_of(MEMBERS_AHEAD) {
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
}
