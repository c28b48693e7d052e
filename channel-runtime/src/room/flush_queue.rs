//! The flush queue of a room: the members whose outboxes have to be written, and the senders that wait. Under the members' lock.
//!
//! While half of the readers are behind and take what they are sent, senders are held, and are as slow as those. While a quarter
//! are, senders are released slowly; while a few are, for a moment. A member that takes nothing slows nobody.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::outbox::Enqueued;
use crate::room::crowd::{Crowd, LOOK_AFTER, LOOKS_A_SECOND, Lags, Lone};
use crate::room::publisher::{Charge, Publisher};
use crate::room::recipient::Recipient;

/// All senders of a room may be ahead by so many marks, a quarter of a client's bound: more could fill outboxes unnoticed.
const SHARED_MARKS: usize = 4;

/// How many marks a second are released while a quarter of the readers are behind: 128 KiB, with the default bounds.
const SLOW_MARKS: isize = 2;

/// The same while it is not known whether those take anything: half a bound, in the time for which a new one may take nothing.
const NEW_MARKS: isize = 8;

/// A sender's bytes count at most so many times.
const MOST_TIMES: usize = 64;

/// A sender is searched among so many that have sent last. One that is not found counts as another sender.
const LATEST_SENDERS: usize = 64;

const LOOKED_AT: usize = 256;

pub(crate) struct FlushWork<M> {
    /// Members to whose outboxes something was pushed that nobody else writes.
    pub members: Vec<Arc<M>>,
    pub senders: Vec<Charge<M>>,
}

impl<M> Default for FlushWork<M> {
    fn default() -> Self {
        Self { members: Vec::new(), senders: Vec::new() }
    }
}

impl<M: Recipient> FlushWork<M> {
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.senders.is_empty()
    }

    /// Has the members' own tasks write, and releases the senders.
    pub fn abandon(&mut self) {
        self.members.drain(..).for_each(|member| member.outbox().wake_owner());
        self.senders.drain(..).for_each(Charge::release);
    }
}

pub(crate) struct FlushQueue<M> {
    pub due: FlushWork<M>,
    runtime: Option<Id>,
    slow_members: IndexMap<ConnectionId, Arc<M>>,
    next_look: usize,
    next_nudge: usize,
    /// In the order in which they were held. One charge a sender, unless more than [`LATEST_SENDERS`] were held since.
    held: VecDeque<Charge<M>>,
    not_held: usize,
    /// How many have lately sent at once. An eighth less at each check.
    active: usize,
    /// What all senders are charged for, each byte once.
    charged: usize,
    /// The bytes that may be released while a quarter of the readers are behind. Negative if more were released.
    allowance: isize,
    lone: Lone,
    is_waiting: bool,
    /// When the flusher began its pass. `None` if nobody was behind by then.
    pass_begun: Option<Instant>,
    /// The flusher runs, and will check `due` before it ends.
    is_flushing: bool,
}

#[must_use]
pub(super) struct Tasks {
    pub flusher: Option<Handle>,
    pub wait: Option<Handle>,
}

impl<M> Default for FlushQueue<M> {
    fn default() -> Self {
        Self {
            due: FlushWork::default(),
            runtime: None,
            slow_members: IndexMap::default(),
            next_look: 0,
            next_nudge: 0,
            held: VecDeque::new(),
            not_held: 0,
            active: 0,
            charged: 0,
            allowance: 0,
            lone: Lone::default(),
            is_waiting: false,
            pass_begun: None,
            is_flushing: false,
        }
    }
}

impl<M: Recipient> FlushQueue<M> {
    #[inline]
    pub fn pushed(&mut self, member: &Arc<M>, pushed: Enqueued) {
        match pushed {
            Enqueued::MustFlush if member.runtime_id() == self.runtime => self.due.members.push(Arc::clone(member)),
            Enqueued::MustFlush => self.must_flush_elsewhere(member),
            Enqueued::Lagging => self.is_behind(member),
            Enqueued::Queued | Enqueued::Refused => {}
        }
    }

    /// A handler may block the flusher's runtime; members on others do not wait for that. In an idle room the first member decides.
    #[cold]
    fn must_flush_elsewhere(&mut self, member: &Arc<M>) {
        if self.due.members.is_empty() && !self.is_flushing {
            self.runtime = member.runtime_id();
            self.due.members.push(Arc::clone(member));
        } else {
            member.outbox().wake_owner();
        }
    }

