//! What waits for the bus, in the order in which it was sent. Bounded by bytes, and, while the bus is away, by age.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::node_id::NodeId;
use super::owed::{Debts, Owed, Owes};
use super::wire::{Outbound, record_bytes};
use crate::connection::in_flight::{Activity, Work, WorkGuard};
use crate::connection::lock_order::{Ranked, rank};
use crate::room::live_room::LiveRoom;
use crate::room::member::Member;
use crate::room::publisher::{Charge, Publisher};
use crate::room::sent::{Elsewhere, NotTaken};

/// For so many records room is kept: 216 KiB.
const MOST_SPARE: usize = 1024;

pub(super) struct Queue {
    most_bytes: usize,
    most_age: Duration,
    /// Of one record.
    longest: AtomicUsize,
    waiting: Ranked<{ rank::LANE }, Waiting>,
    /// There is something to write, or nothing more.
    changed: Notify,
    activity: OnceLock<Activity>,
}

struct Waiting {
    records: VecDeque<Record>,
    /// An empty list with the room of one that was taken, so that who sends does not wait for it to grow.
    spare: VecDeque<Record>,
    answers: VecDeque<Answer>,
    answers_bytes: usize,
    owed: Debts,
    greeting: Option<Outbound>,
    bytes: usize,
    /// The number of the next record.
    next: u64,
    away_since: Option<Instant>,
    writer_waits: bool,
}

pub(super) struct Record {
    pub outbound: Outbound,
    bytes: usize,
    /// `None` if the bus was there.
    since: Option<Instant>,
    charge: Option<Charge<Member>>,
    /// While the bus is there.
    in_flight: WorkGuard,
}

/// What is for one node, and has no number.
pub(super) struct Answer {
    pub node: NodeId,
    pub outbound: Outbound,
    _in_flight: WorkGuard,
}

/// Records with adjacent numbers.
pub(super) struct Batch {
    pub first: u64,
    pub records: VecDeque<Record>,
    pub bytes: usize,
    /// More waited than fits.
    pub is_full: bool,
}

impl Queue {
    pub fn new(most_bytes: usize, most_age: Duration, now: Instant) -> Self {
        Self {
            most_bytes,
            most_age,
            longest: AtomicUsize::new(usize::MAX),
            waiting: Ranked::new(Waiting {
                records: VecDeque::new(),
                spare: VecDeque::new(),
                answers: VecDeque::new(),
                answers_bytes: 0,
                owed: Debts::default(),
                greeting: None,
                bytes: 0,
                next: 1,
                away_since: Some(now),
                writer_waits: false,
            }),
            changed: Notify::new(),
            activity: OnceLock::new(),
        }
    }

    pub fn longest(&self) -> usize {
        self.longest.load(Ordering::Relaxed)
    }

    /// A record of more bytes is refused: the bus would refuse its parcel each time.
    pub fn set_longest(&self, bytes: usize) {
        self.longest.store(bytes, Ordering::Relaxed);
    }

    /// For tests. Only the first counts.
    pub fn count(&self, activity: &Activity) {
        self.activity.get_or_init(|| activity.clone());
    }

    fn begin(&self) -> WorkGuard {
        self.activity.get().map(|activity| activity.begin(Work::Parcel)).unwrap_or_default()
    }

