//! The documents that are made of the examples stand in `tests/contract/documents`, where a human reads what a change does to them, and
//! validators of AsyncAPI and JSON Schema check them (`tests/contract`).
//!
//! After a change that is meant, `DOCUMENTS=accept cargo test --test documents` writes them anew.

#![allow(dead_code, clippy::duplicate_mod)]

#[path = "corpus/channels.rs"]
mod channels_of_corpus;
#[path = "fingerprints/examples.rs"]
mod examples;
#[path = "corpus/shapes.rs"]
mod shapes;

use std::fs;

use channel_runtime::channels;
use channel_runtime::contract::{self, asyncapi, schemas};
use channel_runtime::describe::Description;
// By this path the example `cluster` names it.
use examples::{board, chat};
use serde_json::json;

/// The wire of `tests/describe.rs`, which has every form that a type can have.
fn described() -> Description {
    serde_json::from_str(&fs::read_to_string("tests/describe/channels.json").unwrap()).unwrap()
}

/// The same with faults of a handler: one with details and one without.
fn with_faults() -> Description {
    let mut description = serde_json::to_value(described()).unwrap();
    let move_ = &mut description["channels"][0]["from_client"][0];
    assert_eq!(move_["type"], "move");
    let least = json!({
        "read": "least", "written": "least", "type": { "kind": "integer", "signed": false, "bits": 64 },
        "has_default": false, "may_be_skipped": false,
    });
    move_["reply"]["faults"] = json!([
        { "code": "bid.too_low", "message": "bid {least} or more", "docs": "Somebody was faster.",
          "details": { "kind": "fields", "fields": [least] } },
        { "code": "bid.closed", "message": "the lot is sold" },
    ]);
    serde_json::from_value(description).unwrap()
}

#[test]
fn the_documents_of_the_examples_stand() {
    let others = [
        ("corpus", channels_of_corpus::corpus().app(()).describe()),
        ("described", described()),
        ("faults", with_faults()),
    ];
    let accept = std::env::var_os("DOCUMENTS").is_some_and(|asked| asked == "accept");
    for (name, description) in examples::all().into_iter().chain(others) {
        let (asyncapi, schemas) = (asyncapi(&description).title(name).version("0.1.0"), schemas(&description));
        let has_opaque = ["described", "faults"].contains(&name);
        let asyncapi = if has_opaque { asyncapi.opaque_as_unknown() } else { asyncapi }.json().unwrap();
        let schemas = if has_opaque { schemas.opaque_as_unknown() } else { schemas }.json().unwrap();
        for (kind, now) in [("asyncapi", asyncapi), ("schemas", schemas)] {
            let path = format!("tests/contract/documents/{name}.{kind}.json");
            if accept {
                fs::write(&path, &now).unwrap();
            }
            let stands = fs::read_to_string(&path).unwrap_or_default().replace('\r', "");
            assert!(now == stands, "not what stands in {path}: read the difference, then DOCUMENTS=accept");
        }
    }
}

#[test]
fn what_is_opaque_is_an_error_that_names_each_place() {
    let opaque = schemas(&described()).json().unwrap_err();
    assert_eq!(asyncapi(&described()).json().unwrap_err(), opaque);
    assert!(opaque.to_string().contains("`Undescribed` in `move.hidden` of `Game`"), "{opaque}");
}

#[test]
fn the_same_description_makes_the_same_bytes_after_a_detour_over_json() {
    let description = channels![chat::ChatChannel].app(()).describe();
    let again: Description = serde_json::from_str(&serde_json::to_string(&description).unwrap()).unwrap();
    assert_eq!(asyncapi(&description).json().unwrap(), asyncapi(&again).json().unwrap());
}

/// The compiler holds them against the wire alone, and not against the docs or the core.
#[test]
fn the_clients_of_the_examples_stand() {
    let (chat, board) = (channels![chat::ChatChannel].app(()).describe(), channels![board::Board].app(()).describe());
    let (chat, board) = (contract::typescript(&chat), contract::typescript(&board));
    for (path, now) in [
        ("examples/pages/chat.js", chat.javascript()),
        ("examples/pages/chat.d.ts", chat.declarations()),
        ("examples/board/web/channels.ts", board.typescript()),
    ] {
        let stands = fs::read_to_string(path).unwrap().replace('\r', "");
        assert!(now.unwrap() == stands, "not what stands in {path}: CHANNELS_LOCK=accept cargo run --example ..");
    }
}
