//! Who a node is to the bus: what is refused, and in whose words.

use super::{Bus, Kind, Settings, engine, over_each, refused, try_link};
use crate::cluster::engine::Engine;

over_each! {
    a_password_lets_in
    a_wrong_password_is_refused_in_the_words_of_the_bus
    a_password_may_stand_in_the_address
    a_permission_that_is_missing_is_named
    a_bus_that_is_full_says_so
    an_address_that_is_none_is_found_before_anything_is_tried
    secrets_are_not_printed
}

/// A bus that knows the user `app` with the password `se/cret`; what it may do is left out or said.
async fn guarded(kind: Kind, may: bool) -> Bus {
    Bus::start_with(kind, |place| match kind {
        Kind::Nats => {
            let denied = if may { "" } else { ", permissions: { subscribe: { deny: \"ch.>\" } }" };
            let users = format!("authorization {{ users: [ {{ user: app, password: \"se/cret\"{denied} }} ] }}");
            let file = place.join("configuration");
            std::fs::write(&file, users).expect("a directory of the test's own");
            vec!["--config".into(), file.display().to_string()]
        }
        Kind::Redis => {
            let channels = if may { "allchannels" } else { "resetchannels" };
            ["--user", "app", "on", ">se/cret", channels, "+@all"].map(str::to_owned).into()
        }
    })
    .await
}

async fn gets_in(engine: &dyn Engine) {
    let mut node = try_link(engine, "shop", 1).await.expect("it is let in");
    node.say("let in").await;
    assert_eq!(node.hears().await, "let in");
}

const APP: Settings = Settings { login: Some(("app", "se/cret")), tls: None };

async fn a_password_lets_in(kind: Kind) {
    let bus = guarded(kind, true).await;
    gets_in(&*engine(kind, &bus.url(), APP)).await;
}

async fn a_wrong_password_is_refused_in_the_words_of_the_bus(kind: Kind) {
    let bus = guarded(kind, true).await;
    let wrong = Settings { login: Some(("app", "guessed")), tls: None };
    let error = refused(engine(kind, &bus.url(), wrong)).await;
    let words = match kind {
        Kind::Nats => "authorization violation",
        Kind::Redis => "invalid username-password pair",
    };
    assert!(error.contains(words) && error.contains(&bus.addr().to_string()), "{error}");
    assert!(!error.contains("guessed"), "{error}");
}

async fn a_password_may_stand_in_the_address(kind: Kind) {
    let bus = guarded(kind, true).await;
    let url = bus.url().replace("://", "://app:se%2Fcret@");
    gets_in(&*engine(kind, &url, Settings::default())).await;
    refused(engine(kind, &url.replace("app", "eve"), Settings::default())).await;
}

async fn a_permission_that_is_missing_is_named(kind: Kind) {
    let bus = guarded(kind, false).await;
    let error = refused(engine(kind, &bus.url(), APP)).await;
    let words = match kind {
        Kind::Nats => "Permissions Violation for Subscription to \"ch.shop.",
        Kind::Redis => "no permissions to access one of the channels",
    };
    assert!(error.contains(words), "{error}");
}

async fn a_bus_that_is_full_says_so(kind: Kind) {
    let bus = Bus::start_with(kind, |place| match kind {
        Kind::Nats => {
            let file = place.join("configuration");
            std::fs::write(&file, "max_connections: 1").expect("a directory of the test's own");
            vec!["--config".into(), file.display().to_string()]
        }
        // A node has two.
        Kind::Redis => vec!["--maxclients".into(), "2".into()],
    })
    .await;
    let first = engine(kind, &bus.url(), Settings::default());
    let _first = try_link(&*first, "shop", 1).await.expect("room for one");
    let error = refused(engine(kind, &bus.url(), Settings::default())).await;
    let words = match kind {
        Kind::Nats => "maximum connections exceeded",
        Kind::Redis => "max number of clients reached",
    };
    assert!(error.contains(words), "{error}");
}

async fn an_address_that_is_none_is_found_before_anything_is_tried(kind: Kind) {
    for url in ["http://127.0.0.1", "", "nats://[", "redis://["] {
        let error = engine(kind, url, Settings::default()).check().await.expect_err("no address").to_string();
        assert!(error.contains("address"), "{error}");
    }
}

async fn secrets_are_not_printed(kind: Kind) {
    let scheme = if kind == Kind::Nats { "nats" } else { "redis" };
    let url = format!("{scheme}://app:in-the-address@bus:4000");
    let login = Some(("app", "by-the-method"));
    let printed = [debug(kind, &url, None), debug(kind, &url, login)].concat();
    assert!(printed.contains("bus:4000"), "{printed}");
    assert!(!printed.contains("in-the-address") && !printed.contains("by-the-method"), "{printed}");
}

fn debug(kind: Kind, url: &str, login: Option<(&str, &str)>) -> String {
    match (kind, login) {
        #[cfg(feature = "nats")]
        (Kind::Nats, Some((user, password))) => format!("{:?}", crate::Nats::at(url).user_and_password(user, password)),
        #[cfg(feature = "nats")]
        (Kind::Nats, None) => format!("{:?}", crate::Nats::at(url)),
        #[cfg(feature = "redis")]
        (Kind::Redis, Some((user, password))) => {
            format!("{:?}", crate::Redis::at(url).user_and_password(user, password))
        }
        #[cfg(feature = "redis")]
        (Kind::Redis, None) => format!("{:?}", crate::Redis::at(url)),
        #[allow(unreachable_patterns, reason = "with both features there is no other")]
        (other, _) => unreachable!("{other:?} without its feature"),
    }
}
