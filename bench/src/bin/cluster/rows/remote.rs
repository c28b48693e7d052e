//! How much later a member on another node hears than one on the sender's.

use std::io;
use std::thread;
use std::time::Instant;

use super::Extent;
use crate::bus::Bus;
use crate::client::Member;
use crate::node::{Order, ROOM};
use crate::process::{Process, cpu};
use crate::table::{Line, percentile};

/// Milliseconds, of the median.
const MOST: f64 = 0.3;

struct Load {
    name: &'static str,
    /// The time between parcels, in milliseconds.
    gather: u64,
    /// What is sent a second into rooms that nobody is in, and into that of both members.
    empty: u64,
    room: u64,
    target: Option<f64>,
}

const LOADS: [Load; 3] = [
    Load { name: "quiet (100 a second)", gather: 1, empty: 0, room: 100, target: Some(MOST) },
    Load { name: "10,000 a second", gather: 1, empty: 10_000, room: 200, target: Some(MOST) },
    Load { name: "10,000 a second, `gather` 0", gather: 0, empty: 10_000, room: 200, target: None },
];

pub fn lines(extent: &Extent) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for kind in &extent.kinds {
        let bus = Bus::start(*kind)?;
        for Load { name, gather, empty, room, target } in LOADS {
            let mut from = Process::start_gathering(&bus, gather)?;
            let to = Process::start_gathering(&bus, gather)?;
            let seconds = extent.seconds * 2.0;
            let messages = (seconds * room as f64) as usize;
            let open = |node: &Process| Member::open(node.addr, &format!("/ws/{ROOM}?user=1"));
            let (here, there) = (open(&from)?, open(&to)?);
            let here = thread::spawn(move || here.times(messages));
            let there = thread::spawn(move || there.times(messages));
            let pids = [from.pid(), to.pid()];
            let before = cpu(&pids)?;
            from.ask(&Order::Send { empty, room, seconds })?;
            let here = here.join().expect("it returns errors")?;
            let there = there.join().expect("it returns errors")?;
            let cpu = (cpu(&pids)? - before) / (seconds * (empty + room) as f64);
            let cost = if empty > 0 { format!(", {cpu:.1} µs of CPU a message on both nodes") } else { String::new() };
            let mut later: Vec<f64> =
                here.iter().zip(&there).map(|(here, there)| milliseconds(*here, *there)).collect();
            let (p50, p99) = (percentile(&mut later, 0.5), percentile(&mut later, 0.99));
            lines.push(Line {
                what: format!("a remote member hears after the local one, {name}"),
                bus: Some(*kind),
                measured: format!("p50 {p50:.2} ms, p99 {p99:.2} ms{cost}"),
                target: target.map(|most| (p50, most)),
            });
        }
    }
    Ok(lines)
}

fn milliseconds(from: Instant, to: Instant) -> f64 {
    match to.checked_duration_since(from) {
        Some(later) => later.as_secs_f64() * 1e3,
        None => -(from - to).as_secs_f64() * 1e3,
    }
}
