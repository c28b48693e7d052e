//! The signals that stop a server: the first in order, the second at once, the third ends the process. They are a whole
//! process's, so the server is a process of its own: this program once more.
#![cfg(unix)]

mod support;

use std::io::Write as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use channel_runtime::{Close, Config, channel, channels};
use futures::future::join;
use support::{Frame, Raw, within};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// Set for the server alone: whoever runs all tests, ignored ones too, does not wait for it for ever.
const SERVES: &str = "SERVES";

/// Signals within half a second are one. The clock is another process's, so that it can't be paused.
const NEXT: Duration = Duration::from_millis(501);

#[channel("/stubborn")]
pub struct Stubborn;

#[channel]
impl Stubborn {
    /// Ends when the test writes a line.
    async fn on_close(&mut self, _: Close) {
        say("closing");
        let (told, line) = oneshot::channel();
        // Not a task of the runtime's, which would wait for it when it ends.
        std::thread::spawn(move || {
            std::io::stdin().read_line(&mut String::new()).unwrap();
            told.send(()).unwrap();
        });
        line.await.unwrap();
        say("closed");
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
    loop {
        std::thread::park();
    }
}

#[test]
#[ignore = "the server of another test"]
fn serves_and_blocks() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bound = channels![Willing].app(()).bind("127.0.0.1:0").await.unwrap();
        let addr = bound.local_addr().to_string();
        // It runs until it waits for the first time, and never again.
        let blocks = async {
            say(&addr);
            loop {
                std::thread::park();
            }
        };
        join(bound.run(), blocks).await.0.unwrap();
    });
}

/// With the usual signals, also where the tests themselves were started without some of them, in the background.
fn this_program() -> Command {
    let own = std::env::current_exe().unwrap();
    if cfg!(not(target_os = "linux")) {
        return Command::new(own);
    }
    let mut env = Command::new("env");
    env.arg("--default-signal").arg(own);
    env
}

struct Server {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
    addr: String,
}

impl Server {
    async fn start() -> Self {
        Self::started_by(&mut this_program(), "serves").await
    }

    async fn started_by(command: &mut Command, test: &str) -> Self {
        let command = command.args(["--exact", test, "--ignored", "--nocapture"]);
        let command = command.env(SERVES, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().unwrap();
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
        self.signals(&[name]).await;
    }

    /// These at once.
    async fn signals(&self, names: &[&str]) {
        let id = self.process.id().expect("it runs");
        let kills: Vec<String> = names.iter().map(|name| format!("kill -{name} {id}")).collect();
        assert!(Command::new("sh").args(["-c", &kills.join(" && ")]).status().await.unwrap().success());
    }

    /// One that is not the same as one before.
    async fn signal_again(&self, name: &str) {
        sleep(NEXT).await;
        self.signal(name).await;
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
        server.signal_again(name).await;
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
    server.signal_again("INT").await;
    assert_eq!(server.says().await, "returned");
    server.signal_again("INT").await;
    assert_eq!(server.ends().await.code(), Some(130));
}

/// A terminal that is closed sends SIGHUP twice; systemd sends SIGTERM and SIGHUP, where it is told to.
#[tokio::test]
async fn what_is_signalled_at_once_is_one_signal() {
    for names in [["TERM", "HUP"], ["HUP", "HUP"]] {
        let mut server = Server::start().await;
        let mut raw = server.raw("/stubborn").await;
        server.signals(&names).await;
        raw.expect(Frame::close(1001, "the server goes away")).await;
        assert_eq!(server.says().await, "closing", "{names:?}");
        server.process.stdin.as_mut().unwrap().write_all(b"end\n").await.unwrap();
        assert_eq!(server.says().await, "closed", "{names:?}");
        drop(raw);
        assert_eq!(server.says().await, "returned", "{names:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_blocked_is_ended_by_further_ones() {
    let mut server = Server::started_by(&mut this_program(), "serves_and_blocks").await;
    server.signal("INT").await;
    let ended = within(async {
        loop {
            match timeout(NEXT, server.process.wait()).await {
                Ok(ended) => return ended.unwrap(),
                Err(_) => server.signal("TERM").await,
            }
        }
    });
    assert_eq!(ended.await.code(), Some(143));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_the_process_was_started_without_stays_without_meaning() {
    // As `nohup` does.
    let mut nohup = Command::new("sh");
    let this = std::env::current_exe().unwrap();
    nohup.args(["-c", "trap '' HUP QUIT; exec \"$0\" \"$@\""]).arg(this);
    let mut server = Server::started_by(&mut nohup, "serves").await;
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
