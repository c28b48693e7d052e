//! What one connection, one echo and one delivery take of the server: instructions and allocations, counted.
//!
//! The load client and the server take turns, so that the server does the same for each unit, and the figures are the same from
//! run to run to about one in a hundred, whatever else the machine does. Instructions are the program's own, without the
//! kernel's, and counted by `valgrind`.

mod client;
mod server;
mod work;

use std::io;
use std::process::ExitCode;

use bench::os;
use bench::serving::{Serving, Threads};
use clap::Parser;
use serde::Serialize;

use crate::server::Server;
use crate::work::WORK;

#[derive(Parser)]
#[command(about = "Counts the server's instructions and allocations a unit", long_about = None)]
struct Arguments {
    /// Count allocations alone, without valgrind
    #[arg(long)]
    allocations: bool,
    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Be the server
    #[arg(long, hide = true)]
    serve: bool,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Serialize)]
struct Row {
    work: &'static str,
    allocations: f64,
    allocated: f64,
    /// `None` if nobody counted them.
    instructions: Option<f64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if arguments.serve {
        server::run(&arguments.serving, &Threads { threads: 1 })
    } else {
        os::raise_descriptor_limit();
        count(&arguments)
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("costs: {error}");
            ExitCode::from(2)
        }
    }
}

fn count(arguments: &Arguments) -> io::Result<()> {
    let mut rows = Vec::new();
    for work in &WORK {
        let mut server = Server::start()?;
        let mut run = (work.begin)(server.addr())?;
        run.units(work.warm)?;
        let before = server.heap()?;
        run.units(work.units)?;
        let after = server.heap()?;
        let units = work.units as f64 * work.each;
        rows.push(Row {
            work: work.name,
            allocations: (after.allocations - before.allocations) as f64 / units,
            allocated: (after.allocated - before.allocated) as f64 / units,
            instructions: (!arguments.allocations).then(|| instructions(work)).transpose()?,
        });
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&rows)?);
        return Ok(());
    }
    println!("| a unit | allocations | of bytes | instructions |");
    println!("|---|---|---|---|");
    for Row { work, allocations, allocated, instructions } in rows {
        let instructions = instructions.map_or_else(String::new, |count| format!("{count:.0}"));
        println!("| {work} | {allocations:.2} | {allocated:.0} | {instructions} |");
    }
    Ok(())
}

/// Two runs under valgrind, of which one has so many units more. What else they do is the same.
fn instructions(work: &work::Work) -> io::Result<f64> {
    let run = |units| {
        let server = Server::under_valgrind()?;
        let mut run = (work.begin)(server.addr())?;
        run.units(work.warm + units)?;
        drop(run);
        server.instructions()
    };
    Ok((run(work.units)?.saturating_sub(run(0)?)) as f64 / (work.units as f64 * work.each))
}
