//! Many small rooms, in which all members speak.

use std::io;

use crate::connection::Seat;
use crate::engine::{Delivery, Engine, Event};
use crate::order::Log;
use crate::payload::Mark;
use crate::run::Scenario;

pub struct Rooms {
    shape: Shape,
    pace: Pace,
    sent: Vec<u64>,
    /// The last message that each connection has seen of each member of its room.
    last: Vec<u64>,
    receivers: u64,
    outstanding: u64,
}

/// Which connection sits where.
#[derive(Clone, Copy)]
pub struct Shape {
    pub rooms: usize,
    pub members: usize,
    /// The first room's number.
    pub first_room: usize,
    pub first: usize,
}

impl Shape {
    pub fn connections(self) -> usize {
        self.rooms * self.members
    }

    /// Of the first connection and those that follow: a member for each room, then the next for each.
    pub fn seat(self, index: usize) -> Seat {
        let (room, member) = (self.first_room + index % self.rooms, index / self.rooms);
        Seat { room: room as u32, member: member as u32, urgent: false, stalls: false }
    }
}

enum Pace {
    /// In each room the next member speaks when all have seen what the last one said.
    Turns {
        /// Whose turn it is in each room.
        turn: Vec<usize>,
        left: Vec<u64>,
        quiet: Vec<usize>,
    },
    /// All members of all rooms in a fixed order that mixes the rooms, each message timed from when it was due.
    Rate { interval: f64, stride: usize, start: u64, sent: u64, speaker: usize },
}

impl Rooms {
    /// The rate is in messages a second and member; 0 is a closed loop.
    pub fn new(shape: Shape, rate: f64, hears_itself: bool) -> Self {
        let Shape { rooms, members, .. } = shape;
        let connections = shape.connections();
        let pace = if rate > 0.0 {
            let interval = 1e9 / (rate * connections as f64);
            Pace::Rate { interval, stride: stride(connections), start: 0, sent: 0, speaker: 0 }
        } else {
            Pace::Turns { turn: vec![0; rooms], left: vec![0; rooms], quiet: (0..rooms).collect() }
        };
        let receivers = if hears_itself { members } else { members - 1 } as u64;
        Self {
            shape,
            pace,
            sent: vec![0; connections],
            last: vec![0; connections * members],
            receivers,
            outstanding: 0,
        }
    }

    fn publish(&mut self, index: usize, engine: &mut Engine, time: u64) {
        self.sent[index] += 1;
        self.outstanding += self.receivers;
        let source = self.shape.seat(index).member;
        engine.publish(self.shape.first + index, Mark { seq: self.sent[index], time, source });
    }
}

impl Scenario for Rooms {
    const UNIT: &'static str = "deliveries";

    fn begin(&mut self, now: u64) {
        if let Pace::Rate { start, sent, .. } = &mut self.pace {
            (*start, *sent) = (now, 0);
        }
    }

    fn send(&mut self, engine: &mut Engine) -> io::Result<Option<u64>> {
        let now = engine.now();
        loop {
            let (index, time) = match &mut self.pace {
                Pace::Turns { turn, left, quiet } => {
                    let Some(room) = quiet.pop() else { return Ok(None) };
                    let member = turn[room];
                    turn[room] = (member + 1) % self.shape.members;
                    left[room] = self.receivers;
                    (member * self.shape.rooms + room, now)
                }
                Pace::Rate { interval, stride, start, sent, speaker } => {
                    let due = *start + (*sent as f64 * *interval) as u64;
                    if due > now {
                        return Ok(Some(due));
                    }
                    *sent += 1;
                    *speaker = (*speaker + *stride) % self.shape.connections();
                    (*speaker, due)
                }
            };
            self.publish(index, engine, time);
        }
    }

    fn receive(&mut self, event: Event, _: &mut Engine, log: &mut Log) {
        let Event::Delivery(Delivery { connection, mark, now }) = event else { return };
        let (index, source) = (connection - self.shape.first, mark.source as usize);
        if source >= self.shape.members {
            log.check.malformed += 1;
            return;
        }
        log.see(&mut self.last[index * self.shape.members + source], mark.seq);
        log.count(mark.time, now);
        self.outstanding = self.outstanding.saturating_sub(1);
        if let Pace::Turns { left, quiet, .. } = &mut self.pace {
            let room = index % self.shape.rooms;
            left[room] = left[room].saturating_sub(1);
            if left[room] == 0 {
                quiet.push(room);
            }
        }
    }

    fn outstanding(&self) -> u64 {
        self.outstanding
    }
}

/// A step that visits all of so many, far from each other in turn.
fn stride(count: usize) -> usize {
    fn common_divisor(a: usize, b: usize) -> usize {
        if b == 0 { a } else { common_divisor(b, a % b) }
    }
    let golden = (count as f64 * 0.618) as usize;
    (golden.max(1)..).find(|step| common_divisor(*step, count) == 1).expect("a prime is somewhere")
}
