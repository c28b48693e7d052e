//! A room of 1000 on two nodes, beside the same on one.

use std::io;

use super::Extent;
use crate::bus::Bus;
use crate::client::{Crowd, Member};
use crate::node::{ROOM, said};
use crate::process::{Process, cpu};
use crate::table::{Line, median};

const MEMBERS: usize = 1000;
const UNDER_WAY: usize = 16;
const WARM: usize = 100;
const MOST: f64 = 1.10;

struct Side {
    /// `None` for the node alone.
    bus: Option<Bus>,
    nodes: Vec<Process>,
    crowd: Crowd,
    micros: Vec<f64>,
    /// Messages in a parcel.
    gathered: Vec<f64>,
}

impl Side {
    fn start(bus: Option<Bus>) -> io::Result<Self> {
        let count = if bus.is_some() { 2 } else { 1 };
        let nodes = (0..count).map(|_| Process::start(bus.as_ref())).collect::<io::Result<Vec<_>>>()?;
        let members = (0..MEMBERS).map(|member| {
            let node = &nodes[member * count / MEMBERS];
            Member::open(node.addr, &format!("/ws/{ROOM}?user={member}"))
        });
        let crowd = Crowd::new(members.collect::<io::Result<_>>()?)?;
        Ok(Self { bus, nodes, crowd, micros: Vec::new(), gathered: Vec::new() })
    }

    fn turn(&mut self, messages: usize) -> io::Result<()> {
        let text = said();
        self.crowd.hear(&text, WARM, UNDER_WAY)?;
        let pids: Vec<_> = self.nodes.iter().map(Process::pid).collect();
        let parcels = self.nodes[0].parcels()?;
        let before = cpu(&pids)?;
        self.crowd.hear(&text, messages, UNDER_WAY)?;
        self.micros.push((cpu(&pids)? - before) / (messages * MEMBERS) as f64);
        self.gathered.push(messages as f64 / (self.nodes[0].parcels()? - parcels) as f64);
        Ok(())
    }
}

pub fn lines(extent: &Extent) -> io::Result<Vec<Line>> {
    let mut alone = Side::start(None)?;
    let mut sides =
        extent.kinds.iter().map(|kind| Side::start(Some(Bus::start(*kind)?))).collect::<io::Result<Vec<_>>>()?;
    for _ in 0..extent.rounds {
        alone.turn(extent.messages)?;
        for side in &mut sides {
            side.turn(extent.messages)?;
        }
    }
    let mut lines = vec![Line {
        what: format!("a room of {MEMBERS} on one node, {UNDER_WAY} under way, CPU a delivery"),
        bus: None,
        measured: format!("{:.3} µs", median(alone.micros.clone())),
        target: None,
    }];
    for side in sides {
        let ratio = median(side.micros.iter().zip(&alone.micros).map(|(two, one)| two / one).collect());
        lines.push(Line {
            what: "the same on two nodes, 500 + 500".into(),
            bus: side.bus.map(|bus| bus.kind),
            measured: format!(
                "{:.3} µs, {ratio:.2} times; {:.1} messages a parcel",
                median(side.micros),
                median(side.gathered)
            ),
            target: Some((ratio, MOST)),
        });
    }
    Ok(lines)
}
