//! What of a room's messages has still to be written, and for whom its senders wait: what the room and its flusher tell each
//! other, under the members' lock.
//!
//! Senders follow the room, not its slowest member. While half of its readers are behind and take what they are sent, senders
//! are held: they are as slow as those. While a quarter are, they go on slowly; while a few are, for a moment. Else nobody waits:
//! who takes nothing is waited for by nobody, and is cut at the bound of its outbox.

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

/// All senders of a room together have so many times what one may be ahead: a quarter of what may wait for one client. It is what
/// they share, and the most that is let go at once, for more could fill outboxes before it is seen.
const SHARED_MARKS: usize = 4;

/// So many marks a second are let go while a quarter of the readers are behind: 128 KiB, with the usual bounds.
const SLOW_MARKS: isize = 2;

/// The same while it is not known yet whether those take anything: half a bound, in the time for which a client is waited for before
/// it has taken anything.
const NEW_MARKS: isize = 8;

/// What a sender is ahead counts so many times at the most.
const MOST_TIMES: usize = 64;

/// Among so many that have sent lately a sender is looked for; one that is not found counts as another.
const LATEST_SENDERS: usize = 64;

/// So many members that were behind are looked at together, and written to; where there are more, others at the next look.
const LOOKED_AT: usize = 256;

/// What a flusher has to see to.
pub(crate) struct FlushWork<M> {
    /// Those to whose outboxes something was pushed that nobody else writes.
    pub members: Vec<Arc<M>>,
    /// What those who sent it are charged.
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

    /// Has the members' own tasks write and lets the senders go on.
    pub fn abandon(&mut self) {
        self.members.drain(..).for_each(|member| member.outbox().wake_owner());
        self.senders.drain(..).for_each(Charge::release);
    }
}

pub(crate) struct FlushQueue<M> {
    /// What the flusher has to see to.
    pub due: FlushWork<M>,
    /// Where the flusher runs, or has to be started. `None` where no member of `due` has a runtime.
    runtime: Option<Id>,
    /// Members that were behind, some of which may have caught up since.
    slow_members: IndexMap<ConnectionId, Arc<M>>,
    /// Which of those is looked at next, and which is written to next.
    next_look: usize,
    next_nudge: usize,
    /// What senders wait for, in the order in which they were held: one charge each, where no more than [`LATEST_SENDERS`] were held
    /// since.
    held: VecDeque<Charge<M>>,
    /// How many of the senders in `due` are not held.
    not_held: usize,
    /// How many have sent at once, lately: an eighth less at each look.
    active: usize,
    /// How many bytes are charged, to whomever.
    charged: usize,
    /// How many bytes may be let go while a quarter of the readers are behind; less than nothing where more were.
    allowance: isize,
    lone: Lone,
    /// Somebody looks whether `held` can be released.
    is_waiting: bool,
    /// When the flusher began its pass. `None` where nobody was behind by then.
    pass_begun: Option<Instant>,
    /// The room's flusher runs, and will look at `due` before it ends.
    is_flushing: bool,
}

