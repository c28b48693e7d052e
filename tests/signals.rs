//! The signals that stop a server: the first in order, the second at once, a further one ends the process. They are a whole
//! process's, so the server is a process of its own: this program once more.
#![cfg(unix)]

mod support;

use std::future::pending;
use std::io::Write as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use channel_runtime::{Close, Config, channel, channels};
use support::{Frame, Raw, within};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Set for the server alone: whoever runs all tests, ignored ones too, does not wait for it for ever.
const SERVES: &str = "SERVES";

#[channel("/stubborn")]
pub struct Stubborn;

#[channel]
impl Stubborn {
    async fn on_close(&mut self, _: Close) {
        say("closing");
        pending::<()>().await;
    }
}

#[channel("/willing")]
pub struct Willing;

#[channel]
impl Willing {}

/// Tells the test.
fn say(what: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "said: {what}").and_then(|()| out.flush()).unwrap();
}

#[test]
#[ignore = "the server of the other tests"]
fn serves() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = Config::default().shutdown_timeout(Duration::from_secs(3600));
        let bound = channels![Stubborn, Willing].app(()).config(config).bind("127.0.0.1:0").await.unwrap();
        say(&bound.local_addr().to_string());
        bound.run().await.unwrap();
    });
    drop(runtime);
    say("returned");
    // It has something left to do that takes its time.
    loop {
        std::thread::park();
    }
}

struct Server {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
    addr: String,
}

impl Server {
    async fn start() -> Self {
        Self::started_by(&mut Command::new(std::env::current_exe().unwrap())).await
    }

    async fn started_by(command: &mut Command) -> Self {
        let command = command.args(["--exact", "serves", "--ignored", "--nocapture"]);
        let mut process = command.env(SERVES, "1").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Self { process, said, addr: String::new() };
        server.addr = server.says().await;
        server
    }

    /// What it tells next.
    async fn says(&mut self) -> String {
        loop {
            let line = within(self.said.next_line()).await.unwrap().expect("it says something");
            // What the harness of tests has begun to say stands before it.
            if let Some((_, said)) = line.split_once("said: ") {
                return said.to_owned();
            }
        }
    }

    async fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id().expect("it runs"));
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }

    async fn raw(&self, path: &str) -> Raw {
        Raw::open(self.addr.parse().unwrap(), path).await
    }

    async fn ends(mut self) -> ExitStatus {
        within(self.process.wait()).await.unwrap()
    }
}

#[tokio::test]
async fn each_of_them_stops_the_server_and_a_further_one_the_process() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3)] {
        let mut server = Server::start().await;
        let mut raw = server.raw("/willing").await;
        server.signal(name).await;
        raw.expect_close(1001, "the server goes away").await;
        drop(raw);
        assert_eq!(server.says().await, "returned", "{name}");
        server.signal(name).await;
        assert_eq!(server.ends().await.code(), Some(128 + number), "{name}");
    }
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait_for_what_the_first_one_waits_for() {
    let mut server = Server::start().await;
    let mut raw = server.raw("/stubborn").await;
    server.signal("INT").await;
    raw.expect(Frame::close(1001, "the server goes away")).await;
    assert_eq!(server.says().await, "closing");
    server.signal("INT").await;
    assert_eq!(server.says().await, "returned");
    server.signal("INT").await;
    assert_eq!(server.ends().await.code(), Some(130));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_the_process_was_started_without_stays_without_meaning() {
    // As `nohup` does.
    let mut nohup = Command::new("sh");
    let this = std::env::current_exe().unwrap();
    nohup.args(["-c", "trap '' HUP QUIT; exec \"$0\" \"$@\""]).arg(this);
    let mut server = Server::started_by(&mut nohup).await;
    let mut raw = server.raw("/willing").await;
    server.signal("HUP").await;
    server.signal("QUIT").await;
    drop(server.raw("/willing").await);
    raw.write(support::masked(0x89, "still")).await;
    raw.expect(Frame::pong(b"still")).await;
    server.signal("TERM").await;
    raw.expect_close(1001, "the server goes away").await;
    drop(raw);
    assert_eq!(server.says().await, "returned");
}
