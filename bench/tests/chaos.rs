//! Chaos without chaos: where nothing goes wrong nothing is missing, what is missing is found, and a deploy is noticed once.

use std::process::{Command, Output};

fn chaos(arguments: &[&str]) -> (Output, String) {
    let chaos = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--minutes", "0.05", "--heal", "60"])
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&chaos.stdout) + String::from_utf8_lossy(&chaos.stderr);
    let told = told.into_owned();
    (chaos, told)
}

#[test]
fn where_nothing_goes_wrong_nothing_is_missing() {
    for bus in ["nats", "redis"] {
        let (chaos, told) = chaos(&["--calm", "--bus", bus]);
        assert!(chaos.status.success(), "{told}");
        assert!(told.contains("holes 0"), "{told}");
    }
}

#[test]
fn what_is_missing_is_found() {
    let (chaos, told) = chaos(&["--calm", "--lie"]);
    assert_eq!(chaos.status.code(), Some(1), "{told}");
    assert!(told.contains("holes 1"), "{told}");
}

/// The program fails if a client does not come back once for each time that its node stops, or misses something that is not counted.
#[test]
fn a_deploy_costs_each_client_one_return_for_each_node_that_stops_under_it() {
    for bus in ["nats", "redis"] {
        let (chaos, told) = chaos(&["--rolling", "--bus", bus]);
        assert!(chaos.status.success(), "{told}");
        // Each node stops once, so that nobody stays where it is.
        assert!(told.contains("clients by how often: {1: "), "{told}");
    }
}