    #[cold]
    fn is_behind(&mut self, member: &Arc<M>) {
        self.slow_members.entry(member.id()).or_insert_with(|| Arc::clone(member));
    }

    pub fn sent(&mut self, from: Option<&Publisher<M>>, bytes: usize) -> Tasks {
        let flusher = if self.needs_flusher(from.is_some()) { self.assign_flusher() } else { None };
        let wait = from.and_then(|from| self.count_sender(from, bytes));
        Tasks { flusher, wait }
    }

    /// If all members are blocked nothing can be written, but the sender has to be slowed.
    fn needs_flusher(&self, has_sender: bool) -> bool {
        !self.is_flushing && (!self.due.members.is_empty() || (has_sender && !self.slow_members.is_empty()))
    }

    /// `None` if the member has no runtime: then the members' own tasks write.
    fn assign_flusher(&mut self) -> Option<Handle> {
        // Not the sender's runtime, which may not run any more.
        let member = self.due.members.first().or(self.slow_members.values().next());
        let runtime = member.and_then(|member| member.runtime().cloned());
        self.runtime = member.and_then(|member| member.runtime_id());
        self.is_flushing = runtime.is_some();
        if runtime.is_none() {
            self.abandon();
        }
        runtime
    }

    fn count_sender(&mut self, from: &Publisher<M>, bytes: usize) -> Option<Handle> {
        if let Some(runtime) = from.runtime().filter(|runtime| Some(runtime.id()) != self.runtime) {
            // Not charged to the flusher, which may be late because of other work on its runtime.
            if self.slow_members.is_empty() {
                return None;
            }
            let charge = self.charge(from, bytes);
            self.hold(charge);
            return (!std::mem::replace(&mut self.is_waiting, true)).then(|| runtime.clone());
        }
        if self.is_flushing {
            let charge = self.charge(from, bytes);
            match latest(&mut self.due.senders, from) {
                Some(own) => own.add(charge),
                None => {
                    self.not_held += usize::from(latest(&mut self.held, from).is_none());
                    self.due.senders.push(charge);
                }
            }
        }
        None
    }

    /// The more bytes of all senders are not written yet, the more a byte counts, so that many senders share what a few have.
    fn charge(&mut self, from: &Publisher<M>, bytes: usize) -> Charge<M> {
        let shared = SHARED_MARKS * from.mark();
        // Equal shares while the senders are known; small ones if so much has been sent that all will be used up.
        self.active = self.active.max(self.held.len() + self.not_held);
        let shares = self.active.div_ceil(SHARED_MARKS);
        let left = (shared + shared / 2).saturating_sub(self.charged);
        let times = shares.max(shared.checked_div(left).unwrap_or(MOST_TIMES)).clamp(1, MOST_TIMES);
        self.charged += bytes;
        Charge::new(from, bytes.saturating_mul(times), bytes)
    }

    fn hold(&mut self, charge: Charge<M>) {
        match latest(&mut self.held, &charge.sender) {
            Some(own) => own.add(charge),
            None => self.held.push_back(charge),
        }
    }

    fn abandon(&mut self) {
        self.due.abandon();
        self.not_held = 0;
        self.charged = self.held.iter().map(|charge| charge.bytes).sum();
    }

    pub fn forget(&mut self, id: ConnectionId) {
        self.slow_members.swap_remove(&id);
    }

    fn crowd(&mut self, members: usize, late: Duration) -> Crowd {
        let looked_at = self.slow_members.len().min(LOOKED_AT);
        if looked_at == 0 {
            return Crowd::Few;
        }
        if looked_at == self.slow_members.len() {
            self.next_look = 0;
        }
        let now = Instant::now();
        let mut lags = Lags::default();
        for _ in 0..looked_at {
            if self.next_look >= self.slow_members.len() {
                self.next_look = 0;
            }
            let Some((_, member)) = self.slow_members.get_index(self.next_look) else { break };
            let Some(lag) = member.outbox().lag(now, late) else {
                self.slow_members.swap_remove_index(self.next_look);
                continue;
            };
            self.next_look += 1;
            lags.add(lag);
        }
        let is_by_client = self.held.front().is_some_and(|charge| charge.sender.is_client());
        lags.crowd(self.slow_members.len(), members.saturating_sub(usize::from(is_by_client)).max(1))
    }

