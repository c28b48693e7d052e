//! What a node of a cluster logs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[path = "support/logs.rs"]
mod captured;

use captured::Logs;
use channel_runtime::testing::{self, TestCluster};
use channel_runtime::{Bus, BusState, Channels, Hub, channel, channels, message};
use tokio::time::sleep;

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[message(type = "ready", answer = bool)]
pub struct Ready {}

#[message(type = "ready_alone", answer = bool)]
pub struct ReadyAlone {}

#[message(type = "counted")]
pub struct Counted {
    members: usize,
}

#[message(type = "counted_alone")]
pub struct CountedAlone {
    members: usize,
}

#[channel("/hall")]
pub struct Hall;

#[channel(sends(Said, Ready, ReadyAlone, Counted, CountedAlone))]
impl Hall {}

/// What not every node has.
#[channel("/annex")]
pub struct Annex;

#[channel(sends(Said))]
impl Annex {}

type Hubs = Arc<Mutex<Vec<Hub<Hall>>>>;

async fn nodes(count: usize) -> (TestCluster<()>, Vec<Hub<Hall>>, Hub<Annex>) {
    let (hubs, annex) = (Hubs::default(), Arc::<Mutex<Option<Hub<Annex>>>>::default());
    let (lists, given, given_annex) = (AtomicUsize::new(0), hubs.clone(), annex.clone());
    let list = move || match lists.fetch_add(1, Ordering::Relaxed) {
        0 => channels![Hall, Annex; cluster],
        _ => channels![Hall; cluster],
    };
    let server = move |channels: Channels<()>| {
        let mut hubs = given.lock().unwrap();
        if hubs.is_empty() {
            *given_annex.lock().unwrap() = Some(channels.of::<Annex>());
        }
        hubs.push(channels.of::<Hall>());
        channels.app(())
    };
    let cluster = testing::cluster_with(count, list, server)
        .settings(|bus| bus.queue_bytes(40_000).queue_age(Duration::from_secs(2)))
        .await;
    let (hubs, annex) = (hubs.lock().unwrap().clone(), annex.lock().unwrap().clone().unwrap());
    (cluster, hubs, annex)
}

async fn until(bus: &mut Bus, is_up: bool) {
    while (bus.state() == BusState::Up) != is_up {
        bus.changed().await;
    }
}

fn said(bytes: usize) -> Said {
    Said { text: "x".repeat(bytes) }
}

