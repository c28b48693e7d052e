//! nginx, HAProxy and Caddy for a test: the real programs, each on a port of its own on 127.0.0.1, killed when dropped.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::within;

/// A proxy that runs.
pub struct Program {
    pub address: SocketAddr,
    _process: Child,
    _place: TempDir,
}

impl Program {
    /// By the configuration that is written for a port, and a directory for files that it names. The server is reached through it
    /// when it returns, as `is_ours` sees; a port that was free may be somebody else's by then, and then it is tried again with
    /// another one.
    pub async fn start(
        name: &str,
        write: impl Fn(u16, &Path) -> String,
        is_ours: impl AsyncFn(SocketAddr) -> bool,
    ) -> Self {
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
            let place = tempfile::tempdir().expect("a directory");
            let text = write(port, place.path());
            let mut process = command(name, place.path(), &text)
                .spawn()
                .unwrap_or_else(|error| panic!("{name}: {error}; apt-get install nginx haproxy caddy"));
            let mut errors = process.stderr.take().expect("piped");
            let address = ([127, 0, 0, 1], port).into();
            let listens = async {
                // None of them says so in words that the others share; and who listens may be somebody else.
                while !is_ours(address).await {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let ended = tokio::select! {
                () = within(listens) => None,
                status = process.wait() => Some(status.expect("a status")),
            };
            let mut text = String::new();
            match ended {
                None => {
                    // Read on, or it would wait for us once the pipe is full.
                    tokio::spawn(async move { errors.read_to_string(&mut text).await });
                    return Self { address, _process: process, _place: place };
                }
                Some(status) => {
                    errors.read_to_string(&mut text).await.expect("text");
                    assert!(text.to_lowercase().contains("in use"), "{name} ended with {status}: {text}");
                }
            }
        }
        panic!("{name} found no free port");
    }
}

/// The program that a configuration is for, with what it has to be told because it is a test's.
fn command(name: &str, place: &Path, text: &str) -> Command {
    let file = place.join("configuration");
    let (program, arguments, written): (_, &[&str], _) = match name {
        // One process, so that nothing of it is left when that is killed. What the packages put around `conf.d`.
        "nginx" | "nginx-without-host" => {
            let directories: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .map(|kind| format!("{kind}_temp_path {};\n", place.join(kind).display()))
                .collect();
            let global = "daemon off; master_process off; error_log stderr;";
            let pid = place.join("pid");
            let around = format!("pid {};\nevents {{}}\nhttp {{\naccess_log off;\n", pid.display());
            ("nginx", &["-e", "stderr", "-g", global, "-c"], format!("{around}{directories}{text}}}\n"))
        }
        "haproxy" => ("haproxy", &["-db", "-f"], text.to_owned()),
        "caddyfile" => {
            let global = "{\n admin off\n auto_https disable_redirects\n default_bind 127.0.0.1\n}\n";
            ("caddy", &["run", "--adapter", "caddyfile", "--config"], format!("{global}{text}"))
        }
        other => panic!("{other} is no proxy"),
    };
    fs::write(&file, written).expect("a directory of the test's own");
    let mut command = Command::new(program);
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(arguments).arg(file).current_dir(place);
    // Debian has some of them where only root looks.
    command.env("PATH", format!("{path}:/usr/sbin")).env("HOME", place).env("XDG_DATA_HOME", place);
    command.env("XDG_CONFIG_HOME", place).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}
