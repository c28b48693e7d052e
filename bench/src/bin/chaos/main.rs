//! Chaos: three nodes over a real bus, all of which fail by a seeded schedule, while clients talk and come back.
//!
//! Nodes are processes of their own. Between each and the bus, and between each and its clients, is a proxy that holds, delays and
//! cuts. What the clients say is numbered, and what they hear is compared with it: nothing may come twice or late; what is missing
//! must have been said while a node or its bus was away, and be counted; in the end all nodes must know each other and all
//! clients, and then have none. The exit status is 0 where all that held, 1 where it did not, and 2 where it could not run.

#[path = "../../../../tests/support/buses.rs"]
mod buses;
mod check;
mod client;
mod faults;
mod node;
mod places;
mod proxy;
mod record;
mod rolling;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bench::os;
use bench::serving::{Serving, Threads};
use clap::{Parser, ValueEnum};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::buses::{Bus, Kind};
use crate::client::{Client, Phase};
use crate::faults::Scene;
use crate::node::Status;
use crate::places::{Place, all};
use crate::record::Record;

#[derive(Parser)]
#[command(about = "Lets three nodes and their bus fail while clients talk, and looks for what is missing", long_about = None)]
struct Arguments {
    /// How long things go wrong
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// What goes wrong follows from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, value_enum, default_value_t = Over::Nats)]
    bus: Over,
    /// How many clients there are
    #[arg(long, default_value_t = 36)]
    clients: usize,
    /// How many messages they say in a second, all together
    #[arg(long, default_value_t = 300.0)]
    rate: f64,
    /// How many seconds the nodes may take, all being mended, until they know each other and all clients
    #[arg(long, default_value_t = 10.0)]
    heal: f64,
    /// How many MiB each node may take
    #[arg(long, default_value_t = 192)]
    memory: u64,
    /// Nothing goes wrong, and nothing may be missing
    #[arg(long)]
    calm: bool,
    /// Each node in turn is told to stop and started again
    #[arg(long, conflicts_with = "calm")]
    rolling: bool,
    /// Forget something that a client heard, which has to be found
    #[arg(long)]
    lie: bool,
    /// Be a node, over this bus
    #[arg(long, hide = true)]
    node: Option<String>,
    #[arg(long, hide = true, default_value_t = 0)]
    generation: u64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Over {
    Nats,
    Redis,
}

const NODES: usize = 3;

/// A node whose queue holds 16 MiB says hello beyond that.
const MOST_QUEUE: usize = (16 << 20) + 4096;

/// For what is under way when nobody says anything more.
const SETTLE: Duration = Duration::from_secs(2);

/// For the nodes to notice that their clients have left.
const EMPTY_WITHIN: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if let Some(bus) = &arguments.node {
        node::run(&arguments.serving, &arguments.threads, bus, arguments.generation).map(|()| true)
    } else {
        os::raise_descriptor_limit();
        tokio::runtime::Runtime::new().and_then(|runtime| runtime.block_on(chaos(&arguments)))
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::from(2)
        }
    }
}

async fn chaos(arguments: &Arguments) -> io::Result<bool> {
    let (kind, scheme) = match arguments.bus {
        Over::Nats => (Kind::Nats, "nats"),
        Over::Redis => (Kind::Redis, "redis"),
    };
    println!("{NODES} nodes over {scheme}, {} clients, seed {}", arguments.clients, arguments.seed);
    let bus = Bus::start(kind).await;
    let record = Record::default();
    let mut places = Vec::new();
    for number in 0..NODES {
        let place = Place::new(number, bus.addr(), scheme, record.clone()).await?;
        place.start().await?;
        places.push(Arc::new(place));
    }
    let mut random = fastrand::Rng::with_seed(arguments.seed);
    let (phase, seen) = watch::channel(if arguments.rolling { Phase::Talk } else { Phase::Roam });
    let mut clients = JoinSet::new();
    for number in 0..arguments.clients {
        let client = Client {
            number,
            crowd: arguments.clients,
            nodes: places.iter().map(|place| place.to_clients.clone()).collect(),
            record: record.clone(),
            every: Duration::from_secs_f64(arguments.clients as f64 / arguments.rate),
            random: random.fork(),
            phase: seen.clone(),
        };
        clients.spawn(client.live());
    }
    let is_whole =
        |status: &Status| status.is_up && status.others == NODES - 1 && status.everywhere == Some(arguments.clients);
    let heal = Duration::from_secs_f64(arguments.heal);
    // Nobody roams as early as this.
    all(&places, heal, is_whole).await.map_err(|status| io::Error::other(format!("at the beginning: {status:?}")))?;

    let length = Duration::from_secs_f64(arguments.minutes * 60.0);
    let scene = Arc::new(Scene { places: places.clone(), bus: Arc::new(tokio::sync::Mutex::new(bus)) });
    let faults = if arguments.rolling {
        rolling::roll(&places, &record, heal, is_whole).await?;
        0
    } else if arguments.calm {
        sleep(length).await;
        0
    } else {
        Arc::clone(&scene).play(&mut random, length).await?
    };
    phase.send_replace(Phase::Talk);
    match all(&places, heal, is_whole).await {
        Ok(after) => println!("whole again after {after:.1?}"),
        Err(status) => {
            let there = record.there();
            record.broke(format!("{heal:?} after all was mended, with {there} clients: {status:?}"));
        }
    }
    phase.send_replace(Phase::Listen);
    sleep(SETTLE).await;
    if arguments.lie {
        record.lie();
    }
    let noticed = record.read(|record| record.broken.len());
    let mut verdict = record.read(|record| {
        let seen: Vec<_> = places.iter().map(|place| place.seen(Clone::clone)).collect();
        check::judge(record, &seen, arguments.calm)
    });

    phase.send_replace(Phase::Leave);
    while clients.join_next().await.is_some() {}
    let is_empty = |status: &Status| (status.connections, status.rooms, status.users) == (0, 0, 0);
    if let Err(status) = all(&places, EMPTY_WITHIN, is_empty).await {
        verdict.broken.push(format!("left when all clients had gone: {status:?}"));
    }
    let mut most = (0, 0);
    for (number, place) in places.iter().enumerate() {
        place.stop().await?;
        let (resident, queue, unwell) = place.seen(|seen| (seen.most_resident, seen.most_queue, seen.unwell()));
        println!(
            "node {number}: at most {:.1} MiB and {queue} bytes waiting; without a bus for {:.1} s",
            resident as f64 / f64::from(1 << 20),
            unwell as f64 / 1000.0
        );
        most = (most.0.max(resident), most.1.max(queue));
    }
    if most.0 > arguments.memory << 20 || most.1 > MOST_QUEUE {
        verdict.broken.push(format!("a node had {} bytes, and {} waiting for the bus", most.0, most.1));
    }
    // What was noticed since the verdict.
    verdict.broken.extend(record.read(|record| record.broken[noticed..].to_vec()));
    let ends = record.read(|record| {
        let mut ends: Vec<_> = record.ends.iter().map(|(code, times)| format!("{times} with {code}")).collect();
        ends.sort();
        ends.join(", ")
    });
    println!("{faults} faults; {verdict}; connections ended: {ends}");
    for broken in verdict.broken.iter().take(40) {
        println!("BROKEN  {broken}");
    }
    if !verdict.broken.is_empty() {
        println!("{} things broke with --seed {} over {scheme}", verdict.broken.len(), arguments.seed);
    }
    Ok(verdict.broken.is_empty())
}