/// What `field` is in each line of this node's with this in it.
fn told(logs: &Logs, bus: &Bus, level: &str, part: &str, field: &str) -> Vec<String> {
    let node = format!("node={}", bus.node());
    let text = logs.text();
    let lines = text.lines().filter(|line| line.contains(level) && line.contains(part) && line.contains(&node));
    lines.map(|line| line.split_once(field).expect(line).1.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_doubled_or_foreign_is_logged_once_in_ten_seconds_for_each_reason() {
    let logs = Logs::capture();
    let (cluster, hubs, annex) = nodes(2).await;
    let [sender, receiver] = [0, 1].map(|node| cluster[node].bus());
    let warned = |bus: &Bus, part: &str| told(&logs, bus, "WARN", part, "times=");
    let too_long = "longer than the bus takes";
    // It is known when a connection is made.
    cluster.bus().longest(20_000);
    cluster.bus().restart();
    for bus in [&sender, &receiver] {
        let mut bus = bus.clone();
        while bus.stats().disconnects == 0 || bus.state() != BusState::Up {
            bus.changed().await;
        }
    }
    hubs[0].all().send(said(20_000));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(warned(&sender, too_long), ["1"]);
    for _ in 0..3 {
        hubs[0].all().send(said(20_000));
    }
    sleep(Duration::from_secs(5)).await;
    assert_eq!(warned(&sender, too_long), ["1"], "not again for ten seconds");

    annex.all().send(said(1));
    cluster.bus().duplicates(1);
    hubs[0].all().send(said(1));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(warned(&receiver, "foreign"), ["1"], "each reason by itself");
    assert_eq!(told(&logs, &receiver, "INFO", "came twice", "times=").len(), 1);
    cluster.bus().duplicates(0);

    let mut bus = sender.clone();
    cluster.bus().cut(0);
    until(&mut bus, false).await;
    for _ in 0..5 {
        hubs[0].all().send(said(15_000));
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(warned(&sender, "as many bytes wait for the bus as may"), ["3"], "also while the bus is away");
    hubs[0].all().send(said(1));
    sleep(Duration::from_secs(3)).await;
    let away = "were refused: the bus is away";
    assert_eq!(warned(&sender, away), ["3"], "two that waited for too long, and one that does not wait any more");
    assert_eq!(warned(&sender, too_long), ["1", "3"], "ten seconds are over");
    cluster.bus().heal(0);
    until(&mut bus, true).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(warned(&sender, away), ["3"]);

    let all = logs.text();
    sleep(Duration::from_secs(60)).await;
    let more = logs.text()[all.len()..].to_owned();
    assert!(!more.contains("WARN"), "nothing more is said where nothing more happens: {more}");
    assert_eq!(receiver.stats().foreign, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_and_when_the_bus_is_away_is_logged_each_time() {
    let logs = Logs::capture();
    let (cluster, hubs, _annex) = nodes(2).await;
    let mut bus = cluster[1].bus();
    for round in 1..=2 {
        cluster.bus().cut_from_bus(1);
        for _ in 0..3 {
            hubs[0].all().send(said(1));
        }
        until(&mut bus, false).await;
        cluster.bus().heal(1);
        until(&mut bus, true).await;
        sleep(Duration::from_secs(2)).await;
        assert_eq!(told(&logs, &bus, "WARN", "the bus is away", "error=").len(), round);
        assert_eq!(told(&logs, &bus, "INFO", "the bus is there", "node=").len(), round + 1);
        // Of the other node.
        let lost = told(&logs, &cluster[0].bus(), "WARN", "messages of another node were lost", "lost=");
        assert_eq!(lost, vec!["3"; round]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_or_counts_the_clients_of_one_node_of_several_is_warned_once() {
    let logs = Logs::capture();
    let (cluster, hubs, _annex) = nodes(2).await;
    let _ann = cluster[0].connect::<Hall>("/hall").await.unwrap();
    let (asked, counted) = ("the clients of this node alone are asked", "number of members on this node alone");
    let room = hubs[0].room(&Hall::room());
    room.send_with(|_| Counted { members: 0 });
    assert!(!logs.text().contains(counted), "the message has no such number");
    for hub in [&hubs[0], &hubs[0], &hubs[1]] {
        drop(hub.all().ask(Ready {}).each());
        hub.room(&Hall::room()).send_with(|room| Counted { members: room.len() });
    }
    assert!(logs.line(asked).contains(r#"channel="Hall" kind="ready""#));
    assert!(logs.line(counted).contains(r#"channel="Hall" kind="counted""#));

    // The other one has left.
    cluster[1].drain().await;
    cluster.settle().await;
    drop(hubs[0].all().ask(ReadyAlone {}).each());
    room.send_with(|room| CountedAlone { members: room.len() });
    logs.line(asked);
    logs.line(counted);
}

#[tokio::test(start_paused = true)]
async fn who_asks_or_counts_all_there_are_is_not_warned() {
    let logs = Logs::capture();
    let (cluster, hubs, _annex) = nodes(1).await;
    let _ann = cluster[0].connect::<Hall>("/hall").await.unwrap();
    drop(hubs[0].all().ask(ReadyAlone {}).each());
    hubs[0].room(&Hall::room()).send_with(|room| CountedAlone { members: room.len() });
    assert!(!logs.text().contains("this node alone"), "{}", logs.text());
}
