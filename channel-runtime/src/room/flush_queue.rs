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

use super::live_room::{Inner, Members};
use crate::connection::id::ConnectionId;
use crate::connection::outbox::Pushed;
use crate::room::flusher::{self, Charge, Due, LOOK_AFTER, LOOKS_A_SECOND};
use crate::room::member::Connection;
use crate::room::publisher::Paced;

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

#[derive(Default)]
pub(super) struct Flushing {
    /// What the flusher has to see to.
    due: Due,
    /// Where the flusher runs, or has to be started. `None` where no member of `due` has a runtime.
    runtime: Option<Id>,
    /// Members that were behind, some of which may have caught up since.
    laggards: IndexMap<ConnectionId, Arc<Connection>>,
    /// Which of those is looked at next, and which is written to next.
    next_look: usize,
    next_nudge: usize,
    /// What senders wait for, in the order in which they were held: one charge each, where no more than [`LATEST_SENDERS`] were held
    /// since.
    held: VecDeque<Charge>,
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
    flusher: Option<Handle>,
    wait: Option<Handle>,
}

/// How many of a room's readers are behind and take what they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowd {
    Few,
    /// Few, but one is near its bound, and takes what it is sent or has not been tried for a while.
    NearBound,
    /// The same, and it took something a moment ago; or two did for which more than half of their bound waits.
    Taking,
    /// A quarter with those that were found a moment ago, of which nobody knows yet whether they take anything.
    New,
    /// A quarter, or an eighth that took something a moment ago and for which more than half of their bound waits; two at the
    /// least.
    Quarter,
    Half,
}

/// For how many looks the room may yet be slowed for a few that are far behind. Readers that are as fast as all others may
/// be alone there, because their kernels hold less, or because a segment was lost: that passes soon. Who is slower than the room is
/// not waited for.
struct Lone {
    looks: u32,
    since: Instant,
}

impl Default for Lone {
    fn default() -> Self {
        Self { looks: Self::MOST, since: Instant::now() }
    }
}

impl Lone {
    /// Two seconds, in thirty.
    const MOST: u32 = 2 * LOOKS_A_SECOND as u32;
    const EACH: Duration = Duration::from_secs(30);

    /// Whether there is one more.
    fn take(&mut self) -> bool {
        if self.since.elapsed() > Self::EACH {
            *self = Self::default();
        }
        self.looks = self.looks.saturating_sub(1);
        self.looks > 0
    }
}

impl Flushing {
    /// A member has been handed a frame.
    #[inline]
    pub fn pushed(&mut self, member: &Arc<Connection>, pushed: Pushed) {
        match pushed {
            Pushed::Promised if member.runtime_id == self.runtime => self.due.members.push(Arc::clone(member)),
            Pushed::Promised => self.promised_elsewhere(member),
            Pushed::Behind => self.is_behind(member),
            Pushed::Waits | Pushed::Refused => {}
        }
    }

    /// A runtime may be busy with a handler that blocks it: members of another one than the flusher's don't wait for that. Where
    /// no flusher has anything to do, the first member decides where the next one runs.
    #[cold]
    fn promised_elsewhere(&mut self, member: &Arc<Connection>) {
        if self.due.members.is_empty() && !self.is_flushing {
            self.runtime = member.runtime_id;
            self.due.members.push(Arc::clone(member));
        } else {
            member.outbox.wake_owner();
        }
    }

    #[cold]
    fn is_behind(&mut self, member: &Arc<Connection>) {
        self.laggards.entry(member.id).or_insert_with(|| Arc::clone(member));
    }

