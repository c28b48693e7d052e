//! What the lane relies on, over each engine and its real server.

mod cuts;
mod logins;
mod secure;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::{Engine, EngineError, Link, Subject, Subjects};
use crate::cluster::bus_tls::BusTls;
use crate::cluster::buses::{Bus, Kind};

/// A test for each engine.
macro_rules! over_each {
    ($($scenario:ident)*) => {
        #[cfg(feature = "nats")]
        mod nats {
            $(#[tokio::test]
            async fn $scenario() {
                crate::cluster::engine::tests::within(super::$scenario(super::Kind::Nats)).await;
            })*
        }

        #[cfg(feature = "redis")]
        mod redis {
            $(#[tokio::test]
            async fn $scenario() {
                crate::cluster::engine::tests::within(super::$scenario(super::Kind::Redis)).await;
            })*
        }
    };
}
use over_each;

over_each! {
    what_is_published_is_heard_by_all_in_order
    what_is_for_one_node_reaches_that_node_alone
    what_is_published_after_connect_is_heard
    apps_of_different_names_do_not_hear_each_other
    a_bus_that_stops_ends_both_halves
    a_bus_that_comes_back_is_connected_to_anew
    a_bus_that_hangs_goes_on_with_what_it_was_given
    nobody_there_is_an_error
    the_longest_parcel_passes
    a_flood_is_heard_by_who_reads
    who_reads_late_misses_nothing
    a_wait_that_is_dropped_loses_nothing
}

/// Fails the test where this is never ready.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("what the test waits for never came")
}

/// What is said of a bus beside its address.
#[derive(Default)]
struct Settings {
    login: Option<(&'static str, &'static str)>,
    tls: Option<BusTls>,
}

fn engine(kind: Kind, url: &str, settings: Settings) -> Box<dyn Engine> {
    /// The clusters are of two types, whose methods have the same names.
    macro_rules! engine_of {
        ($cluster:expr) => {{
            let mut cluster = $cluster;
            if let Some((user, password)) = settings.login {
                cluster = cluster.user_and_password(user, password);
            }
            if let Some(tls) = settings.tls {
                cluster = cluster.tls(tls);
            }
            Box::new(cluster.engine)
        }};
    }
    match kind {
        #[cfg(feature = "nats")]
        Kind::Nats => engine_of!(crate::Nats::at(url)),
        #[cfg(feature = "redis")]
        Kind::Redis => engine_of!(crate::Redis::at(url)),
        #[allow(unreachable_patterns, reason = "with both features there is no other")]
        other => unreachable!("{other:?} without its feature"),
    }
}

async fn try_link(engine: &dyn Engine, name: &str, node: u64) -> Result<Link, EngineError> {
    engine.connect(&Subjects { name: name.into(), node: node_id(node) }).await
}

fn node_id(node: u64) -> String {
    format!("{node:016x}")
}

async fn link(bus: &Bus, node: u64) -> Link {
    let engine = engine(bus.kind(), &bus.url(), Settings::default());
    try_link(&*engine, "shop", node).await.expect("a bus that runs")
}

/// Why it did not connect.
async fn refused(engine: Box<dyn Engine>) -> String {
    let Err(error) = try_link(&*engine, "shop", 1).await else { panic!("it connected") };
    error.to_string()
}

fn parcel(number: usize) -> Bytes {
    format!("parcel {number}").into()
}

impl Link {
    async fn say(&mut self, parcel: impl Into<Bytes>) {
        self.publisher.publish(Subject::Lane, parcel.into()).await.expect("a bus that takes it");
    }

    async fn hears(&mut self) -> Bytes {
        self.inbound.next().await.expect("a bus that runs")
    }
}

async fn what_is_published_is_heard_by_all_in_order(kind: Kind) {
    let bus = Bus::start(kind).await;
    let (mut ann, mut ben) = (link(&bus, 1).await, link(&bus, 2).await);
    for number in 0..100 {
        ann.say(format!("ann {number}")).await;
        ben.say(format!("ben {number}")).await;
    }
    for each in [&mut ann, &mut ben] {
        let mut heard = Vec::new();
        for _ in 0..200 {
            heard.push(String::from_utf8(each.hears().await.to_vec()).expect("text"));
        }
        for who in ["ann", "ben"] {
            let of_one: Vec<_> = heard.iter().filter(|parcel| parcel.starts_with(who)).cloned().collect();
            let said: Vec<_> = (0..100).map(|number| format!("{who} {number}")).collect();
            assert_eq!(of_one, said);
        }
    }
}

async fn what_is_for_one_node_reaches_that_node_alone(kind: Kind) {
    let bus = Bus::start(kind).await;
    let (mut ann, mut ben, mut eve) = (link(&bus, 1).await, link(&bus, 2).await, link(&bus, 3).await);
    let to_ben = node_id(2);
    ann.publisher.publish(Subject::Node(&to_ben), "for ben".into()).await.expect("a bus that takes it");
    assert_eq!(ben.hears().await, "for ben");
    ann.say("for all").await;
    for each in [&mut ann, &mut ben, &mut eve] {
        assert_eq!(each.hears().await, "for all");
    }
}

async fn what_is_published_after_connect_is_heard(kind: Kind) {
    let bus = Bus::start(kind).await;
    let mut ann = link(&bus, 1).await;
    for number in 0..50 {
        let mut newcomer = link(&bus, 2).await;
        ann.say(parcel(number)).await;
        assert_eq!(newcomer.hears().await, parcel(number));
    }
}

