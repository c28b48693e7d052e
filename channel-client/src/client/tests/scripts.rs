//! The scripts that every client runs: tests/vectors/scripts.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::script::play;

#[test]
fn every_script_is_played_to_its_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/scripts");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 50, "only {} scripts", files.len());
    let mut failed = Vec::new();
    for file in files {
        let script = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        if let Err(error) = runtime.block_on(play(&script)) {
            failed.push(format!("{name}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Of this client alone: JavaScript notices what is no JSON, and not what has other types.
#[tokio::test(start_paused = true)]
async fn who_is_present_is_a_fault_where_it_can_not_be_read() {
    let script = json!({
        "client": { "path": "/room/a" },
        "random": [],
        "steps": [
            { "open": true },
            { "dial": {} },
            { "accept": true },
            { "say": { "type": "$hello", "v": 1, "ping_ms": 25000, "max_bytes": 65536 } },
            { "say": { "type": "$joined", "id": "c1" } },
            { "event": { "joined": { "id": "c1", "fresh": true } } },
            { "say": { "type": "$presence", "count": "many", "here": {} } },
            { "event": { "error": "malformed" } },
            { "say": { "type": "$presence", "count": 0, "here": {} } },
            { "event": { "presence": true } },
            { "nothing": true },
        ],
    });
    play(&script).await.unwrap();
}
