//! Chaos without chaos: where nothing goes wrong nothing is missing, and what is missing is found.

use std::process::{Command, Output};

fn chaos(arguments: &[&str]) -> (Output, String) {
    let chaos = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--calm", "--minutes", "0.05", "--heal", "30"])
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
        let (chaos, told) = chaos(&["--bus", bus]);
        assert!(chaos.status.success(), "{told}");
        assert!(told.contains("holes 0"), "{told}");
    }
}

#[test]
fn what_is_missing_is_found() {
    let (chaos, told) = chaos(&["--lie"]);
    assert_eq!(chaos.status.code(), Some(1), "{told}");
    assert!(told.contains("holes 1"), "{told}");
}