    /// All whom it is for have been; who sent it, and how many bytes it is.
    pub fn sent(&mut self, from: Option<&Paced>, bytes: usize) -> Tasks {
        let mut tasks = Tasks::default();
        // Where all members are blocked nothing can be written, but their senders have to be slowed.
        if !self.is_flushing && (!self.due.members.is_empty() || (from.is_some() && !self.laggards.is_empty())) {
            // A member's own runtime, not the sender's, which may be any thread's and not run any more.
            let member = self.due.members.first().or(self.laggards.values().next());
            tasks.flusher = member.and_then(|member| member.apart.runtime.clone());
            self.is_flushing = tasks.flusher.is_some();
            self.runtime = member.and_then(|member| member.runtime_id);
            if tasks.flusher.is_none() {
                self.abandon();
            }
        }
        let Some(from) = from else { return tasks };
        if let Some(runtime) = from.runtime().filter(|runtime| Some(runtime.id()) != self.runtime) {
            // Not charged to the flusher, which may be behind with what is not its matter.
            if !self.laggards.is_empty() {
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
    fn charge(&mut self, from: &Paced, bytes: usize) -> Charge {
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
    fn hold(&mut self, charge: Charge) {
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
        self.laggards.swap_remove(&id);
    }

    /// How crowded the room is, which has so many members. So long it is looked too late.
    fn crowd(&mut self, members: usize, late: Duration) -> Crowd {
        let looked_at = self.laggards.len().min(LOOKED_AT);
        if looked_at == 0 {
            return Crowd::Few;
        }
        if looked_at == self.laggards.len() {
            self.next_look = 0;
        }
        let now = Instant::now();
        let (mut behind, mut taking, mut new, mut far, mut near_bound, mut took_lately) = (0, 0, 0, 0, false, false);
        for _ in 0..looked_at {
            if self.next_look >= self.laggards.len() {
                self.next_look = 0;
            }
            let Some((_, member)) = self.laggards.get_index(self.next_look) else { break };
            let Some(lag) = member.outbox.lag(now, late) else {
                // Another takes its place, and is looked at next.
                self.laggards.swap_remove_index(self.next_look);
                continue;
            };
            self.next_look += 1;
            behind += 1;
            if lag.takes {
                // Where less than half of its bound waits, there is time to see whether it takes anything.
                let is_new = lag.is_new && lag.quarters < 2;
                new += usize::from(is_new);
                taking += usize::from(!is_new);
                // Its credit is not enough here: for a client that has stalled half of its bound waits before that is used up.
                far += usize::from(lag.quarters >= 2 && lag.took_lately);
                took_lately |= lag.quarters >= 3 && lag.took_lately;
            }
            near_bound |= lag.quarters >= 3 && (lag.takes || lag.is_stale);
        }
        // Where not all were looked at, the others are taken to be like them.
        let of_all = |found: usize| (found * self.laggards.len()).checked_div(behind).unwrap_or(0);
        let (taking, new, far) = (of_all(taking), of_all(new), of_all(far));
        let is_by_client = self.held.front().is_some_and(|charge| charge.sender.is_client());
        let readers = members.saturating_sub(usize::from(is_by_client)).max(1);
        // One alone is no crowd, but where nobody else reads.
        let least = readers.min(2);
        if taking >= readers.div_ceil(2).max(least) {
            Crowd::Half
        } else if taking >= readers.div_ceil(4).max(least) || far >= readers.div_ceil(8).max(least) {
            Crowd::Quarter
        } else if taking + new >= readers.div_ceil(4).max(least) {
            Crowd::New
        } else if far >= least || took_lately {
            Crowd::Taking
        } else if near_bound {
            Crowd::NearBound
        } else {
            Crowd::Few
        }
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
    fn look(&mut self, members: usize, late: Duration) {
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

/// The charge of this sender. `None` where it is not among the latest.
fn latest<'a, C>(charges: &'a mut C, sender: &Paced) -> Option<&'a mut Charge>
where
    &'a mut C: IntoIterator<Item = &'a mut Charge, IntoIter: DoubleEndedIterator>,
{
    charges.into_iter().rev().take(LATEST_SENDERS).find(|charge| charge.sender.is(sender))
}

/// For the flusher, and for who waits for laggards beside it.
impl Members {
    /// Not under the lock: a runtime that is shutting down drops a task at once, and that takes the lock.
    pub(super) fn start(self: &Arc<Self>, tasks: Tasks) {
        if let Some(runtime) = tasks.flusher {
            flusher::start(self, &runtime);
        }
        if let Some(runtime) = tasks.wait {
            flusher::wait(self, &runtime);
        }
    }

    /// What it has to see to.
    pub fn take_due(&self) -> Due {
        let flushing = &mut self.lock().flushing;
        flushing.pass_begun = (!flushing.laggards.is_empty()).then(Instant::now);
        flushing.not_held = 0;
        std::mem::take(&mut flushing.due)
    }

    /// Whether it ends, for there is nothing more to see to.
    pub fn ends_flushing(&self) -> bool {
        let flushing = &mut self.lock().flushing;
        flushing.is_flushing = !flushing.due.is_empty();
        !flushing.is_flushing
    }

    /// What these sent has been passed on. They go on, unless the room is crowded, or others wait already: then they are held,
    /// and it is told where somebody has to begin to look.
    pub fn passed_on(&self, senders: Vec<Charge>) -> bool {
        let Inner { members, flushing } = &mut *self.lock();
        senders.into_iter().for_each(|charge| flushing.hold(charge));
        if flushing.is_waiting {
            return false;
        }
        flushing.calm_down();
        let late = flushing.pass_begun.map_or(Duration::ZERO, |begun| begun.elapsed().saturating_sub(LOOK_AFTER));
        if flushing.crowd(members.len(), late) == Crowd::Few {
            let most = flushing.held.front().map_or(0, |charge| SHARED_MARKS * charge.sender.mark());
            flushing.release(most);
        }
        flushing.is_waiting = !flushing.held.is_empty();
        flushing.is_waiting
    }

    /// Lets those who are held go on, if they may; so long it is looked too late. Whether it has to be looked again.
    pub fn look(&self, late: Duration) -> bool {
        let Inner { members, flushing } = &mut *self.lock();
        flushing.look(members.len(), late);
        flushing.is_waiting = !flushing.held.is_empty();
        flushing.is_waiting
    }

    /// Members that were behind: some of them, others the next time.
    pub fn laggards(&self) -> Vec<Arc<Connection>> {
        let flushing = &mut self.lock().flushing;
        let from = if flushing.next_nudge < flushing.laggards.len() { flushing.next_nudge } else { 0 };
        flushing.next_nudge = from + LOOKED_AT;
        flushing.laggards.values().skip(from).take(LOOKED_AT).cloned().collect()
    }

    /// Nobody waits for laggards any more.
    pub fn stop_waiting(&self) {
        let flushing = &mut self.lock().flushing;
        flushing.is_waiting = false;
        flushing.release(usize::MAX);
    }

    /// It was dropped, with its runtime or by a panic: the members' own tasks write.
    pub fn flusher_is_gone(&self) {
        let flushing = &mut self.lock().flushing;
        flushing.is_flushing = false;
        flushing.abandon();
    }
}
