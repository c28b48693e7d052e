//! What a connection, an echo and a delivery allocate at the most. It is counted, and the same in every run.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    work: String,
    allocations: f64,
    allocated: f64,
}

#[test]
fn a_unit_allocates_no_more_than_it_did() {
    let costs = Command::new(env!("CARGO_BIN_EXE_costs")).args(["--allocations", "--json"]).output().unwrap();
    assert!(costs.status.success(), "{}", String::from_utf8_lossy(&costs.stderr));
    let rows: Vec<Row> = serde_json::from_slice(&costs.stdout).unwrap();
    let rows: BTreeMap<_, _> = rows.iter().map(|row| (row.work.as_str(), row)).collect();
    for (work, allocations, bytes) in [
        ("connect .. close", 54.2, 33_700.0),
        ("echo, one at a time", 3.02, 290.0),
        ("echo, sixteen at a time", 1.21, 365.0),
        ("delivery in a room of 100", 0.12, 21.0),
    ] {
        let row = rows[work];
        assert!(row.allocations <= allocations, "{work}: {:.3} allocations, not {allocations}", row.allocations);
        assert!(row.allocated <= bytes, "{work}: {:.1} bytes, not {bytes}", row.allocated);
    }
    assert_eq!(rows.len(), 4, "each has its bound");
}
