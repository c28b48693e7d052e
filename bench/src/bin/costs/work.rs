//! What is counted, and by what load.

use std::io;
use std::net::SocketAddr;

use crate::client::Client;

pub struct Work {
    pub name: &'static str,
    /// How many units come before anything is counted: tables and buffers have their size then.
    pub warm: usize,
    pub units: usize,
    /// How many of what the name says are in a unit.
    pub each: f64,
    pub begin: fn(SocketAddr) -> io::Result<Box<dyn Run>>,
}

pub trait Run {
    /// Has the server do so many units of it.
    fn units(&mut self, count: usize) -> io::Result<()>;
}

const DEPTH: usize = 16;
const MEMBERS: usize = 100;

pub const WORK: [Work; 4] = [
    Work {
        name: "connect .. close",
        warm: 50,
        units: 300,
        each: 1.0,
        begin: |addr| Ok(Box::new(Connects { addr, _other: Client::open(addr)? })),
    },
    Work { name: "echo, one at a time", warm: 50, units: 1000, each: 1.0, begin: |addr| Echoes::begin(addr, 1) },
    Work {
        name: "echo, sixteen at a time",
        warm: 50,
        units: 200,
        each: DEPTH as f64,
        begin: |addr| Echoes::begin(addr, DEPTH),
    },
    Work { name: "delivery in a room of 100", warm: 20, units: 100, each: MEMBERS as f64, begin: Broadcasts::begin },
];

/// As long as the benchmark's messages.
fn text() -> String {
    "x".repeat(100)
}

struct Connects {
    addr: SocketAddr,
    /// Keeps the room open.
    _other: Client,
}

impl Run for Connects {
    fn units(&mut self, count: usize) -> io::Result<()> {
        (0..count).try_for_each(|_| Client::open(self.addr)?.close())
    }
}

struct Echoes {
    client: Client,
    depth: usize,
    text: String,
}

impl Echoes {
    fn begin(addr: SocketAddr, depth: usize) -> io::Result<Box<dyn Run>> {
        let text = format!(r#"{{"type":"echo","id":7,"text":"{}"}}"#, text());
        Ok(Box::new(Self { client: Client::open(addr)?, depth, text }))
    }
}

impl Run for Echoes {
    fn units(&mut self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            self.client.send(&self.text, self.depth)?;
            self.client.receive(self.depth)?;
        }
        Ok(())
    }
}

struct Broadcasts {
    members: Vec<Client>,
    text: String,
}

impl Broadcasts {
    fn begin(addr: SocketAddr) -> io::Result<Box<dyn Run>> {
        let members = (0..MEMBERS).map(|_| Client::open(addr)).collect::<io::Result<_>>()?;
        Ok(Box::new(Self { members, text: format!(r#"{{"type":"chat","text":"{}"}}"#, text()) }))
    }
}

impl Run for Broadcasts {
    fn units(&mut self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            self.members[0].send(&self.text, 1)?;
            self.members.iter_mut().try_for_each(|member| member.receive(1))?;
        }
        Ok(())
    }
}
