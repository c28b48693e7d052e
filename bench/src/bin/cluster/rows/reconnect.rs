//! How long a node needs when its bus is there again, whatever the number of its rooms.

use std::io;
use std::ops::RangeInclusive;
use std::time::Instant;

use super::Extent;
use crate::bus::Bus;
use crate::client::Member;
use crate::node::{Order, ROOM, TOPICS_EACH};
use crate::process::{Process, cpu};
use crate::table::{Line, median};

const MANY: u64 = 100_000;

pub fn lines(extent: &Extent) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for kind in &extent.kinds {
        let mut bus = Bus::start(*kind)?;
        let mut node = Process::start(Some(&bus))?;
        let mut members = vec![Member::open(node.addr, &format!("/ws/{ROOM}?user=0"))?];
        let few = restarts(1..=extent.restarts, &mut bus, &mut node)?;
        for user in 0..MANY / TOPICS_EACH {
            members.push(Member::open(node.addr, &format!("/ws/{ROOM}?user={user}&topics=yes"))?);
        }
        node.ask(&Order::Heap { connections: members.len() })?;
        let many = restarts(extent.restarts + 1..=extent.restarts * 2, &mut bus, &mut node)?;
        for (rooms, (milliseconds, micros)) in [(1, few), (MANY, many)] {
            lines.push(Line {
                what: format!("bus there again until `Up`, {rooms} rooms"),
                bus: Some(*kind),
                measured: format!("{milliseconds:.0} ms, {:.1} ms of CPU", micros / 1e3),
                target: None,
            });
        }
    }
    Ok(lines)
}

/// Milliseconds from when the bus listened, and microseconds of the node's CPU. Medians: how long a node waits between two tries is
/// random.
fn restarts(numbers: RangeInclusive<u64>, bus: &mut Bus, node: &mut Process) -> io::Result<(f64, f64)> {
    let (mut times, mut cpus) = (Vec::new(), Vec::new());
    for number in numbers {
        node.begin(&Order::Back { times: number })?;
        let before = cpu(&[node.pid()])?;
        let back = bus.restart();
        node.answer()?;
        times.push(Instant::now().duration_since(back).as_secs_f64() * 1e3);
        cpus.push(cpu(&[node.pid()])? - before);
    }
    Ok((median(times), median(cpus)))
}
