//! A load client for WebSocket servers of any make: one process, one thread, a loop over epoll. It asks for what a channels
//! server does for a living, checks every answer, and charges the server by its own CPU time.
//!
//! One line of JSON goes to stdout (`bench::report::Report`). The exit status is 0 where all checks held, 1 where a message
//! was lost, doubled, late or malformed or a connection failed, and 2 where it could not run.

mod churn;
mod connection;
mod crowd;
mod dialect;
mod echo;
mod engine;
mod fanout;
mod order;
mod payload;
mod rooms;
mod run;

use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::os;
use bench::report::Report;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::connection::Seat;
use crate::engine::Engine;
use crate::payload::Payload;
use crate::rooms::Shape;
use crate::run::Run;

#[derive(Parser)]
#[command(about = "A load client for WebSocket servers", long_about = None)]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
#[command(next_help_heading = "In every scenario")]
struct Common {
    /// The server, on this machine
    #[arg(long, global = true, default_value = "127.0.0.1:9001")]
    addr: SocketAddrV4,
    /// How to speak to it, a JSON file, or `text` for our raw texts; the benchmark's own dialect unless given
    #[arg(long, global = true)]
    dialect: Option<PathBuf>,
    /// The server's processes, to be charged
    #[arg(long, global = true, value_delimiter = ',')]
    pid: Vec<u32>,
    /// The server's cores, to see whether others disturb it
    #[arg(long, global = true, value_delimiter = ',')]
    cores: Vec<usize>,
    /// The text in each message, in bytes
    #[arg(long, global = true, default_value_t = 100)]
    size: usize,
    /// The warm-up, in seconds
    #[arg(long, global = true, default_value_t = 1.0)]
    warm: f64,
    /// The measured time, in seconds
    #[arg(long, global = true, default_value_t = 3.0)]
    seconds: f64,
    /// How long to wait for what is missing at the end, in seconds
    #[arg(long, global = true, default_value_t = 5.0)]
    patience: f64,
    /// When to give up altogether, in seconds
    #[arg(long, global = true, default_value_t = 60.0)]
    max_seconds: f64,
    /// How many connections are opened at once
    #[arg(long, global = true, default_value_t = 64)]
    connecting: usize,
    /// Never sleep: for a client with a core of its own
    #[arg(long, global = true)]
    spin: bool,
}

#[derive(Subcommand, Serialize)]
#[serde(rename_all = "snake_case")]
enum Scenario {
    /// One room, of which the first member publishes
    Fanout {
        #[arg(long, default_value_t = 1000)]
        members: usize,
        /// At most so many messages that not all have seen
        #[arg(long, default_value_t = 1)]
        window: u64,
        /// Messages a second, instead of the window
        #[arg(long, default_value_t = 0.0)]
        rate: f64,
    },
    /// Many rooms, in which all members speak, in turns
    Rooms {
        #[arg(long, default_value_t = 500)]
        rooms: usize,
        #[arg(long, default_value_t = 10)]
        members: usize,
        /// Messages a second and member, instead of turns
        #[arg(long, default_value_t = 0.0)]
        rate: f64,
    },
    /// Small rooms beside one that is written to without pause; the latency is theirs alone
    Crowd {
        /// In the big room
        #[arg(long, default_value_t = 5000)]
        crowd: usize,
        #[arg(long, default_value_t = 10)]
        rooms: usize,
        /// In each small room
        #[arg(long, default_value_t = 10)]
        members: usize,
        /// Messages a second and member, in the small rooms
        #[arg(long, default_value_t = 2.0)]
        rate: f64,
    },
    /// One room, in which some members never read what the first one publishes; only the others are checked and timed
    Stalled {
        #[arg(long, default_value_t = 3)]
        members: usize,
        /// How many of the members stall, the last ones; where it is given twice, the second counts
        #[arg(long, default_value_t = 1, overrides_with = "stalled")]
        stalled: usize,
        /// Messages a second
        #[arg(long, default_value_t = 60.0)]
        rate: f64,
    },
    /// Requests and answers
    Echo {
        #[arg(long, default_value_t = 50)]
        connections: usize,
        /// Requests under way on each
        #[arg(long, default_value_t = 1)]
        depth: usize,
    },
    /// Connections that do nothing, on a server that was just started
    Idle {
        #[arg(long, default_value_t = 10_000)]
        connections: usize,
        /// In each room
        #[arg(long, default_value_t = 10)]
        members: usize,
        /// Have each ask once, and measure again
        #[arg(long)]
        touch: bool,
    },
    /// Clients that connect, join, say something, hear it, and close
    Churn {
        /// How many at a time
        #[arg(long, default_value_t = 32)]
        connections: usize,
    },
}

