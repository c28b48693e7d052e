//! The server, from inside and from outside.

use std::alloc::System;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use bench::asked::{self, Asked};
use bench::serving::{Serving, Threads, announce};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Serialize, Deserialize)]
pub struct Heap {
    pub allocations: usize,
    /// In bytes.
    pub allocated: usize,
}

/// Serves until stdin ends, and answers each line there with the [`Heap`].
pub fn run(serving: &Serving, threads: &Threads) -> io::Result<()> {
    serving.begin()?;
    threads.run(async {
        let bound = bench::room::server().bind(serving.addr).await?;
        announce(bound.local_addr());
        let mut asked = asked::questions();
        let answered = async {
            while asked.recv().await.is_some() {
                let stats = HEAP.stats();
                let heap =
                    Heap { allocations: stats.allocations + stats.reallocations, allocated: stats.bytes_allocated };
                println!("{}", serde_json::to_string(&heap).expect("numbers are JSON"));
            }
        };
        bound.run_until(answered).await;
        Ok(())
    })
}

pub struct Server(Asked);

impl Server {
    pub fn start() -> io::Result<Self> {
        Self::from(Command::new(std::env::current_exe()?))
    }

    pub fn under_valgrind() -> io::Result<Self> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
        valgrind.stderr(Stdio::piped());
        Self::from(valgrind).map_err(|error| io::Error::other(format!("valgrind: {error}; without it: --allocations")))
    }

    fn from(mut command: Command) -> io::Result<Self> {
        Asked::start(command.args(["--serve", "--with-parent"])).map(Self)
    }

    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    pub fn heap(&mut self) -> io::Result<Heap> {
        self.0.ask()
    }

    /// Stops the server, and reads how many instructions it has run.
    pub fn instructions(mut self) -> io::Result<u64> {
        self.0.stop();
        let mut told = String::new();
        self.0.process.stderr.take().expect("it is piped").read_to_string(&mut told)?;
        let collected = told.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        collected.ok_or_else(|| io::Error::other(format!("valgrind did not say what it collected: {told}")))
    }
}