    /// Never waits. From half of the bound on the sender is charged, and so slowed, until the bus has taken it. What is volatile is
    /// taken only if it leaves soon: if the bus is there, and little waits for it.
    pub fn append(&self, outbound: Outbound, publisher: Option<&Publisher<Member>>) -> Elsewhere {
        let bytes = record_bytes(&outbound);
        if bytes > self.longest.load(Ordering::Relaxed) {
            return Elsewhere::Refused(NotTaken::TooLong);
        }
        let mut waiting = self.waiting.lock();
        let is_volatile = outbound.class.is_volatile();
        let since = match waiting.away_since {
            None => None,
            Some(_) if is_volatile => return Elsewhere::Refused(NotTaken::Away),
            Some(away) => {
                let now = Instant::now();
                if now.duration_since(away) > self.most_age {
                    return Elsewhere::Refused(NotTaken::Away);
                }
                Some(now)
            }
        };
        let most = if is_volatile { self.most_bytes / 8 } else { self.most_bytes };
        if waiting.bytes + bytes > most {
            return Elsewhere::Refused(NotTaken::Full);
        }
        let is_slow = waiting.bytes > self.most_bytes / 2;
        let charge = publisher.filter(|_| is_slow).map(|publisher| Charge::new(publisher, bytes, bytes));
        let in_flight = if since.is_none() { self.begin() } else { WorkGuard::default() };
        waiting.push(Record { outbound, bytes, since, charge, in_flight });
        if mem::take(&mut waiting.writer_waits) {
            drop(waiting);
            self.changed.notify_one();
        }
        Elsewhere::Taken
    }

    /// What the node says of itself, in place of what it has said before. It has no number, is beyond the bounds, and is not
    /// counted as work.
    pub fn greet(&self, greeting: Outbound) {
        self.add(|waiting| waiting.greeting = Some(greeting));
    }

    /// With the number of the record that is taken next.
    pub fn take_greeting(&self) -> Option<(u64, Outbound)> {
        let mut waiting = self.waiting.lock();
        let next = waiting.next - waiting.records.len() as u64;
        waiting.greeting.take().map(|greeting| (next, greeting))
    }

    /// What the node says by itself: beyond the bounds, and not counted as work.
    pub fn append_own(&self, outbound: Outbound) {
        let bytes = record_bytes(&outbound);
        self.add(|waiting| {
            let since = waiting.away_since.map(|_| Instant::now());
            waiting.push(Record { outbound, bytes, since, charge: None, in_flight: WorkGuard::default() });
        });
    }

    /// What is for one node: an answer, of which there is one for each question, or a question, which waits first while
    /// [enough of these](Self::is_busy_with_answers) do. Returns whether it is no longer than the bus takes.
    pub fn answer(&self, node: NodeId, outbound: Outbound) -> bool {
        let bytes = record_bytes(&outbound);
        let is_taken = bytes <= self.longest.load(Ordering::Relaxed);
        if is_taken {
            let answer = Answer { node, outbound, _in_flight: self.begin() };
            self.add(|waiting| {
                waiting.answers.push_back(answer);
                waiting.answers_bytes += bytes;
            });
        }
        is_taken
    }

    /// Returns whether it is answered: for more rooms it is not.
    pub fn owe(&self, to: Owes, room: &Arc<LiveRoom>, digest: u64) -> bool {
        let owed = Owed::new(to, room, digest, self.begin());
        let mut is_owed = true;
        self.add(|waiting| is_owed = waiting.owed.add(owed));
        is_owed
    }

    pub fn take_owed(&self) -> Option<Owed> {
        self.waiting.lock().owed.take()
    }

