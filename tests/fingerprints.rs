//! The fingerprints of the examples' channels stand in a file: an upgrade of the crate alone must not change one, because each client
//! that was generated before it would be outdated at once.
//!
//! If an example's own source changes its wire, `FINGERPRINTS=accept cargo test --test fingerprints` writes the file anew.

// The examples share files, and are programs whose `main` nobody calls here.
#![allow(dead_code, clippy::duplicate_mod)]

use std::fs;

use channel_runtime::describe::Description;
use channel_runtime::{Channels, channels};

macro_rules! examples {
    ($($name:ident: $path:literal)*) => {
        $(#[path = $path] mod $name;)*
    };
}

#[path = "fingerprints/shapes.rs"]
mod shapes;

examples! {
    axum: "../examples/axum.rs"
    batched: "../examples/batched.rs"
    board: "../examples/board/main.rs"
    chat: "../examples/chat.rs"
    echo: "../examples/echo.rs"
    game: "../examples/game.rs"
    graphql_ws: "../examples/graphql_ws.rs"
    json_rpc: "../examples/json_rpc.rs"
    metrics: "../examples/metrics.rs"
    notifications: "../examples/notifications.rs"
    ocpp: "../examples/ocpp/main.rs"
    phoenix: "../examples/phoenix.rs"
    pooled: "../examples/pooled.rs"
    secure: "../examples/secure.rs"
    subprotocols: "../examples/subprotocols.rs"
    sync: "../examples/sync/main.rs"
    users: "../examples/users.rs"
    whiteboard: "../examples/whiteboard.rs"
}

fn examples() -> Vec<Description> {
    let of_any_app: [Channels<()>; 15] = [
        channels![axum::Topic],
        channels![board::Board],
        channels![chat::ChatChannel],
        channels![echo::Echo],
        channels![graphql_ws::Operations],
        channels![json_rpc::Rpc],
        channels![metrics::Chat],
        channels![ocpp::Station],
        channels![phoenix::Room],
        channels![subprotocols::Closing],
        channels![subprotocols::Optional],
        channels![subprotocols::Plain],
        channels![subprotocols::Required],
        channels![users::UserChannel],
        channels![whiteboard::BoardChannel],
    ];
    let of_their_own = [
        channels![batched::SensorChannel].describe(),
        channels![game::GameChannel].describe(),
        channels![notifications::NotificationChannel].describe(),
        channels![pooled::Poll].describe(),
        channels![secure::AuthenticatedChannel].describe(),
        channels![sync::SyncChannel].describe(),
    ];
    of_any_app.iter().map(Channels::describe).chain(of_their_own).collect()
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
    assert_eq!(now, fs::read_to_string(path).unwrap().replace('\r', ""), "not what stands in {path}");
}

/// A client can be made of each.
#[test]
fn no_example_has_a_type_that_is_opaque() {
    let places = examples().iter().flat_map(Description::opaque).map(|place| format!("{place}\n")).collect::<String>();
    assert_eq!(places, "");
}

/// No upgrade changes these, and no commit: `shapes` stays as it is.
#[test]
fn what_is_described_more_exactly_has_the_fingerprint_that_it_had() {
    let lists = [channels![shapes::Game], channels![shapes::Chat], channels![shapes::Rpc]];
    let all: Channels<()> = channels![shapes::Game, shapes::Chat, shapes::Rpc];
    let fingerprints = lists.iter().chain([&all]).map(|list: &Channels<()>| list.describe().fingerprint);
    assert_eq!(
        fingerprints.collect::<Vec<_>>(),
        ["647e9b5bb7cdf0ab", "6ead5a4c7b65f58f", "8df71ba5f95189dc", "57d95277511d8585"]
    );
}
