//! The lane: one task that keeps the connection to the bus, writes what waits, and reads what the other nodes say.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::counters::BusState;
use super::engine::{Engine, EngineError, Link, Publisher, Subject, Subjects};
use super::pace::Pace;
use super::pause::pause;
use super::queue::{Answer, Batch};
use super::relay::{MOST_GATHERED, Relay};
use super::wire::{Numbered, ParcelWriter, record_bytes};
use crate::connection::turn::Turn;
use crate::socket::node::Node;

/// A parcel is not longer, unless one record is.
pub(super) const PARCEL_BYTES: usize = 64 * 1024;

/// Of a parcel's longest message, for its head, its names and its mask.
const OVERHEAD: usize = 4096;

/// Of a parcel, for its own head alone.
pub(super) const HEAD: usize = 64;

const HELLO_EVERY: Duration = Duration::from_secs(1);

/// A node whose own parcels do not come back for so long is deaf, whatever its connection says.
const DEAF_AFTER: Duration = Duration::from_secs(3);

/// For one call of an engine.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// At the end, for what waits.
pub(super) const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct Lane {
    pub relay: Arc<Relay>,
    pub node: Weak<Node>,
    pub engine: Box<dyn Engine>,
    pub subjects: Subjects,
    /// Why there is no connection. For who waits for the first.
    pub problem: Arc<Mutex<Option<EngineError>>>,
    pub unfinished: Mutex<Option<Unfinished>>,
}

impl Lane {
    pub async fn run(self) {
        let mut tries = 0;
        while !self.relay.is_ended() {
            self.drop_old();
            self.relay.bus.say(self.relay.id);
            let was_up = match self.connect().await {
                Ok(link) => {
                    let problem = self.serve(link).await;
                    let was_up = self.went_away();
                    // Not on the next connection, which may be hours away.
                    self.take_records(&mut Turn::default()).await;
                    let Some(problem) = problem else { return };
                    self.report(problem, was_up);
                    was_up
                }
                Err(problem) => {
                    self.report(problem, false);
                    false
                }
            };
            if self.relay.is_ended() {
                return;
            }
            tries = if was_up { 0 } else { tries + 1 };
            tokio::select! {
                biased;
                () = sleep(pause(tries, self.engine.random())) => {}
                () = self.relay.ended.notified() => return,
            }
        }
    }

    /// What has waited for too long, and answers that nobody waits for any more.
    fn drop_old(&self) {
        let dropped = self.relay.queue.drop_old(Instant::now());
        self.relay.bus.refused_away.add(dropped as u64);
        self.relay.queue.drop_answers();
    }

    async fn connect(&self) -> Result<Link, EngineError> {
        let call = timeout(CALL_TIMEOUT, self.engine.connect(&self.subjects));
        tokio::select! {
            biased;
            connected = call => connected.unwrap_or_else(|_| Err(EngineError::new("the bus does not answer"))),
            () = self.relay.ended.notified() => Err(EngineError::new("the node is no more")),
        }
    }

    /// `None` if the node is no more.
    async fn serve(&self, link: Link) -> Option<EngineError> {
        let Link { mut publisher, mut inbound, longest } = link;
        let (relay, now) = (&self.relay, Instant::now());
        relay.set_longest(longest.saturating_sub(OVERHEAD));
        relay.queue.set_longest(longest.saturating_sub(HEAD));
        relay.echo.begin();
        self.drop_old();
        let work = async {
            let ended = tokio::select! {
                biased;
                ended = self.write(&mut *publisher) => ended,
                ended = self.read(&mut *inbound) => ended,
                ended = self.beat(now) => ended,
                ended = self.ask() => ended,
            };
            match ended {
                Ok(never) => match never {},
                Err(problem) => problem,
            }
        };
        tokio::pin!(work);
        tokio::select! {
            biased;
            problem = &mut work => return Some(problem),
            () = relay.ended.notified() => {}
        }
        relay.say_goodbye();
        tokio::select! {
            biased;
            _ = &mut work => {}
            _ = timeout(GOODBYE_TIMEOUT, relay.flushed()) => {}
        }
        None
    }

