//! A soak: thousands of clients come and go for minutes, most of them badly, and in the end nothing may be left of them.
//!
//! In each round, every client connects, joins, talks, stalls, floods, vanishes and comes back as chance has it. After it the
//! server, a process of its own, must be as empty as before: no connection, no task, and no more memory than after the first
//! round. Half of the clients agree on compression. Each message that is received has to be one that somebody sent, to the octet.
//! The exit status is 0 where all that held, 1 where it did not, and 2 where it could not run. A stalled client, which answers no
//! ping, stands for a peer that is gone without a word of its kernel's: that can't be had without rights over the network.

mod client;
mod content;
mod life;
mod process;
mod server;
mod tally;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::os;
use bench::serving::{Serving, Threads};
use clap::Parser;
use tokio::task::JoinSet;

use crate::life::Life;
use crate::process::Process;
use crate::tally::Tally;

#[derive(Parser)]
#[command(about = "Lets clients come and go for a while, and looks for what remains of them", long_about = None)]
struct Arguments {
    /// How long it takes in all, but for the waits between rounds
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many clients there are at a time
    #[arg(long, default_value_t = 2000)]
    connections: u64,
    /// What the clients do follows from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much more than after the first round may be allocated after the last, as a share
    #[arg(long, default_value_t = 0.10)]
    growth: f64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    serving: Serving,
    /// Be the server
    #[arg(long, hide = true)]
    serve: bool,
}

/// How long the server may take until nothing is left of a round: more than all its deadlines together.
const QUIET_WITHIN: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if arguments.serve {
        server::run(&arguments.serving, &arguments.threads).map(|()| true)
    } else {
        os::raise_descriptor_limit();
        tokio::runtime::Runtime::new().and_then(|runtime| runtime.block_on(soak(&arguments)))
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::from(2)
        }
    }
}

async fn soak(arguments: &Arguments) -> io::Result<bool> {
    // One a minute, but a few in any case: a leak is what grows from round to round.
    let rounds = arguments.minutes.round().max(4.0);
    let length = Duration::from_secs_f64(arguments.minutes * 60.0 / rounds);
    let mut server = Process::start(arguments.threads.threads)?;
    println!("{} clients, {rounds} rounds of {length:.1?}, seed {}", arguments.connections, arguments.seed);
    println!("| round | lives | said | heard | ends so far | allocated, KiB | resident, MiB | most |");
    println!("|---|---|---|---|---|---|---|---|");
    let (mut first, mut last) = (0, 0);
    for round in 1..=rounds as u64 {
        let tally = Arc::new(Tally::default());
        let most = self::round(arguments, round, length, &server, &tally).await?;
        let left = quiet(&mut server)?;
        last = left.allocated;
        if round == 1 {
            first = last;
        }
        let (kib, resident) = (last as f64 / 1024.0, mib(server.resident()?));
        println!("| {round} | {tally} | {} | {kib:.1} | {resident:.1} | {:.1} |", left.ends(), mib(most));
        if !left.is_nothing() {
            eprintln!("left after round {round}: {left:?}");
            return Ok(false);
        }
        if !tally.is_plausible() {
            eprintln!("round {round} was none: {tally:?}");
            return Ok(false);
        }
        if tally.broken.get() > 0 {
            eprintln!("round {round}: {} messages were not what anybody had said", tally.broken.get());
            return Ok(false);
        }
    }
    let left = server.stop()?;
    if !left.is_nothing() {
        eprintln!("left when the server has stopped: {left:?}");
        return Ok(false);
    }
    let growth = last as f64 / first as f64 - 1.0;
    println!("allocated after the last round: {:+.1} % of that after the first", growth * 100.0);
    Ok(growth <= arguments.growth)
}

/// Lets all clients live until the round is over and they have left. Answers the server's most memory meanwhile.
async fn round(
    arguments: &Arguments,
    round: u64,
    length: Duration,
    server: &Process,
    tally: &Arc<Tally>,
) -> io::Result<u64> {
    let end = Instant::now() + length;
    let addr: SocketAddr = server.addr();
    let mut clients = JoinSet::new();
    for client in 0..arguments.connections {
        // Each has a chance of its own, so that it does the same whatever the others do.
        let random = fastrand::Rng::with_seed(arguments.seed << 40 ^ round << 32 ^ client);
        let life = Life { addr, crowd: arguments.connections, client, end, random, tally: Arc::clone(tally) };
        clients.spawn(life.repeat());
    }
    let mut most = 0;
    loop {
        most = most.max(server.resident()?);
        if tokio::time::timeout(length / 20, clients.join_next()).await.is_ok_and(|ended| ended.is_none()) {
            return Ok(most);
        }
    }
}

fn quiet(server: &mut Process) -> io::Result<server::Left> {
    let begun = Instant::now();
    loop {
        let left = server.ask()?;
        if left.is_nothing() || begun.elapsed() > QUIET_WITHIN {
            return Ok(left);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
