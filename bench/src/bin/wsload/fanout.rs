//! One room, of which the first member publishes.

use std::io;

use crate::engine::{Delivery, Engine, Event};
use crate::order::Log;
use crate::payload::Mark;
use crate::run::Scenario;

pub struct Fanout {
    members: usize,
    pace: Pace,
    seq: u64,
    /// The last message that each member has seen.
    last: Vec<u64>,
    receivers: u64,
    outstanding: u64,
}

enum Pace {
    /// At most so many messages that not all have seen.
    Window {
        size: u64,
        /// All have seen the messages up to this one.
        complete: u64,
        /// How many have to see each of the messages after that, at its number modulo this length, a power of two.
        left: Vec<u64>,
    },
    /// So many messages a second, each timed from when it was due.
    Rate { interval: f64, start: u64, sent: u64 },
}

impl Fanout {
    /// Of connections 0 up to `members`. The rate is in messages a second; 0 is a closed loop with this window.
    pub fn new(members: usize, window: u64, rate: f64, hears_itself: bool) -> Self {
        let pace = if rate > 0.0 {
            Pace::Rate { interval: 1e9 / rate, start: 0, sent: 0 }
        } else {
            Pace::Window { size: window, complete: 0, left: vec![0; window.next_power_of_two() as usize] }
        };
        let receivers = if hears_itself { members } else { members - 1 } as u64;
        Self { members, pace, seq: 0, last: vec![0; members], receivers, outstanding: 0 }
    }

    pub fn has_member(&self, connection: usize) -> bool {
        connection < self.members
    }

    fn publish(&mut self, engine: &mut Engine, time: u64) {
        self.seq += 1;
        self.outstanding += self.receivers;
        engine.publish(0, Mark { seq: self.seq, time, source: 0 });
    }
}

impl Scenario for Fanout {
    const UNIT: &'static str = "deliveries";

    fn begin(&mut self, now: u64) {
        if let Pace::Rate { start, sent, .. } = &mut self.pace {
            (*start, *sent) = (now, 0);
        }
    }

    fn send(&mut self, engine: &mut Engine) -> io::Result<Option<u64>> {
        let now = engine.now();
        loop {
            let time = match &mut self.pace {
                Pace::Window { size, complete, left } => {
                    if self.seq - *complete >= *size {
                        return Ok(None);
                    }
                    let slot = (self.seq + 1) as usize & (left.len() - 1);
                    left[slot] = self.receivers;
                    now
                }
                Pace::Rate { interval, start, sent } => {
                    let due = *start + (*sent as f64 * *interval) as u64;
                    if due > now {
                        return Ok(Some(due));
                    }
                    *sent += 1;
                    due
                }
            };
            self.publish(engine, time);
        }
    }

    fn receive(&mut self, event: Event, _: &mut Engine, log: &mut Log) {
        let Event::Delivery(Delivery { connection, mark, now }) = event else { return };
        log.see(&mut self.last[connection], mark.seq);
        log.count(mark.time, now);
        self.outstanding = self.outstanding.saturating_sub(1);
        if let Pace::Window { complete, left, .. } = &mut self.pace {
            let mask = left.len() - 1;
            let slot = &mut left[mark.seq as usize & mask];
            *slot = slot.saturating_sub(1);
            while *complete < self.seq && left[(*complete + 1) as usize & mask] == 0 {
                *complete += 1;
            }
        }
    }

    fn outstanding(&self) -> u64 {
        self.outstanding
    }
}
