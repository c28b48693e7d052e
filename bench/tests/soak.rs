//! The soak, for a few seconds: nothing may be left of clients that come and go as badly as they can.

use std::process::Command;

#[test]
fn nothing_is_left_of_clients_that_come_and_go() {
    let soak = Command::new(env!("CARGO_BIN_EXE_soak"))
        // So little memory can't be judged to the percent: half as much again would still be a leak's doing.
        .args(["--minutes", "0.1", "--connections", "200", "--growth", "0.5"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&soak.stdout) + String::from_utf8_lossy(&soak.stderr);
    assert!(soak.status.success(), "{told}");
    // Each way to end was met by somebody.
    for way in ["Client", "Lost", "Panic", "Violation"] {
        assert!(told.contains(way), "{way}: {told}");
    }
}
