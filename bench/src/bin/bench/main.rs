//! Measures our server beside the usual chats and the bare system calls, and prints one table.
//!
//! `cargo run --release -p bench`, about thirty minutes, or `-- --quick`, under four.

mod outcome;
mod plan;
mod server;
mod table;

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bench::os;
use bench::report::Report;
use clap::Parser;
use serde_json::json;

use crate::outcome::{Outcome, Rounds};
use crate::plan::{Contender, Metric, SCENARIOS, Scenario};
use crate::server::{Cores, Server};

const PROGRAMS: [&str; 6] = ["server", "text", "warp-chat", "axum-chat", "raw", "wsload"];

#[derive(Parser)]
#[command(about = "Measures our server beside the usual chats and the bare system calls", long_about = None)]
struct Arguments {
    /// Two short rounds instead of five
    #[arg(long)]
    quick: bool,
    /// Another number of rounds
    #[arg(long)]
    rounds: Option<usize>,
    /// Only scenarios with this in their name; may be given more than once
    #[arg(long)]
    only: Vec<String>,
    /// Where to write everything as JSON; beside the programs unless given
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    /// Memory does not vary: in how many of the rounds it is measured.
    memory_rounds: usize,
    warm: f64,
    seconds: f64,
}

const FULL: Effort = Effort { rounds: 5, memory_rounds: 5, warm: 1.0, seconds: 3.0 };
const QUICK: Effort = Effort { rounds: 2, memory_rounds: 1, warm: 0.25, seconds: 0.6 };

/// A long scenario is measured so many times as long.
const LONG: f64 = 5.0;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says whether all messages came as they should; targets that are missed stand in the table.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    if cfg!(debug_assertions) {
        return Err("measure with `cargo run --release -p bench`".into());
    }
    let available = os::cores()?;
    let [server, client, ..] = available[..] else { return Err("server and client need a core each".into()) };
    let cores = Cores { server, client };
    let programs = build()?;
    let mut effort = if arguments.quick { QUICK } else { FULL };
    effort.rounds = arguments.rounds.unwrap_or(effort.rounds);
    let is_chosen = |scenario: &&Scenario| {
        arguments.only.is_empty() || arguments.only.iter().any(|part| scenario.name.contains(part.as_str()))
    };
    let mut all: Vec<Rounds> = SCENARIOS.iter().filter(is_chosen).map(Rounds::new).collect();
    for round in 0..effort.rounds {
        for rounds in &mut all {
            if rounds.scenario.metric == Metric::Memory && round >= effort.memory_rounds {
                continue;
            }
            eprintln!("round {} of {}: {}", round + 1, effort.rounds, rounds.scenario.name);
            one_round(rounds, round, &programs, cores, effort);
        }
    }
    let outcomes: Vec<Outcome> = all.into_iter().map(Rounds::outcome).collect();
    println!("{}", table::table(&outcomes));
    println!("{} rounds of {} s, medians (and ranges).", effort.rounds, effort.seconds);
    if outcomes.iter().flat_map(|outcome| &outcome.results).any(|line| line.disturbed) {
        println!(
            "~ Others used more than a tenth of the server's core: trust the CPU time more than rates and latencies."
        );
    }
    let file = arguments.json.clone().unwrap_or_else(|| programs.join("bench.json"));
    let machine = json!({ "cores": available.len(), "processor": processor(), "kernel": kernel() });
    let effort = json!({ "rounds": effort.rounds, "seconds": effort.seconds, "warm": effort.warm });
    let written = json!({ "machine": machine, "effort": effort, "scenarios": outcomes });
    fs::write(&file, serde_json::to_string_pretty(&written)?)?;
    println!("All of it, run by run: {}", file.display());
    Ok(!outcomes.iter().flat_map(|outcome| &outcome.results).any(|line| line.failed))
}

/// Every contender once, in an order that changes from round to round, so that drift falls on all alike.
fn one_round(rounds: &mut Rounds, round: usize, programs: &Path, cores: Cores, effort: Effort) {
    let scenario = rounds.scenario;
    let mut order: Vec<usize> = (0..rounds.entries.len()).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    for index in order {
        let entry = &mut rounds.entries[index];
        let report = match measure(scenario, entry.contender, programs, cores, effort) {
            Ok((runtime, report)) => {
                if !report.ok {
                    eprintln!("{}: {:?}", entry.contender.name, report.check);
                }
                entry.runtime = runtime;
                Some(report)
            }
            Err(error) => {
                eprintln!("{}: {error}", entry.contender.name);
                None
            }
        };
        entry.reports.push(report);
    }
}

fn measure(
    scenario: &Scenario,
    contender: &Contender,
    programs: &Path,
    cores: Cores,
    effort: Effort,
) -> io::Result<(String, Report)> {
    let server = Server::start(programs, contender, scenario.placing, cores)?;
    let load = [scenario.load, contender.load].concat();
    let seconds = if scenario.is_long { LONG * effort.seconds } else { effort.seconds };
    let report = server.load(programs, &load, seconds, effort.warm)?;
    Ok((server.runtime.clone(), report))
}

/// Builds the other programs, all alike, where cargo started us; says where they are.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let own = env::current_exe()?;
    let programs = own.parent().ok_or("a program is in a directory")?;
    if let (Some(cargo), Some(package)) = (env::var_os("CARGO"), env::var_os("CARGO_MANIFEST_DIR")) {
        let target = programs.parent().ok_or("the target directory has one for each profile")?;
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--release", "--target-dir"]).arg(target).current_dir(package);
        for program in PROGRAMS {
            command.args(["--bin", program]);
        }
        if !command.status()?.success() {
            return Err("the servers could not be built".into());
        }
    }
    match PROGRAMS.iter().find(|program| !programs.join(program).exists()) {
        None => Ok(programs.to_owned()),
        Some(program) => Err(format!("`{program}` is missing: `cargo build --release -p bench --bins`").into()),
    }
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(model.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn kernel() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/osrelease").ok()?.trim_end().to_owned())
}
