//! The simulated bus by itself.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::timeout;

use super::*;
use crate::cluster::engine::{Engine, Link, Subject, Subjects};

fn bus(nodes: usize) -> (SimulatedBus, Activity) {
    let activity = Activity::counting();
    (SimulatedBus::new(nodes, activity.clone()), activity)
}

fn subjects(node: usize) -> Subjects {
    Subjects { name: "shop".into(), node: format!("{node:016x}") }
}

async fn connect(bus: &SimulatedBus, node: usize) -> Link {
    bus.engine(node).connect(&subjects(node)).await.map_err(|error| error.into_inner()).unwrap()
}

async fn say(link: &mut Link, text: &str) {
    link.publisher.publish(Subject::Lane, Bytes::copy_from_slice(text.as_bytes())).await.unwrap();
}

/// All that is heard until nothing follows for a minute.
async fn heard(link: &mut Link) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Ok(parcel)) = timeout(Duration::from_secs(60), link.inbound.next()).await {
        heard.push(String::from_utf8(parcel.to_vec()).unwrap());
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn all_nodes_hear_the_lane_and_one_node_what_is_for_it() {
    let (bus, _) = bus(2);
    let (mut one, mut other) = (connect(&bus, 0).await, connect(&bus, 1).await);
    say(&mut one, "to all").await;
    let to = subjects(1).node;
    one.publisher.publish(Subject::Node(&to), Bytes::from_static(b"to one")).await.unwrap();
    assert_eq!(heard(&mut one).await, ["to all"]);
    assert_eq!(heard(&mut other).await, ["to all", "to one"]);
}

#[tokio::test(start_paused = true)]
async fn each_publisher_is_heard_in_order_and_two_in_any() {
    let orders = [1, 2, 3, 4].map(async |seed| {
        let (bus, _) = bus(3);
        bus.seed(seed);
        bus.delay(Duration::ZERO..=Duration::from_millis(20));
        let (mut one, mut two, mut third) = (connect(&bus, 0).await, connect(&bus, 1).await, connect(&bus, 2).await);
        for n in 0..20 {
            say(&mut one, &format!("a{n:02}")).await;
            say(&mut two, &format!("b{n:02}")).await;
        }
        let heard = heard(&mut third).await;
        for publisher in ["a", "b"] {
            let said: Vec<_> = heard.iter().filter(|text| text.starts_with(publisher)).collect();
            assert!(said.len() == 20 && said.is_sorted(), "{heard:?}");
        }
        heard
    });
    let orders = futures_util::future::join_all(orders).await;
    assert!(orders.windows(2).any(|pair| pair[0] != pair[1]), "another seed is another order");
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_counts_as_work_until_the_next_is_asked_for() {
    let (bus, activity) = bus(1);
    bus.delay(Duration::from_millis(5)..=Duration::from_millis(5));
    let mut link = connect(&bus, 0).await;
    say(&mut link, "a").await;
    assert_eq!(activity.in_flight().len(), 1);
    link.inbound.next().await.map_err(|error| error.into_inner()).unwrap();
    assert_eq!(activity.in_flight().len(), 1);
    assert!(link.inbound.next().now_or_never().is_none());
    assert_eq!(activity.in_flight().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cut_wire_holds_what_is_said_and_nobody_waits_for_it() {
    let (bus, activity) = bus(2);
    let (mut one, mut other) = (connect(&bus, 0).await, connect(&bus, 1).await);
    bus.cut_to_bus(0);
    say(&mut one, "1").await;
    bus.cut_from_bus(1);
    say(&mut other, "2").await;
    assert_eq!(heard(&mut one).await, ["2"]);
    assert!(activity.in_flight().is_empty());
    assert!(heard(&mut other).await.is_empty());
    bus.heal(0);
    assert_eq!(heard(&mut one).await, ["1"]);
    bus.heal(1);
    assert_eq!(heard(&mut other).await, ["2", "1"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_publishes_until_the_socket_is_full_and_does_not_connect() {
    let (bus, _) = bus(1);
    let mut link = connect(&bus, 0).await;
    bus.cut(0);
    let taken = (0..1000).take_while(|_| say(&mut link, "x").now_or_never().is_some()).count();
    assert_eq!(taken, 64);
    let (engine, subjects) = (bus.engine(0), subjects(0));
    let again = engine.connect(&subjects);
    tokio::pin!(again);
    assert!(timeout(Duration::from_secs(60), again.as_mut()).await.is_err());
    bus.heal(0);
    assert!(again.await.is_ok());
    assert_eq!(heard(&mut link).await.len(), 64);
}

#[tokio::test(start_paused = true)]
async fn a_restart_ends_each_connection_and_loses_a_tail_of_what_is_under_way() {
    let mut kept = Vec::new();
    for seed in 0..20 {
        let (bus, activity) = bus(2);
        bus.seed(seed);
        bus.delay(Duration::from_millis(5)..=Duration::from_millis(5));
        let (mut one, mut other) = (connect(&bus, 0).await, connect(&bus, 1).await);
        for n in 0..5 {
            say(&mut one, &n.to_string()).await;
        }
        bus.restart();
        assert!(one.publisher.publish(Subject::Lane, Bytes::new()).await.is_err());
        let heard = heard(&mut other).await;
        assert_eq!(heard, ["0", "1", "2", "3", "4"][..heard.len()]);
        assert!(other.inbound.next().await.is_err());
        kept.push(heard.len());
        drop((one, other));
        assert!(activity.in_flight().is_empty());
        connect(&bus, 0).await;
    }
    assert!(kept.contains(&0) && kept.contains(&5), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_connects_to_a_bus_that_is_stopped() {
    let (bus, _) = bus(1);
    bus.stop();
    assert!(bus.engine(0).connect(&subjects(0)).await.is_err());
    bus.start();
    assert!(bus.engine(0).connect(&subjects(0)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_a_connection_that_was_given_up_arrives_late_or_never() {
    let mut arrived = Vec::new();
    for seed in 0..10 {
        let (bus, _) = bus(2);
        bus.seed(seed);
        let (mut one, mut other) = (connect(&bus, 0).await, connect(&bus, 1).await);
        bus.cut(0);
        say(&mut one, "late").await;
        drop(one);
        bus.heal(0);
        arrived.push(heard(&mut other).await.len());
    }
    assert!(arrived.contains(&0) && arrived.contains(&1), "{arrived:?}");
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_heard_in_order() {
    let (bus, _) = bus(1);
    bus.duplicates(2);
    let mut link = connect(&bus, 0).await;
    for n in 0..20 {
        say(&mut link, &format!("{n:02}")).await;
    }
    let heard = heard(&mut link).await;
    assert!(heard.len() > 20 && heard.is_sorted(), "{heard:?}");
}

#[test]
#[should_panic(expected = "there is no node 2: the cluster has 2")]
fn a_node_that_is_not_there_is_not_cut() {
    bus(2).0.cut(2);
}
