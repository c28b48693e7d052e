//! What a connection, a room and a user hold on the heap, in a cluster and out of one.

use std::io;

use super::Extent;
use crate::bus::Bus;
use crate::client::Member;
use crate::node::{Answer, Order};
use crate::process::Process;
use crate::table::Line;

/// Bytes: less than a pointer, the least that a piece could hold more. What tables keep in reserve differs by chance.
const MOST: f64 = 7.0;

/// One after another, each with what is new in it: many connections of one user in one room, many rooms, many users.
const STEPS: [(&str, bool, bool); 3] = [("connection", false, false), ("room", true, false), ("user", false, true)];

pub fn lines(extent: &Extent) -> io::Result<Vec<Line>> {
    let alone = bytes(extent, None)?;
    let mut lines = Vec::new();
    for kind in &extent.kinds {
        let bus = Bus::start(*kind)?;
        let clustered = bytes(extent, Some(&bus))?;
        for ((what, ..), (alone, clustered)) in STEPS.iter().zip(alone.iter().zip(clustered)) {
            let more = clustered - alone;
            lines.push(Line {
                what: format!("heap of a {what} in a cluster, beside {alone:.0} bytes alone"),
                bus: Some(*kind),
                measured: format!("{more:+.1} bytes"),
                target: Some((more, MOST)),
            });
        }
    }
    Ok(lines)
}

fn bytes(extent: &Extent, bus: Option<&Bus>) -> io::Result<Vec<f64>> {
    let mut bytes = Vec::new();
    for (_, rooms, users) in STEPS {
        let mut node = Process::start(bus)?;
        let open = |node: &Process, number: usize| {
            let (room, user) = (if rooms { number } else { 0 }, if users { number } else { 0 });
            Member::open(node.addr, &format!("/ws/{room}?user={user}"))
        };
        let mut members = vec![open(&node, 0)?];
        let before = heap(&mut node, 1)?;
        for number in 1..=extent.connections {
            members.push(open(&node, number)?);
        }
        bytes.push((heap(&mut node, members.len())? - before) / extent.connections as f64);
    }
    // What rooms and users add to the connections, which both have.
    let connection = bytes[0];
    bytes[1..].iter_mut().for_each(|each| *each -= connection);
    Ok(bytes)
}

fn heap(node: &mut Process, connections: usize) -> io::Result<f64> {
    match node.ask(&Order::Heap { connections })? {
        Answer::Heap(bytes) => Ok(bytes as f64),
        other => Err(io::Error::other(format!("not the heap: {other:?}"))),
    }
}