    fn release(&mut self, most: usize) -> usize {
        let mut released = 0;
        while released < most
            && let Some(charge) = self.held.pop_front()
        {
            released += charge.bytes;
            charge.release();
        }
        self.charged = self.charged.saturating_sub(released);
        released
    }

    fn calm_down(&mut self) {
        self.active = self.held.len().max(self.active * 7 / 8);
    }

    fn let_go(&mut self, members: usize, late: Duration) {
        self.calm_down();
        let Some(mark) = self.held.front().map(|charge| charge.sender.mark()) else { return };
        match self.crowd(members, late) {
            Crowd::Half => {}
            Crowd::New => self.release_slowly(mark, NEW_MARKS),
            Crowd::Quarter => self.release_slowly(mark, SLOW_MARKS),
            Crowd::Taking if self.lone.take() => self.release_slowly(mark, SLOW_MARKS),
            Crowd::Few | Crowd::NearBound | Crowd::Taking => drop(self.release(SHARED_MARKS * mark)),
        }
    }

    fn release_slowly(&mut self, mark: usize, marks: isize) {
        let mark = mark.cast_signed();
        self.allowance = (self.allowance + (marks * mark / LOOKS_A_SECOND).max(1)).min(mark);
        let released = self.release(self.allowance.max(0).cast_unsigned());
        // The charge of a sender that does not stop when it is held may be large. The others do not pay for all of it.
        self.allowance = self.allowance.saturating_sub_unsigned(released).max(-mark);
    }
}

impl<M: Recipient> FlushQueue<M> {
    pub fn take_due(&mut self) -> FlushWork<M> {
        self.pass_begun = (!self.slow_members.is_empty()).then(Instant::now);
        self.not_held = 0;
        std::mem::take(&mut self.due)
    }

    pub fn ends(&mut self) -> bool {
        self.is_flushing = !self.due.is_empty();
        !self.is_flushing
    }

    /// `senders` are those whose frames the flusher has written. They are released, unless the room is crowded or others are held
    /// already. Returns whether a task has to be started that releases them later.
    pub fn settle(&mut self, senders: Vec<Charge<M>>, members: usize) -> bool {
        senders.into_iter().for_each(|charge| self.hold(charge));
        if self.is_waiting {
            return false;
        }
        self.calm_down();
        let late = self.pass_begun.map_or(Duration::ZERO, |begun| begun.elapsed().saturating_sub(LOOK_AFTER));
        if self.crowd(members, late) == Crowd::Few {
            let most = self.held.front().map_or(0, |charge| SHARED_MARKS * charge.sender.mark());
            self.release(most);
        }
        self.is_waiting = !self.held.is_empty();
        self.is_waiting
    }

    /// Returns whether a sender is held still.
    pub fn look(&mut self, members: usize, late: Duration) -> bool {
        self.let_go(members, late);
        self.is_waiting = !self.held.is_empty();
        self.is_waiting
    }

    /// Some of the members that were behind, others the next time.
    pub fn slow_members(&mut self) -> Vec<Arc<M>> {
        let from = if self.next_nudge < self.slow_members.len() { self.next_nudge } else { 0 };
        self.next_nudge = from + LOOKED_AT;
        self.slow_members.values().skip(from).take(LOOKED_AT).cloned().collect()
    }

    pub fn stop_waiting(&mut self) {
        self.is_waiting = false;
        self.release(usize::MAX);
    }

    /// The flusher was dropped, with its runtime or by a panic: the members' own tasks write.
    pub fn flusher_is_gone(&mut self) {
        self.is_flushing = false;
        self.abandon();
    }
}

fn latest<'a, M: Recipient + 'a, C>(charges: &'a mut C, sender: &Publisher<M>) -> Option<&'a mut Charge<M>>
where
    &'a mut C: IntoIterator<Item = &'a mut Charge<M>, IntoIter: DoubleEndedIterator>,
{
    charges.into_iter().rev().take(LATEST_SENDERS).find(|charge| charge.sender.is(sender))
}