async fn apps_of_different_names_do_not_hear_each_other(kind: Kind) {
    let bus = Bus::start(kind).await;
    let engine = engine(kind, &bus.url(), Settings::default());
    let mut shop = try_link(&*engine, "shop", 1).await.expect("a bus that runs");
    let mut shop_2 = try_link(&*engine, "shop-2", 1).await.expect("a bus that runs");
    shop.say("of the shop").await;
    assert_eq!(shop.hears().await, "of the shop");
    shop_2.say("of another").await;
    assert_eq!(shop_2.hears().await, "of another");
    shop.publisher.publish(Subject::Node(&node_id(1)), "for itself".into()).await.expect("a bus that takes it");
    assert_eq!(shop.hears().await, "for itself");
}

async fn a_bus_that_stops_ends_both_halves(kind: Kind) {
    let mut bus = Bus::start(kind).await;
    let Link { mut publisher, mut inbound, .. } = link(&bus, 1).await;
    let waits = tokio::spawn(async move {
        let ended = inbound.next().await;
        (ended, inbound)
    });
    publisher.publish(Subject::Node(&node_id(2)), "for nobody".into()).await.expect("a bus that takes it");
    bus.stop().await;

    let (ended, mut inbound) = waits.await.expect("no panic");
    assert!(ended.is_err());
    assert!(inbound.next().await.is_err());
    assert!(publisher.publish(Subject::Lane, "too late".into()).await.is_err());

    // What connected is not connected again behind the lane's back.
    bus.start_again().await;
    assert!(publisher.publish(Subject::Lane, "too late".into()).await.is_err());
    assert!(inbound.next().await.is_err());
}

async fn a_bus_that_comes_back_is_connected_to_anew(kind: Kind) {
    let mut bus = Bus::start(kind).await;
    let engine = engine(kind, &bus.url(), Settings::default());
    for _ in 0..3 {
        let mut node = try_link(&*engine, "shop", 1).await.expect("a bus that runs");
        node.say("hello").await;
        assert_eq!(node.hears().await, "hello");
        bus.stop().await;
        assert!(node.inbound.next().await.is_err());
        assert!(try_link(&*engine, "shop", 1).await.is_err());
        bus.start_again().await;
    }
}

async fn a_bus_that_hangs_goes_on_with_what_it_was_given(kind: Kind) {
    let bus = Bus::start(kind).await;
    let mut ann = link(&bus, 1).await;
    bus.pause().await;
    {
        let mut publish = ann.publisher.publish(Subject::Lane, "while it hangs".into());
        // Handed to its socket or not, as the engine likes.
        let taken = (&mut publish).now_or_never();
        bus.resume().await;
        match taken {
            Some(taken) => taken.expect("it was given"),
            None => publish.await.expect("it was given"),
        }
    }
    assert_eq!(ann.hears().await, "while it hangs");
}

async fn nobody_there_is_an_error(kind: Kind) {
    let mut bus = Bus::start(kind).await;
    bus.stop().await;
    let error = refused(engine(kind, &bus.url(), Settings::default())).await;
    assert!(error.contains(&bus.addr().to_string()) && error.to_lowercase().contains("refused"), "{error}");
}

async fn the_longest_parcel_passes(kind: Kind) {
    let bus = Bus::start(kind).await;
    let (mut ann, mut ben) = (link(&bus, 1).await, link(&bus, 2).await);
    assert!(ann.longest >= 1 << 20, "{}", ann.longest);
    let longest: Bytes = (0..=u8::MAX).cycle().take(ann.longest).collect();
    ann.say(longest.clone()).await;
    ann.say("after it").await;
    assert!(ben.hears().await == longest);
    assert_eq!(ben.hears().await, "after it");
}

async fn a_flood_is_heard_by_who_reads(kind: Kind) {
    const PARCELS: usize = 10_000;
    let bus = Bus::start(kind).await;
    let (mut ann, mut ben) = (link(&bus, 1).await, link(&bus, 2).await);
    let reader = tokio::spawn(async move {
        for number in 0..PARCELS {
            assert_eq!(ben.hears().await[..6], format!("{number:06}").into_bytes());
        }
    });
    // Its own reads as well, or it would be the slow one.
    let mut inbound = ann.inbound;
    let echo = tokio::spawn(async move {
        for number in 0..PARCELS {
            let heard = inbound.next().await.expect("a bus that runs");
            assert_eq!(heard[..6], format!("{number:06}").into_bytes());
        }
        inbound
    });
    for number in 0..PARCELS {
        let parcel = format!("{number:06}{}", "-".repeat(1000));
        ann.publisher.publish(Subject::Lane, parcel.into()).await.expect("a bus that takes it");
    }
    reader.await.expect("all in order");
    // The half that reads is kept as long as the half that writes.
    drop(echo.await.expect("all in order"));
}

async fn who_reads_late_misses_nothing(kind: Kind) {
    let bus = Bus::start(kind).await;
    let (mut ann, mut ben) = (link(&bus, 1).await, link(&bus, 2).await);
    for number in 0..5000 {
        ann.say([format!("{number:06}").into_bytes(), vec![0; 1000]].concat()).await;
    }
    for number in 0..5000 {
        assert_eq!(ben.hears().await[..6], format!("{number:06}").into_bytes());
    }
}

async fn a_wait_that_is_dropped_loses_nothing(kind: Kind) {
    let bus = Bus::start(kind).await;
    let mut ann = link(&bus, 1).await;
    let mut heard = Vec::new();
    for number in 0..200 {
        ann.say(parcel(number)).await;
        if let Some(parcel) = ann.inbound.next().now_or_never() {
            heard.push(parcel.expect("a bus that runs"));
        }
    }
    while heard.len() < 200 {
        match ann.inbound.next().now_or_never() {
            Some(parcel) => heard.push(parcel.expect("a bus that runs")),
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(heard, (0..200).map(parcel).collect::<Vec<_>>());
}