fn main() -> ExitCode {
    match load(&Arguments::parse()) {
        Ok(report) => {
            println!("{}", json!(report));
            if report.ok { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("wsload: {error}");
            ExitCode::from(2)
        }
    }
}

fn load(Arguments { scenario, common }: &Arguments) -> io::Result<Report> {
    let mut run = common.run()?;
    let hears_itself = run.engine.dialect().hears_itself;
    let (name, parameters) = described(scenario);
    let report = match *scenario {
        Scenario::Fanout { members, window, rate } => {
            run.open(members, |index| Seat { room: 0, member: index as u32, urgent: false, stalls: false })?;
            run.echo_all(members, members)?;
            run.go(fanout::Fanout::new(members, window, rate, hears_itself), parameters)
        }
        Scenario::Rooms { rooms, members, rate } => {
            let shape = Shape { rooms, members, first_room: 0, first: 0 };
            run.open(shape.connections(), |index| shape.seat(index))?;
            run.echo_all(shape.connections(), shape.connections())?;
            run.go(rooms::Rooms::new(shape, rate, hears_itself), parameters)
        }
        Scenario::Crowd { crowd, rooms, members, rate } => {
            let shape = Shape { rooms, members, first_room: 1, first: crowd };
            let all = crowd + shape.connections();
            run.open(all, |index| match index.checked_sub(crowd) {
                None => Seat { room: 0, member: index as u32, urgent: false, stalls: false },
                Some(index) => Seat { urgent: true, ..shape.seat(index) },
            })?;
            run.echo_all(all, all)?;
            // One message waits while another is written: there is no pause.
            let crowd = fanout::Fanout::new(crowd, 2, 0.0, hears_itself);
            run.go(crowd::Crowd::new(crowd, rooms::Rooms::new(shape, rate, hears_itself)), parameters)
        }
        Scenario::Stalled { members, stalled, rate } => {
            let Some(reading @ 1..) = members.checked_sub(stalled) else {
                return Err(io::Error::other("the first member publishes, so it must not stall"));
            };
            run.open(members, |index| Seat { room: 0, member: index as u32, urgent: false, stalls: index >= reading })?;
            run.echo_all(members, members)?;
            run.stall(reading..members)?;
            run.go(fanout::Fanout::new(reading, 1, rate, hears_itself), parameters)
        }
        Scenario::Echo { connections, depth } => {
            run.open(connections, |index| Seat { room: index as u32, member: 0, urgent: false, stalls: false })?;
            run.go(echo::Echo::new(connections, depth), parameters)
        }
        Scenario::Idle { connections, members, touch } => run.idle(connections, members, touch, parameters),
        Scenario::Churn { connections } => run.go(churn::Churn::new(connections), parameters),
    };
    report.map(|report| Report { scenario: name, ..report })
}

/// The name of a scenario, and its parameters.
fn described(scenario: &Scenario) -> (String, Value) {
    let Value::Object(described) = json!(scenario) else { unreachable!("a variant with fields is an object") };
    described.into_iter().next().expect("of one key")
}

impl Common {
    fn run(&self) -> io::Result<Run> {
        if !self.addr.ip().is_loopback() {
            return Err(io::Error::other("only servers on this machine are loaded"));
        }
        let dialect = match &self.dialect {
            Some(name) if name.as_os_str() == "text" => dialect::TEXT,
            Some(file) => &fs::read_to_string(file)?,
            None => dialect::CHAT,
        };
        os::raise_descriptor_limit();
        let engine = Engine::new(self.addr, serde_json::from_str(dialect)?, Payload::new(self.size), self.spin)?;
        Ok(Run {
            engine,
            pids: self.pid.clone(),
            shares_cores: os::cores()?.iter().any(|core| self.cores.contains(core)),
            cores: self.cores.clone(),
            connecting: self.connecting,
            warm: Duration::from_secs_f64(self.warm),
            measured: Duration::from_secs_f64(self.seconds),
            patience: Duration::from_secs_f64(self.patience),
            deadline: Duration::from_secs_f64(self.max_seconds).as_nanos() as u64,
        })
    }
}