    fn add(&self, add: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting.lock();
        add(&mut waiting);
        if mem::take(&mut waiting.writer_waits) {
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// Waits until something is there.
    pub async fn filled(&self) {
        loop {
            let changed = self.changed.notified();
            {
                let mut waiting = self.waiting.lock();
                if !waiting.is_empty() {
                    return;
                }
                waiting.writer_waits = true;
            }
            changed.await;
        }
    }

    /// The records that wait longest, of so many bytes and as the bus takes, at least one. `None` if there are none.
    pub fn take(&self, most_bytes: usize) -> Option<Batch> {
        let most_bytes = most_bytes.min(self.longest.load(Ordering::Relaxed));
        let mut waiting = self.waiting.lock();
        let first = waiting.next - waiting.records.len() as u64;
        let (mut records, mut bytes) = (VecDeque::new(), 0);
        if waiting.bytes <= most_bytes && !waiting.records.is_empty() {
            // The usual.
            let spare = mem::take(&mut waiting.spare);
            (records, bytes) = (mem::replace(&mut waiting.records, spare), mem::take(&mut waiting.bytes));
        }
        while let Some(record) = waiting.records.pop_front_if(|record| bytes == 0 || bytes + record.bytes <= most_bytes)
        {
            bytes += record.bytes;
            waiting.bytes -= record.bytes;
            records.push_back(record);
        }
        let is_full = !waiting.records.is_empty();
        (!records.is_empty()).then_some(Batch { first, records, bytes, is_full })
    }

    /// Records that are published. Their list is used again.
    pub fn end_batch(&self, mut records: VecDeque<Record>) {
        records.clear();
        records.shrink_to(MOST_SPARE);
        self.waiting.lock().spare = records;
    }

    pub fn take_answers(&self) -> VecDeque<Answer> {
        let waiting = &mut *self.waiting.lock();
        waiting.answers_bytes = 0;
        mem::take(&mut waiting.answers)
    }

    /// Nobody waits any more for what was asked on a connection that has ended.
    pub fn drop_answers(&self) {
        drop(self.take_answers());
        let owed = mem::take(&mut self.waiting.lock().owed);
        drop(owed);
    }

    /// What is owed is asked for again when it is back.
    pub fn went_away(&self, now: Instant) {
        let owed = {
            let waiting = &mut *self.waiting.lock();
            waiting.away_since.get_or_insert(now);
            waiting.records.iter_mut().for_each(|record| record.in_flight.end());
            mem::take(&mut waiting.owed)
        };
        drop(owed);
    }

    pub fn came_back(&self) {
        let mut waiting = self.waiting.lock();
        waiting.away_since = None;
        waiting.records.iter_mut().for_each(|record| record.in_flight = self.begin());
    }

    /// Nothing is written any more. Returns how many records waited.
    pub fn end(&self) -> usize {
        let (records, answers) = {
            let waiting = &mut *self.waiting.lock();
            (waiting.bytes, waiting.answers_bytes) = (0, 0);
            let owed = mem::take(&mut waiting.owed);
            (mem::take(&mut waiting.records), (mem::take(&mut waiting.answers), owed))
        };
        drop(answers);
        records.len()
    }

    /// Drops what has waited for too long. Their numbers are missing, which the other nodes see. Returns how many.
    pub fn drop_old(&self, now: Instant) -> usize {
        let old: Vec<Record> = {
            let waiting = &mut *self.waiting.lock();
            let Some(away) = waiting.away_since else { return 0 };
            let is_old = |record: &Record| now.duration_since(record.since.unwrap_or(away)) > self.most_age;
            let until = waiting.records.partition_point(is_old);
            let old: Vec<_> = waiting.records.drain(..until).collect();
            waiting.bytes -= old.iter().map(|record| record.bytes).sum::<usize>();
            old
        };
        old.len()
    }

    /// How many answers wait, and of how many rooms other nodes are owed one.
    pub fn answers_and_owed(&self) -> (usize, usize) {
        let waiting = self.waiting.lock();
        (waiting.answers.len(), waiting.owed.len())
    }

    /// More waits than questions add to.
    pub fn is_busy(&self) -> bool {
        let waiting = self.waiting.lock();
        waiting.bytes + waiting.answers_bytes > self.most_bytes / 8
    }

    /// As much waits for single nodes as questions add to.
    pub fn is_busy_with_answers(&self) -> bool {
        self.waiting.lock().answers_bytes > self.most_bytes / 8
    }

    pub fn bytes(&self) -> usize {
        self.waiting.lock().bytes
    }

    /// The number of the latest record.
    pub fn latest(&self) -> u64 {
        self.waiting.lock().next - 1
    }
}

impl Waiting {
    fn push(&mut self, record: Record) {
        self.next += 1;
        self.bytes += record.bytes;
        self.records.push_back(record);
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.answers.is_empty() && self.owed.is_empty() && self.greeting.is_none()
    }
}

/// Whatever becomes of it, its sender goes on: also if the connection ends while it is published.
impl Drop for Record {
    fn drop(&mut self) {
        if let Some(charge) = self.charge.take() {
            charge.release();
        }
    }
}