/// What has to be started for a room, and on which runtimes.
#[derive(Default)]
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
    /// A member has been handed a frame.
    #[inline]
    pub fn pushed(&mut self, member: &Arc<M>, pushed: Enqueued) {
        match pushed {
            Enqueued::MustFlush if member.runtime_id() == self.runtime => self.due.members.push(Arc::clone(member)),
            Enqueued::MustFlush => self.promised_elsewhere(member),
            Enqueued::Lagging => self.is_behind(member),
            Enqueued::Queued | Enqueued::Refused => {}
        }
    }

    /// A runtime may be busy with a handler that blocks it: members of another one than the flusher's don't wait for that. Where
    /// no flusher has anything to do, the first member decides where the next one runs.
    #[cold]
    fn promised_elsewhere(&mut self, member: &Arc<M>) {
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

    /// All whom it is for have been; who sent it, and how many bytes it is.
    pub fn sent(&mut self, from: Option<&Publisher<M>>, bytes: usize) -> Tasks {
        let mut tasks = Tasks::default();
        // Where all members are blocked nothing can be written, but their senders have to be slowed.
        if !self.is_flushing && (!self.due.members.is_empty() || (from.is_some() && !self.slow_members.is_empty())) {
            // A member's own runtime, not the sender's, which may be any thread's and not run any more.
            let member = self.due.members.first().or(self.slow_members.values().next());
            tasks.flusher = member.and_then(|member| member.runtime().cloned());
            self.is_flushing = tasks.flusher.is_some();
            self.runtime = member.and_then(|member| member.runtime_id());
            if tasks.flusher.is_none() {
                self.abandon();
            }
        }
        let Some(from) = from else { return tasks };
        if let Some(runtime) = from.runtime().filter(|runtime| Some(runtime.id()) != self.runtime) {
            // Not charged to the flusher, which may be behind with what is not its matter.
            if !self.slow_members.is_empty() {
                let charge = self.charge(from, bytes);
                self.hold(charge);
                tasks.wait = (!std::mem::replace(&mut self.is_waiting, true)).then(|| runtime.clone());
            }
        } else if self.is_flushing {
            let charge = self.charge(from, bytes);
            match latest(&mut self.due.senders, from) {
                Some(own) => own.add(charge),
                None => {
                    self.not_held += usize::from(latest(&mut self.held, from).is_none());
                    self.due.senders.push(charge);
                }
            }
        }
        tasks
    }

    /// Counts against a sender what has not been passed on yet. The more that is, of all senders, the more it counts: many that
    /// send at once share what a few have.
    fn charge(&mut self, from: &Publisher<M>, bytes: usize) -> Charge<M> {
        let shared = SHARED_MARKS * from.mark();
        // Equal shares, where it is known who sends; and small ones where so much has been sent that all will be used up.
        self.active = self.active.max(self.held.len() + self.not_held);
        let shares = self.active.div_ceil(SHARED_MARKS);
        let left = (shared + shared / 2).saturating_sub(self.charged);
        let times = shares.max(shared.checked_div(left).unwrap_or(MOST_TIMES)).clamp(1, MOST_TIMES);
        self.charged += bytes;
        Charge::new(from, bytes.saturating_mul(times), bytes)
    }

    /// Has a sender wait; with what it waits for already.
    fn hold(&mut self, charge: Charge<M>) {
        match latest(&mut self.held, &charge.sender) {
            Some(own) => own.add(charge),
            None => self.held.push_back(charge),
        }
    }

    /// Has the members' own tasks write, and lets those go on that are not held.
    fn abandon(&mut self) {
        self.due.abandon();
        self.not_held = 0;
        self.charged = self.held.iter().map(|charge| charge.bytes).sum();
    }

    /// A member leaves.
    pub fn forget(&mut self, id: ConnectionId) {
        self.slow_members.swap_remove(&id);
    }

    /// How crowded the room is, which has so many members. So long it is looked too late.
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
                // Another takes its place, and is looked at next.
                self.slow_members.swap_remove_index(self.next_look);
                continue;
            };
            self.next_look += 1;
            lags.add(lag);
        }
        let is_by_client = self.held.front().is_some_and(|charge| charge.sender.is_client());
        lags.crowd(self.slow_members.len(), members.saturating_sub(usize::from(is_by_client)).max(1))
    }

    /// Lets senders go on, in the order in which they were held, while less than so many bytes of theirs are let go. How many
    /// were.
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

    /// Forgets, bit by bit, how many have sent at once.
    fn calm_down(&mut self) {
        self.active = self.held.len().max(self.active * 7 / 8);
    }

    /// Lets those go on that may.
    fn let_go(&mut self, members: usize, late: Duration) {
        self.calm_down();
        let Some(mark) = self.held.front().map(|charge| charge.sender.mark()) else { return };
        match self.crowd(members, late) {
            // As slow as those take it.
            Crowd::Half => {}
            Crowd::New => self.release_slowly(mark, NEW_MARKS),
            Crowd::Quarter => self.release_slowly(mark, SLOW_MARKS),
            Crowd::Taking if self.lone.take() => self.release_slowly(mark, SLOW_MARKS),
            Crowd::Few | Crowd::NearBound | Crowd::Taking => drop(self.release(SHARED_MARKS * mark)),
        }
    }

    /// Lets so many marks a second go on.
    fn release_slowly(&mut self, mark: usize, marks: isize) {
        let mark = mark.cast_signed();
        self.allowance = (self.allowance + (marks * mark / LOOKS_A_SECOND).max(1)).min(mark);
        let released = self.release(self.allowance.max(0).cast_unsigned());
        // What is let go may be much at once, of one who is not held by being slowed. The others do not pay for all of it.
        self.allowance = self.allowance.saturating_sub_unsigned(released).max(-mark);
    }
}

/// For the flusher, and for who waits for slow_members beside it.
impl<M: Recipient> FlushQueue<M> {
    /// What the flusher has to see to.
    pub fn take_due(&mut self) -> FlushWork<M> {
        self.pass_begun = (!self.slow_members.is_empty()).then(Instant::now);
        self.not_held = 0;
        std::mem::take(&mut self.due)
    }

    /// Whether the flusher ends, because there is nothing more to see to.
    pub fn ends(&mut self) -> bool {
        self.is_flushing = !self.due.is_empty();
        !self.is_flushing
    }

    /// What these sent has been passed on, in a room of so many members. They go on, unless the room is crowded, or others wait
    /// already: then they are held. Returns whether somebody has to begin to look.
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

    /// Lets those who are held go on, if they may; so long it is looked too late. Returns whether it has to be looked again.
    pub fn look(&mut self, members: usize, late: Duration) -> bool {
        self.let_go(members, late);
        self.is_waiting = !self.held.is_empty();
        self.is_waiting
    }

    /// Members that were behind: some of them, others the next time.
    pub fn slow_members(&mut self) -> Vec<Arc<M>> {
        let from = if self.next_nudge < self.slow_members.len() { self.next_nudge } else { 0 };
        self.next_nudge = from + LOOKED_AT;
        self.slow_members.values().skip(from).take(LOOKED_AT).cloned().collect()
    }

    /// Nobody waits for slow_members any more.
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

/// The charge of this sender. `None` where it is not among the latest.
fn latest<'a, M: Recipient + 'a, C>(charges: &'a mut C, sender: &Publisher<M>) -> Option<&'a mut Charge<M>>
where
    &'a mut C: IntoIterator<Item = &'a mut Charge<M>, IntoIter: DoubleEndedIterator>,
{
    charges.into_iter().rev().take(LATEST_SENDERS).find(|charge| charge.sender.is(sender))
}
