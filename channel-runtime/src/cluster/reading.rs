//! The lane's reading half: counts what comes, and does what it says.

use std::convert::Infallible;

use bytes::Bytes;
use tokio::time::Instant;

use super::counters::BusState;
use super::engine::{EngineError, Inbound};
use super::inbound;
use super::lane::{Lane, Unfinished};
use super::nodes::{Arrival, Hello};
use super::wire::{Content, Head, Numbered, Parcel, Record};
use crate::connection::contained::{Panicked, contain};
use crate::connection::turn::Turn;

impl Lane {
    pub(super) async fn read(&self, inbound: &mut dyn Inbound) -> Result<Infallible, EngineError> {
        let mut turn = Turn::default();
        loop {
            self.take_records(&mut turn).await;
            let parcel = inbound.next().await?;
            if inbound.has_dropped() {
                // Answers of other nodes, perhaps, and questions.
                self.relay.asks.ask_again();
                self.relay.asks.refuse();
            }
            if let Some(done) = self.open(&parcel) {
                *self.unfinished.lock() = Some(Unfinished { parcel, done });
            }
        }
    }

    /// Does what the latest parcel says. Its records were counted when it came, so that those left when the connection ends are done
    /// behind it.
    pub(super) async fn take_records(&self, turn: &mut Turn) {
        let unfinished = self.unfinished.lock().clone();
        let (Some(Unfinished { parcel, mut done }), Some(node)) = (unfinished, self.node.upgrade()) else { return };
        let records = Parcel::parse(&parcel).expect("it was read when it came");
        let from = records.head.node;
        for record in records.skip(done) {
            turn.count_input();
            match record {
                // Envelopes and notices are the app's code.
                Ok(record) => match contain(|| inbound::take(&node, &self.relay, from, &record)) {
                    Ok(clients) => turn.count_recipients(clients),
                    Err(Panicked) => tracing::error!(node = %from, "a message of another node caused a panic"),
                },
                Err(_) => self.relay.bus.foreign.add(1),
            }
            done += 1;
            if turn.is_over() {
                *turn = Turn::default();
                if let Some(unfinished) = &mut *self.unfinished.lock() {
                    unfinished.done = done;
                }
                tokio::task::yield_now().await;
            }
        }
        *self.unfinished.lock() = None;
    }

    /// Counts it. Returns how many of its records were here before, or `None` if there is nothing in it for this node.
    fn open(&self, bytes: &Bytes) -> Option<usize> {
        let (relay, now) = (&*self.relay, Instant::now());
        let Ok(records) = Parcel::parse(bytes) else {
            relay.bus.foreign.add(1);
            return None;
        };
        let Head { node: from, numbered, count } = records.head;
        // What is not numbered is a hello, and tells what was said before it.
        let (first, count) = match numbered {
            Numbered::From(first) => (first, count),
            Numbered::Before(next) => (next, 0),
            Numbered::Not => return Some(0),
        };
        if from == relay.id {
            match numbered {
                Numbered::Before(next) => self.greeting_came_back(next, records, now),
                _ => self.came_back((first + u64::from(count)).saturating_sub(1), now),
            }
            return None;
        }
        match relay.nodes.arrive(from, first, count, now) {
            Arrival::Stranger => {
                relay.bus.foreign.add(u64::from(count));
                None
            }
            Arrival::New => {
                relay.bus.received.add(u64::from(count));
                // So that it knows this node at once, and not within a second.
                if let Some(node) = self.node.upgrade() {
                    relay.say_hello(&node);
                }
                Some(0)
            }
            Arrival::Known { duplicates, lost } => {
                relay.bus.duplicates.add(u64::from(duplicates));
                relay.bus.received.add(u64::from(count - duplicates));
                relay.count_lost(from, lost);
                Some(duplicates as usize)
            }
        }
    }

    /// Something that this node has said.
    fn came_back(&self, last: u64, now: Instant) {
        let relay = &*self.relay;
        if let Some(took) = relay.echo.hear(last, now) {
            relay.bus.echo_micros.set(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// If it was said on this connection, the bus takes what is said, and is heard. What was said on the one before may be late.
    fn greeting_came_back(&self, next: u64, mut records: Parcel<'_>, now: Instant) {
        let relay = &*self.relay;
        let Some(Ok(Record { content: Content::Hello(json), .. })) = records.next() else { return };
        let is_of_this =
            serde_json::from_slice::<Hello>(json).is_ok_and(|hello| hello.connection == relay.echo.connection());
        if !is_of_this {
            return;
        }
        // What was said before it is back, too, or was given up.
        relay.echo.hear(next.saturating_sub(1), now);
        if let Some(took) = relay.echo.hear_greeting(now) {
            relay.bus.echo_micros.set(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        if *relay.bus.state.borrow() != BusState::Up {
            relay.queue.came_back();
            relay.nodes.begin(now);
            relay.bus.state.send_replace(BusState::Up);
            relay.asks.ask_again();
            tracing::info!(node = %relay.id, "the bus is there");
        }
    }
}
