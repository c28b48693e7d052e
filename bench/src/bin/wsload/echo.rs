//! Requests and their answers.

use std::io;

use crate::engine::{Delivery, Engine, Event};
use crate::order::Log;
use crate::payload::Mark;
use crate::run::Scenario;

pub struct Echo {
    /// How many requests each connection has sent, and the last whose answer it has seen.
    sent: Vec<u64>,
    last: Vec<u64>,
    /// Who may ask once more, as often as it stands here.
    idle: Vec<usize>,
    outstanding: u64,
}

impl Echo {
    /// Each of so many connections keeps so many requests under way.
    pub fn new(connections: usize, depth: usize) -> Self {
        let idle = (0..connections).flat_map(|connection| std::iter::repeat_n(connection, depth)).collect();
        Self { sent: vec![0; connections], last: vec![0; connections], idle, outstanding: 0 }
    }
}

impl Scenario for Echo {
    const UNIT: &'static str = "requests";

    fn begin(&mut self, _: u64) {}

    fn send(&mut self, engine: &mut Engine) -> io::Result<Option<u64>> {
        let time = engine.now();
        for connection in self.idle.drain(..) {
            self.sent[connection] += 1;
            self.outstanding += 1;
            engine.echo(connection, Mark { seq: self.sent[connection], time, source: 0 });
        }
        Ok(None)
    }

    fn receive(&mut self, event: Event, _: &mut Engine, log: &mut Log) {
        let Event::Delivery(Delivery { connection, mark, now }) = event else { return };
        log.see(&mut self.last[connection], mark.seq);
        log.count(mark.time, now);
        self.outstanding = self.outstanding.saturating_sub(1);
        self.idle.push(connection);
    }

    fn outstanding(&self) -> u64 {
        self.outstanding
    }
}
