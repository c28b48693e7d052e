//! A node's process, from outside.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bench::os::Cpu;
use bench::serving::{ANNOUNCEMENT, SEPARATOR};

use crate::bus::Bus;
use crate::node::{Answer, Order};

/// Killed when it is dropped.
pub struct Process {
    pub addr: SocketAddr,
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// A node of this bus, or one without.
    pub fn start(bus: Option<&Bus>) -> io::Result<Self> {
        Self::start_as(&["--node"], bus)
    }

    /// A node that gathers for so long.
    pub fn start_gathering(bus: &Bus, milliseconds: u64) -> io::Result<Self> {
        Self::start_as(&["--node", "--gather-ms", &milliseconds.to_string()], Some(bus))
    }

    /// A node of the other framework.
    #[cfg(feature = "socketioxide")]
    pub fn start_other(bus: &Bus) -> io::Result<Self> {
        Self::start_as(&["--other"], Some(bus))
    }

    fn start_as(what: &[&str], bus: Option<&Bus>) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(what).arg("--with-parent");
        if let Some(bus) = bus {
            command.args(["--bus-at", &bus.url()]);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut node = Self { addr: ([0, 0, 0, 0], 0).into(), process, orders, answers };
        let line = node.line()?;
        let addr = line.strip_prefix(ANNOUNCEMENT).and_then(|line| line.split_once(SEPARATOR)?.0.parse().ok());
        node.addr = addr.ok_or_else(|| io::Error::other("the node did not say where it listens"))?;
        Ok(node)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn begin(&mut self, order: &Order) -> io::Result<()> {
        writeln!(self.orders, "{}", serde_json::to_string(order)?)
    }

    pub fn answer(&mut self) -> io::Result<Answer> {
        Ok(serde_json::from_str(&self.line()?)?)
    }

    pub fn ask(&mut self, order: &Order) -> io::Result<Answer> {
        self.begin(order)?;
        self.answer()
    }

    /// Messages of other nodes.
    pub fn received(&mut self) -> io::Result<u64> {
        Ok(self.passed()?.0)
    }

    /// That it has sent.
    pub fn parcels(&mut self) -> io::Result<u64> {
        Ok(self.passed()?.1)
    }

    fn passed(&mut self) -> io::Result<(u64, u64)> {
        match self.ask(&Order::Passed)? {
            Answer::Passed { received, lost: 0, parcels } => Ok((received, parcels)),
            other => Err(io::Error::other(format!("messages were lost: {other:?}"))),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::Error::other("a node ended"));
        }
        Ok(line)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Microseconds of CPU that these processes have used.
pub fn cpu(pids: &[u32]) -> io::Result<f64> {
    Ok(Cpu::of_all(pids)?.total.as_secs_f64() * 1e6)
}
