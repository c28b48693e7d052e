//! What a message costs that no member of the other node's hears.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::Extent;
use crate::bus::Bus;
use crate::node::{Answer, Kind, Order};
use crate::process::{Process, cpu};
use crate::table::{Line, median};

/// Messages a second, and the targets in microseconds: of what relaying adds to sending on both nodes, and of the bus.
const RATES: [(u64, Option<(f64, f64)>); 3] = [(2_000, None), (20_000, Some((2.0, 2.5))), (100_000, Some((0.8, 0.7)))];

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Above it the other framework does not get.
#[cfg(feature = "socketioxide")]
const MOST_OF_OTHER: u64 = 20_000;

/// Two nodes and their bus.
struct Pair {
    /// In the table's words. Empty for ours.
    who: &'static str,
    most: u64,
    bus: Bus,
    from: Process,
    to: Process,
}

/// Microseconds of CPU of one message, in each round.
#[derive(Default)]
struct Used {
    nodes: Vec<f64>,
    bus: Vec<f64>,
    /// Messages in a parcel.
    gathered: Vec<f64>,
}

impl Pair {
    fn all(extent: &Extent) -> io::Result<Vec<Self>> {
        let mut pairs = Vec::new();
        for kind in &extent.kinds {
            let bus = Bus::start(*kind)?;
            let (from, to) = (Process::start(Some(&bus))?, Process::start(Some(&bus))?);
            pairs.push(Self { who: "", most: u64::MAX, bus, from, to });
            #[cfg(feature = "socketioxide")]
            if *kind == Kind::Redis {
                let bus = Bus::start(*kind)?;
                let (from, to) = (Process::start_other(&bus)?, Process::start_other(&bus)?);
                pairs.push(Self { who: "by socketioxide, ", most: MOST_OF_OTHER, bus, from, to });
            }
        }
        Ok(pairs)
    }

    fn turn(&mut self, order: &Order, used: &mut Used) -> io::Result<()> {
        let pids = [self.from.pid(), self.to.pid()];
        let ours = self.who.is_empty();
        let (heard, parcels) = if ours { (self.to.received()?, self.from.parcels()?) } else { (0, 0) };
        let before = (cpu(&pids)?, cpu(&[self.bus.pid()])?);
        let messages = sent(&self.from.ask(order)?)?;
        let begun = Instant::now();
        while !self.has_heard(heard + messages)? {
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("messages did not come"));
            }
        }
        used.nodes.push((cpu(&pids)? - before.0) / messages as f64);
        if ours {
            used.gathered.push(messages as f64 / (self.from.parcels()? - parcels) as f64);
        }
        used.bus.push((cpu(&[self.bus.pid()])? - before.1) / messages as f64);
        Ok(())
    }

    /// Of the other framework's node it is only known whether it still works.
    fn has_heard(&mut self, messages: u64) -> io::Result<bool> {
        let before = cpu(&[self.to.pid()])?;
        thread::sleep(Duration::from_millis(20));
        match self.who {
            "" => Ok(self.to.received()? >= messages),
            _ => Ok(cpu(&[self.to.pid()])? - before < 100.0),
        }
    }
}

pub fn lines(extent: &Extent) -> io::Result<Vec<Line>> {
    let mut alone = Process::start(None)?;
    let mut pairs = Pair::all(extent)?;
    let mut lines = Vec::new();
    for (rate, targets) in RATES {
        let order = Order::Send { empty: rate, room: 0, seconds: extent.seconds };
        let mut sending = Vec::new();
        let mut relaying: Vec<_> = pairs.iter().map(|_| Used::default()).collect();
        for _ in 0..extent.rounds {
            let before = cpu(&[alone.pid()])?;
            let messages = sent(&alone.ask(&order)?)?;
            sending.push((cpu(&[alone.pid()])? - before) / messages as f64);
            for (pair, used) in pairs.iter_mut().zip(&mut relaying).filter(|(pair, _)| rate <= pair.most) {
                pair.turn(&order, used)?;
            }
        }
        let own = median(sending);
        lines.push(line(format!("{rate} sends a second, CPU of one"), None, own, None));
        for (pair, used) in pairs.iter().zip(relaying).filter(|(pair, _)| rate <= pair.most) {
            let (who, kind, nodes) = (pair.who, Some(pair.bus.kind), median(used.nodes));
            let targets = targets.filter(|_| who.is_empty());
            lines.push(line(format!("{rate} a second relayed, {who}CPU of one on both nodes"), kind, nodes, None));
            if who.is_empty() {
                let (more, gathered) = (nodes - own, median(used.gathered));
                let what = format!("{rate} a second relayed, CPU of one on both nodes beyond that of sending it");
                let mut relayed = line(what, kind, more, targets.map(|(nodes, _)| nodes));
                relayed.measured += &format!("; {gathered:.1} a parcel");
                lines.push(relayed);
            }
            let what = format!("{rate} a second relayed, {who}CPU of one on the bus");
            lines.push(line(what, kind, median(used.bus), targets.map(|(_, bus)| bus)));
        }
    }
    Ok(lines)
}

fn line(what: String, bus: Option<Kind>, micros: f64, target: Option<f64>) -> Line {
    Line { what, bus, measured: format!("{micros:.2} µs"), target: target.map(|most| (micros, most)) }
}

fn sent(answer: &Answer) -> io::Result<u64> {
    match answer {
        Answer::Sent { messages, refused: 0 } if *messages > 0 => Ok(*messages),
        other => Err(io::Error::other(format!("not all was taken: {other:?}"))),
    }
}
