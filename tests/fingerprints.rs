//! The fingerprints of the examples' channels stand in a file: an upgrade of the crate alone must not change one, because each client
//! that was generated before it would be outdated at once.
//!
//! If an example's own source changes its wire, `FINGERPRINTS=accept cargo test --test fingerprints` writes the file anew.

// The examples share files, and are programs whose `main` nobody calls here.
#![allow(dead_code, clippy::duplicate_mod)]

use std::collections::BTreeSet;
use std::fs;

use channel_runtime::describe::Description;
use channel_runtime::{Channels, channels};

#[path = "fingerprints/shapes.rs"]
mod shapes;

#[path = "fingerprints/examples.rs"]
mod examples;

// By this path the example `cluster` names it.
use examples::chat;
use examples::subprotocols::{Closing, Optional, Plain, Required};
use examples::ticker::{Each, Newest};

/// Of the list of each channel alone.
fn examples() -> Vec<Description> {
    let of_subprotocols: [Channels<()>; 4] =
        [channels![Closing], channels![Optional], channels![Plain], channels![Required]];
    let of_ticker: [Channels<()>; 2] = [channels![Each], channels![Newest]];
    let each = |(name, whole)| match name {
        "subprotocols" => of_subprotocols.iter().map(Channels::describe).collect(),
        "ticker" => of_ticker.iter().map(Channels::describe).collect(),
        _ => vec![whole],
    };
    examples::all().into_iter().flat_map(each).collect()
}

#[test]
fn the_fingerprints_of_the_examples_stand() {
    let lines = examples().into_iter().map(|description| {
        let [channel] = &description.channels[..] else { panic!("a list of one") };
        format!("{} {} {}\n", description.fingerprint, channel.path, channel.name)
    });
    let now: String = lines.collect();
    let path = "tests/describe/fingerprints.txt";
    if std::env::var_os("FINGERPRINTS").is_some_and(|asked| asked == "accept") {
        fs::write(path, &now).unwrap();
    }
    let mut stands = fs::read_to_string(path).unwrap().replace('\r', "");
    if !cfg!(feature = "cluster") {
        stands.truncate(now.len());
    }
    assert_eq!(now, stands, "not what stands in {path}");
}

#[test]
fn no_example_is_missing() {
    let here: BTreeSet<_> = examples::all().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(here, examples::names());
}

/// The page of the example `chat` talks to the nodes of `cluster`.
#[cfg(feature = "cluster")]
#[test]
fn the_wire_of_the_example_cluster_is_that_of_chat() {
    let fingerprint =
        |name| examples::all().into_iter().find(|(each, _)| *each == name).map(|(_, list)| list.fingerprint);
    assert_eq!(fingerprint("cluster"), fingerprint("chat"));
}

/// A client can be made of each.
#[test]
fn no_example_has_a_type_that_is_opaque() {
    let places = examples().iter().flat_map(Description::opaque).map(|place| format!("{place}\n")).collect::<String>();
    assert_eq!(places, "");
}

/// No upgrade changes these, and no commit: `shapes` stays as it is. Only the list of `Game`, and so that of all, has another one since
/// questions are asked in the default envelope, too: it has one, and what answers it is of its wire now.
#[test]
fn what_is_described_more_exactly_has_the_fingerprint_that_it_had() {
    let lists = [channels![shapes::Game], channels![shapes::Chat], channels![shapes::Rpc]];
    let all: Channels<()> = channels![shapes::Game, shapes::Chat, shapes::Rpc];
    let fingerprints = lists.iter().chain([&all]).map(|list: &Channels<()>| list.describe().fingerprint);
    assert_eq!(
        fingerprints.collect::<Vec<_>>(),
        ["a43f7531c43851e4", "6ead5a4c7b65f58f", "8df71ba5f95189dc", "979a2c4d5d87e6be"]
    );
}
