//! Clients that connect, join, say something, hear it, and close.

use std::collections::HashMap;
use std::io;

use crate::connection::Seat;
use crate::engine::{Engine, Event};
use crate::order::Log;
use crate::payload::Mark;
use crate::run::Scenario;

pub struct Churn {
    at_once: usize,
    /// The next client's room, which nobody else has.
    room: u32,
    /// When each connection that is there began.
    begun: HashMap<usize, u64>,
}

impl Churn {
    pub fn new(at_once: usize) -> Self {
        Self { at_once, room: 0, begun: HashMap::new() }
    }
}

impl Scenario for Churn {
    const UNIT: &'static str = "cycles";

    fn begin(&mut self, _: u64) {}

    fn send(&mut self, engine: &mut Engine) -> io::Result<Option<u64>> {
        while self.begun.len() < self.at_once {
            let connection = engine.connect(Seat { room: self.room, member: 0, urgent: false, stalls: false })?;
            self.begun.insert(connection, engine.now());
            self.room += 1;
        }
        Ok(None)
    }

    fn receive(&mut self, event: Event, engine: &mut Engine, log: &mut Log) {
        match event {
            Event::Joined(connection) => engine.publish(connection, Mark { seq: 1, time: engine.now(), source: 0 }),
            Event::Delivery(delivery) => engine.close(delivery.connection),
            Event::Ended { connection, clean } => {
                if let Some(begun) = self.begun.remove(&connection)
                    && clean
                {
                    log.count(begun, engine.now());
                }
            }
        }
    }

    fn outstanding(&self) -> u64 {
        self.begun.len() as u64
    }
}
