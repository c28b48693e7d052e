//! The server, from inside and from outside.

use std::alloc::System;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bench::serving::{ANNOUNCEMENT, SEPARATOR, Serving, Threads, announce};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::sync::mpsc;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What was allocated since the server began.
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
        let (questions, mut asked) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for _ in io::stdin().lock().lines() {
                // A server that has stopped is asked no more.
                _ = questions.send(());
            }
        });
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

/// The server's process.
pub struct Server {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub addr: SocketAddr,
}

impl Server {
    pub fn start() -> io::Result<Self> {
        Self::from(Command::new(std::env::current_exe()?))
    }

    /// One whose instructions are counted.
    pub fn under_valgrind() -> io::Result<Self> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
        valgrind.stderr(Stdio::piped());
        Self::from(valgrind).map_err(|error| io::Error::other(format!("valgrind: {error}; without it: --allocations")))
    }

    fn from(mut command: Command) -> io::Result<Self> {
        command.args(["--serve", "--with-parent"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut server = Self { process, questions, answers, addr: ([0, 0, 0, 0], 0).into() };
        let line = server.line()?;
        let addr = line.strip_prefix(ANNOUNCEMENT).and_then(|line| line.split_once(SEPARATOR)?.0.parse().ok());
        server.addr = addr.ok_or_else(|| io::Error::other("the server did not say where it listens"))?;
        Ok(server)
    }

    /// What was allocated until now.
    pub fn heap(&mut self) -> io::Result<Heap> {
        let questions = self.questions.as_mut().expect("it is asked before it is stopped");
        questions.write_all(b"\n")?;
        questions.flush()?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    /// Stops the server, and reads how many instructions it has run.
    pub fn instructions(mut self) -> io::Result<u64> {
        // The end of the questions is what stops it.
        self.questions = None;
        let mut told = String::new();
        self.process.stderr.take().expect("it is piped").read_to_string(&mut told)?;
        let collected = told.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        collected.ok_or_else(|| io::Error::other(format!("valgrind did not say what it collected: {told}")))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