    async fn write(&self, publisher: &mut dyn Publisher) -> Result<Infallible, EngineError> {
        let relay = &*self.relay;
        for parcel in relay.echo.again(relay.settings.queue_age, Instant::now()) {
            publish(publisher, Subject::Lane, parcel).await?;
        }
        // As many parcels a second as nodes like to read, and some at once: what is little never waits.
        let mut pace = Pace::new(Instant::now());
        let mut begun = None;
        loop {
            let step = relay.settings.gather * relay.gathered_for();
            let most = relay.settings.gather * MOST_GATHERED;
            // First, so that what comes meanwhile wakes nobody.
            pace.may_leave(step).await;
            if begun.is_none() {
                relay.queue.filled().await;
            }
            self.write_answers(publisher, relay.queue.take_answers()).await?;
            begun = self.write_owed(publisher, begun).await?;
            // One that is full is followed at once; what comes meanwhile is gathered.
            let mut messages = 0;
            while let Some(batch) = relay.queue.take(PARCEL_BYTES) {
                messages += batch.records.len();
                let is_full = batch.is_full;
                self.write_batch(publisher, batch).await?;
                if !is_full {
                    break;
                }
            }
            if let Some((next, greeting)) = relay.queue.take_greeting() {
                let mut writer = ParcelWriter::new(relay.id, Numbered::Before(next));
                writer.push(&greeting);
                relay.echo.greeted(Instant::now());
                publish(publisher, Subject::Lane, writer.finish()).await?;
            }
            pace.leaves(step, most, messages);
        }
    }

    async fn write_batch(&self, publisher: &mut dyn Publisher, batch: Batch) -> Result<(), EngineError> {
        let relay = &*self.relay;
        let Batch { first, records, bytes, .. } = batch;
        let mut writer = ParcelWriter::with_capacity(relay.id, Numbered::From(first), bytes);
        for record in &records {
            writer.push(&record.outbound);
        }
        let (count, parcel) = (records.len() as u64, writer.finish());
        // Before it is published, so that it is published again if that fails.
        relay.echo.published(first + count - 1, &parcel, Instant::now());
        relay.bus.sent.add(count);
        relay.bus.parcels.add(1);
        relay.bus.bytes.add(parcel.len() as u64);
        let published = publish(publisher, Subject::Lane, parcel).await;
        relay.queue.end_batch(records);
        published?;
        relay.echo.has_room().await;
        Ok(())
    }

    /// Those for one node that follow each other are one parcel.
    async fn write_answers(&self, publisher: &mut dyn Publisher, answers: VecDeque<Answer>) -> Result<(), EngineError> {
        let most = PARCEL_BYTES.min(self.relay.queue.longest());
        let mut answers = answers.into_iter().peekable();
        while let Some(first) = answers.next() {
            let (node, mut bytes) = (first.node, record_bytes(&first.outbound));
            let mut written = vec![first];
            while let Some(next) = answers.next_if(|next| {
                bytes += record_bytes(&next.outbound);
                next.node == node && bytes <= most
            }) {
                written.push(next);
            }
            let mut writer = ParcelWriter::new(self.relay.id, Numbered::Not);
            written.iter().for_each(|answer| writer.push(&answer.outbound));
            publish(publisher, Subject::Node(&node.to_string()), writer.finish()).await?;
        }
        Ok(())
    }

    /// Says hello, and notices that nothing is heard.
    async fn beat(&self, connected: Instant) -> Result<Infallible, EngineError> {
        let relay = &*self.relay;
        let mut ticks = interval(HELLO_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            if let Some(node) = self.node.upgrade() {
                relay.say_hello(&node);
            }
            relay.bus.say(relay.id);
            self.ask_once_more(now).await;
            if *relay.bus.state.borrow() == BusState::Up {
                relay.wake_if(relay.nodes.look(now));
            }
            let heard = relay.echo.last_heard().unwrap_or(connected);
            if now.duration_since(heard) > DEAF_AFTER {
                return Err(EngineError::new("what this node says does not come back"));
            }
        }
    }

    /// Returns whether the bus was there until now.
    fn went_away(&self) -> bool {
        let relay = &*self.relay;
        let now = Instant::now();
        let was_up = relay.bus.state.send_if_modified(|state| {
            let was_up = *state == BusState::Up;
            if was_up {
                *state = BusState::Away { since: now.into_std() };
            }
            was_up
        });
        if was_up {
            relay.queue.went_away(now);
            relay.asks.bus_went_away();
            relay.bus.disconnects.add(1);
        }
        was_up
    }

    fn report(&self, problem: EngineError, was_up: bool) {
        if was_up {
            tracing::warn!(node = %self.relay.id, error = %problem, "the bus is away");
        } else {
            tracing::debug!(node = %self.relay.id, error = %problem, "the bus is still away");
        }
        *self.problem.lock() = Some(problem);
    }
}

/// Whatever ended it, its runtime or a panic: nothing is published any more.
impl Drop for Lane {
    fn drop(&mut self) {
        self.went_away();
        self.relay.close();
        self.relay.bus.say(self.relay.id);
    }
}

/// A parcel whose records are done up to here.
#[derive(Clone)]
pub(super) struct Unfinished {
    pub parcel: Bytes,
    pub done: usize,
}

pub(super) async fn publish(
    publisher: &mut dyn Publisher,
    subject: Subject<'_>,
    parcel: Bytes,
) -> Result<(), EngineError> {
    let published = timeout(CALL_TIMEOUT, publisher.publish(subject, parcel)).await;
    published.unwrap_or_else(|_| Err(EngineError::new("the bus takes nothing")))
}
