//! What somebody does who means no good, over raw TCP: a table of attacks, each with what must become of it.
//!
//! `cargo test --test hostile -- --nocapture` prints a line for each. After each, and during those that take their time, two
//! honest clients are served exactly what they should be: one that was there before, in the same room, and one that comes.
//! What all of it may take is bounded by the allocator itself: see `attacks::stage`. The list is `docs/attacks.md`; after a
//! change, `ATTACKS=overwrite cargo test --test hostile` writes it anew, for a human to read.

mod support;

#[path = "hostile/mod.rs"]
mod attacks;

use std::alloc::System;

use cap::Cap;

/// Counts the bytes in use, and refuses those over its limit: then the program ends.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

#[test]
fn on_the_handshake() {
    attacks::run("handshake");
}

#[test]
fn on_paths() {
    attacks::run("path");
}

#[test]
fn on_the_door() {
    attacks::run("door");
}

#[test]
fn on_frames() {
    attacks::run("framing");
}

#[test]
fn on_json() {
    attacks::run("json");
}

#[test]
fn on_envelopes() {
    attacks::run("envelope");
}

#[test]
fn on_the_framework_s_frames() {
    attacks::run("hello");
}

#[test]
fn on_sizes() {
    attacks::run("size");
}

#[test]
fn on_rates() {
    attacks::run("rate");
}

#[test]
fn on_patience() {
    attacks::run("slow");
}

#[test]
fn on_endings() {
    attacks::run("half open");
}

#[test]
fn on_places() {
    attacks::run("crowd");
}

#[test]
fn the_list_says_what_becomes_of_each() {
    let _alone = attacks::alone();
    attacks::list::is_up_to_date();
}
