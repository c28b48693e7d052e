//! What it costs to be a node of a cluster, in ratios to one node alone where there is one: `cargo run --release -p bench --features
//! cluster --bin cluster`.
//!
//! Nodes are processes of this program, the buses are the real servers, and CPU time is each process's own, by the scheduler's
//! clock. Contenders take turns, so that whatever else the machine does falls on all alike.

mod bus;
mod client;
mod node;
#[cfg(feature = "socketioxide")]
mod other;
mod process;
mod rows;
mod table;

use std::fs;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use bench::os;
use bench::serving::Serving;
use clap::Parser;

use crate::node::Kind;
use crate::rows::{Extent, ROWS};
use crate::table::Line;

#[derive(Parser)]
#[command(about = "What a cluster costs, over NATS and Redis", long_about = None)]
struct Arguments {
    /// Shorter runs and fewer of them
    #[arg(long)]
    quick: bool,
    /// Only these rows
    #[arg(long, value_parser = ROWS.map(|(name, _)| name))]
    only: Vec<String>,
    /// Only this bus
    #[arg(long, value_enum)]
    bus: Option<Kind>,
    /// Be a node
    #[arg(long, hide = true)]
    node: bool,
    /// Be a node of the other framework
    #[cfg(feature = "socketioxide")]
    #[arg(long, hide = true)]
    other: bool,
    /// The node's bus
    #[arg(long, hide = true)]
    bus_at: Option<String>,
    /// The node's gather time
    #[arg(long, hide = true, default_value_t = 1)]
    gather_ms: u64,
    #[command(flatten)]
    serving: Serving,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bus = arguments.bus_at.as_deref();
    let outcome = match () {
        #[cfg(feature = "socketioxide")]
        () if arguments.other => other::run(&arguments.serving, bus.unwrap_or_default()),
        () if arguments.node => node::run(&arguments.serving, bus, Duration::from_millis(arguments.gather_ms)),
        () => measure(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: &Arguments) -> io::Result<()> {
    os::raise_descriptor_limit();
    let kinds = Kind::ALL.into_iter().filter(|kind| arguments.bus.is_none_or(|only| only == *kind)).collect();
    let extent = if arguments.quick { Extent::quick(kinds) } else { Extent::whole(kinds) };
    let before = load()?;
    println!("{}", Line::head());
    for (name, row) in ROWS {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            row(&extent)?.iter().for_each(|line| println!("{line}"));
        }
    }
    println!("\nLoad of the machine, before and after: {before}; {}.", load()?);
    Ok(())
}

/// Over 1, 5 and 15 minutes.
fn load() -> io::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').take(3).collect::<Vec<_>>().join(", "))
}
