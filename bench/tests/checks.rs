//! The load client notices what a server does wrong, and the benchmark's servers do nothing wrong.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use bench::report::{Check, Report};
use bench::serving::{ANNOUNCEMENT, SEPARATOR};

const RAW: &str = env!("CARGO_BIN_EXE_raw");
const OURS: &str = env!("CARGO_BIN_EXE_server");
const WARP: &str = env!("CARGO_BIN_EXE_warp-chat");
const AXUM: &str = env!("CARGO_BIN_EXE_axum-chat");

struct Server {
    process: Child,
    addr: String,
}

impl Server {
    fn start(program: &str, flags: &[&str]) -> Self {
        let mut process = Command::new(program).args(flags).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (addr, _) = line.strip_prefix(ANNOUNCEMENT).unwrap().split_once(SEPARATOR).unwrap();
        Self { process, addr: addr.to_owned() }
    }

    fn load(&self, arguments: &str) -> (i32, Report) {
        self.load_patiently(arguments, 1)
    }

    /// The same, and waits so many seconds for what is missing at the end.
    fn load_patiently(&self, arguments: &str, patience: u32) -> (i32, Report) {
        let output = Command::new(env!("CARGO_BIN_EXE_wsload"))
            .args(arguments.split(' '))
            .args(["--addr", &self.addr, "--pid", &self.process.id().to_string()])
            .args(["--warm", "0.1", "--seconds", "0.3", "--patience", &patience.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn check_of_faulty(fault: &str) -> Check {
    let (status, report) = Server::start(RAW, &["--fault", fault]).load("fanout --members 100 --rate 100");
    assert_eq!(status, 1);
    assert!(!report.ok);
    report.check
}

#[test]
fn a_lost_message_is_noticed() {
    let check = check_of_faulty("drop");
    assert!(check.skipped > 0);
    assert!(check.undelivered > 0);
    assert_eq!(check.late, 0);
}

#[test]
fn a_doubled_message_is_noticed() {
    let check = check_of_faulty("double");
    assert!(check.late > 0);
    assert_eq!(check.skipped, 0);
}

#[test]
fn reordered_messages_are_noticed() {
    let check = check_of_faulty("swap");
    assert!(check.late > 0);
    assert_eq!(check.skipped, check.late);
}

#[test]
fn every_server_does_what_every_scenario_asks() {
    let servers: [(&str, &[&str]); 7] = [
        (RAW, &[]),
        (RAW, &["--coalesce"]),
        (OURS, &["--threads", "2"]),
        (OURS, &["--threads", "0"]),
        (OURS, &["--serve", "warp"]),
        (WARP, &["--threads", "2"]),
        (AXUM, &["--threads", "2"]),
    ];
    let scenarios = [
        "fanout --members 50",
        "fanout --members 50 --window 16",
        "rooms --rooms 20 --members 5",
        "rooms --rooms 20 --members 5 --rate 10",
        "crowd --crowd 100 --rooms 3 --members 4 --rate 10",
        "echo --connections 10 --depth 16",
        "churn --connections 8",
    ];
    for (program, flags) in servers {
        let server = Server::start(program, flags);
        for scenario in scenarios {
            let (status, report) = server.load(scenario);
            assert_eq!(report.check, Check::default(), "{program} {flags:?}: {scenario}");
            assert!(status == 0 && report.units > 0, "{program} {flags:?}: {scenario}");
            let cpu = report.server.unwrap();
            assert!(cpu.per_unit > 0.0 && cpu.load > 0.0, "{program} {flags:?}: {scenario}");
        }
    }
}

#[test]
fn a_member_that_stalls_is_not_counted_and_the_others_are_served() {
    for (program, flags) in [(OURS, ["--threads", "0"]), (OURS, ["--threads", "2"]), (WARP, ["--threads", "2"])] {
        // More than a megabyte in all: whoever never reads has a full socket by then.
        let scenario = "stalled --members 3 --stalled 1 --rate 100 --size 32000";
        let (status, report) = Server::start(program, &flags).load_patiently(scenario, 20);
        assert_eq!(report.check, Check::default(), "{program} {flags:?}");
        assert_eq!(status, 0, "{program} {flags:?}");
        // Two members were served, the publisher among them.
        assert_eq!(report.units % 2, 0, "{program} {flags:?}");
        assert!(report.units > 0, "{program} {flags:?}");
    }
}

#[test]
fn a_connection_that_does_nothing_has_its_memory_measured() {
    let (status, report) = Server::start(OURS, &[]).load("idle --connections 500 --touch");
    assert_eq!(status, 0);
    let memory = report.memory.unwrap();
    assert!(memory.at_start > 0);
    assert!(memory.per_connection > 0.0);
    assert!(memory.per_touched_connection.unwrap() >= memory.per_connection / 2.0);
}

#[test]
fn a_server_that_is_not_there_is_no_result() {
    let load = Command::new(env!("CARGO_BIN_EXE_wsload")).args(["echo", "--addr", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(load.status.code(), Some(2));
    assert!(load.stdout.is_empty());
}
