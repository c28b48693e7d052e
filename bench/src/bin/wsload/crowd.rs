//! Small rooms beside a big one that is written to without pause: how long do theirs take?

use std::io;

use crate::engine::{Engine, Event};
use crate::fanout::Fanout;
use crate::order::Log;
use crate::rooms::Rooms;
use crate::run::Scenario;

/// Counts the crowd's deliveries, and times those of the small rooms.
pub struct Crowd {
    crowd: Fanout,
    small: Rooms,
    /// How long the crowd's take is not asked.
    log: Log,
}

impl Crowd {
    /// The crowd has the first connections, the rooms the next.
    pub fn new(crowd: Fanout, small: Rooms) -> Self {
        Self { crowd, small, log: Log::new() }
    }
}

impl Scenario for Crowd {
    const UNIT: &'static str = "deliveries";

    fn begin(&mut self, now: u64) {
        self.crowd.begin(now);
        self.small.begin(now);
    }

    fn send(&mut self, engine: &mut Engine) -> io::Result<Option<u64>> {
        self.crowd.send(engine)?;
        self.small.send(engine)
    }

    fn receive(&mut self, event: Event, engine: &mut Engine, log: &mut Log) {
        let Event::Delivery(delivery) = &event else { return };
        let seen = log.units;
        if self.crowd.has_member(delivery.connection) {
            self.crowd.receive(event, engine, &mut self.log);
            log.units = seen + 1;
            log.check.skipped += std::mem::take(&mut self.log.check.skipped);
            log.check.late += std::mem::take(&mut self.log.check.late);
        } else {
            self.small.receive(event, engine, log);
            log.units = seen;
        }
    }

    fn outstanding(&self) -> u64 {
        self.crowd.outstanding() + self.small.outstanding()
    }
}
