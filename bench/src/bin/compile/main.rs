//! What our macros cost the compiler: `cargo check` of twenty channels with ten messages each, beside the same structs in
//! twenty of serde's tagged enums, without channels and handlers.
//!
//! `cargo run -p bench --bin compile`, about a minute. The goal stands in the table and is no test: the machine's load is in it.

mod program;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bench::os;
use clap::Parser;

use crate::program::{CHANNELS_PROGRAM, Program, TAGGED_PROGRAM};

/// What the channels may cost, in parts of the tagged enums.
const GOAL: f64 = 1.35;

#[derive(Parser)]
#[command(about = "What our macros cost the compiler", long_about = None)]
struct Arguments {
    /// How often each is checked
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compile: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let place = place()?;
    let packages = [Package::write(&CHANNELS_PROGRAM, &place)?, Package::write(&TAGGED_PROGRAM, &place)?];
    println!("| `cargo check` | channels | tagged enums | channels to enums |\n|---|---|---|---|");
    for (name, incremental) in [("from scratch", false), ("incremental, nothing changed", true)] {
        // The dependencies, and once the package itself.
        for package in &packages {
            package.check(incremental)?;
        }
        let mut taken: [Vec<Taken>; 2] = Default::default();
        for round in 0..arguments.rounds.max(1) {
            // In turns, and in another order each time: whatever drifts falls on both alike.
            for index in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
                taken[index].push(packages[index].check(incremental)?);
            }
        }
        type Reading = fn(&Taken) -> f64;
        let readings: [(&str, Reading); 2] =
            [("time", |taken| taken.wall.as_secs_f64()), ("CPU time", |taken| taken.cpu.as_secs_f64())];
        for (what, reading) in readings {
            let [ours, theirs] = [&taken[0], &taken[1]].map(|all| all.iter().map(reading).collect::<Vec<f64>>());
            let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
            println!(
                "| {name}, {what} | {:.2} s | {:.2} s | {:.2} ({GOAL}) |",
                median(ours),
                median(theirs),
                median(ratios)
            );
        }
    }
    println!(
        "\n{} channels with {} messages each, {} rounds in turns, medians; in brackets the goal.",
        program::CHANNELS,
        program::MESSAGES,
        arguments.rounds
    );
    Ok(())
}

fn place() -> Result<PathBuf, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).ok_or("the program is in a target directory")?;
    Ok(target.join("compile-bench"))
}

struct Package {
    manifest: PathBuf,
    source: PathBuf,
    target: PathBuf,
    text: String,
}

struct Taken {
    wall: Duration,
    cpu: Duration,
}

impl Package {
    fn write(program: &Program, place: &Path) -> Result<Self, Box<dyn Error>> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the package is in a workspace")?;
        let runtime = workspace.join("channel-runtime").display().to_string();
        let directory = place.join(program.name);
        fs::create_dir_all(directory.join("src"))?;
        let dependencies = program.dependencies.replace("{runtime}", &runtime.escape_default().to_string());
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n\n\
             [workspace]\n",
            program.name
        );
        // The same versions of everything; cargo takes away what isn't needed.
        fs::copy(workspace.join("Cargo.lock"), directory.join("Cargo.lock"))?;
        let package = Self {
            manifest: directory.join("Cargo.toml"),
            source: directory.join("src/lib.rs"),
            target: place.join("target"),
            text: (program.source)(),
        };
        fs::write(&package.manifest, manifest)?;
        Ok(package)
    }

    fn check(&self, incremental: bool) -> Result<Taken, Box<dyn Error>> {
        // Written anew, it is newer than what was made from it.
        fs::write(&self.source, &self.text)?;
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["check", "--quiet", "--manifest-path"]).arg(&self.manifest);
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", if incremental { "1" } else { "0" });
        let (begun, cpu) = (Instant::now(), os::children()?);
        let status = command.status()?;
        let taken = Taken { wall: begun.elapsed(), cpu: os::children()?.saturating_sub(cpu) };
        if !status.success() {
            return Err(format!("{} doesn't compile", self.manifest.display()).into());
        }
        Ok(taken)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
