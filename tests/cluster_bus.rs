//! The bus of a cluster as a program sees it, and the ends of nodes, on a clock that does not wait.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, TestCluster, TestClusterSetup};
use channel_runtime::{Bus, BusState, CloseCode, Elsewhere, Hub, NotTaken, channel, channels, message};
use tokio::runtime::{Builder, Handle};
use tokio::time::{sleep, timeout};

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[channel("/hall/:name")]
pub struct Hall {
    name: String,
}

#[channel(sends(Said))]
impl Hall {
    fn identity(&self) -> &String {
        &self.name
    }
}

type Hubs = Arc<Mutex<Vec<Hub<Hall>>>>;

fn nodes(count: usize) -> (TestClusterSetup<()>, Hubs) {
    let hubs = Hubs::default();
    let given = hubs.clone();
    let server = move |channels: channel_runtime::Channels<()>| {
        given.lock().unwrap().push(channels.of::<Hall>());
        channels.app(())
    };
    (testing::cluster_with(count, || channels![Hall; cluster], server), hubs)
}

async fn two() -> (TestCluster<()>, Vec<Hub<Hall>>) {
    let (setup, hubs) = nodes(2);
    let cluster = setup.await;
    let hubs = hubs.lock().unwrap().clone();
    (cluster, hubs)
}

async fn until(bus: &mut Bus, is_up: bool) {
    while (bus.state() == BusState::Up) != is_up {
        bus.changed().await;
    }
}

fn said(text: &str) -> Said {
    Said { text: text.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_until_all_is_taken_goes_on_when_it_is_given_up() {
    let (setup, hubs) = nodes(2);
    let cluster = setup.settings(|bus| bus.queue_age(Duration::ZERO)).await;
    let hub = hubs.lock().unwrap()[0].clone();
    let mut bus = cluster[0].bus();
    bus.flushed().await;
    cluster.bus().cut(0);
    until(&mut bus, false).await;
    assert_eq!(hub.all().send(said("too late")).elsewhere, Elsewhere::Taken);
    let flushed = tokio::spawn({
        let bus = bus.clone();
        async move { bus.flushed().await }
    });
    tokio::task::yield_now().await;
    assert!(!flushed.is_finished());
    cluster.bus().heal(0);
    flushed.await.unwrap();
    assert_eq!((bus.stats().refused_away, bus.state()), (1, BusState::Up));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_says_goodbye_is_waited_for_by_nobody_and_has_lost_nothing() {
    let (cluster, hubs) = two().await;
    let _ann = cluster[1].connect::<Hall>("/hall/ann").await.unwrap();
    assert_eq!(hubs[0].all().everywhere().len().await.value, 1);
    cluster[1].drain().await;
    cluster.settle().await;
    assert!(cluster[0].bus().nodes().is_empty());
    let asked = tokio::time::Instant::now();
    let left = hubs[0].all().everywhere().len().await;
    assert!(left.is_complete() && left.value == 0 && asked.elapsed() == Duration::ZERO, "{left:?}");
    // It is not away: it is not there any more, and looks for no bus.
    sleep(Duration::from_secs(60)).await;
    assert_eq!(cluster[1].bus().stats().disconnects, 1, "its own end");
    assert_eq!(hubs[1].all().send(said("late")).elsewhere, Elsewhere::Refused(NotTaken::Away));
    let left = hubs[0].user("ann").everywhere().disconnect(CloseCode::FORBIDDEN, "banned").await;
    assert!(left.is_complete(), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn rooms_that_hear_the_same_share_what_crosses_and_what_is_too_long_reaches_nobody() {
    let (cluster, hubs) = two().await;
    let mut ann = cluster[0].connect::<Hall>("/hall/7").await.unwrap();
    let mut bob = cluster[1].connect::<Hall>("/hall/9").await.unwrap();
    cluster.bus().longest(20_000);
    cluster.bus().restart();
    for node in 0..2 {
        let mut bus = cluster[node].bus();
        while bus.stats().disconnects == 0 || bus.state() != BusState::Up {
            bus.changed().await;
        }
    }
    let rooms = || (0..100).map(|room| Hall::room(&room.to_string()));
    let sent = hubs[0].rooms(rooms()).send(said(&"x".repeat(1000)));
    assert_eq!((sent.recipients, sent.elsewhere), (1, Elsewhere::Taken));
    cluster.settle().await;
    assert_eq!((ann.take_texts().len(), bob.take_texts().len()), (1, 1));

    let sent = hubs[0].rooms(rooms()).send(said(&"x".repeat(20_000)));
    assert_eq!((sent.recipients, sent.elsewhere), (0, Elsewhere::Refused(NotTaken::TooLong)));
    cluster.settle().await;
    assert!(ann.take_texts().is_empty() && bob.take_texts().is_empty());
    assert_eq!(cluster[0].bus().stats().refused_too_long, 1);
}

#[test]
fn a_node_whose_runtime_has_ended_is_not_on_the_bus() {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (setup, hubs) = nodes(1);
    let cluster = runtime.block_on(setup.into_future());
    let bus = cluster[0].bus();
    assert_eq!(bus.state(), BusState::Up);
    let mut flushed = runtime.block_on(async {
        cluster.bus().cut(0);
        bus.clone().changed().await;
        assert_eq!(hubs.lock().unwrap()[0].all().send(said("lost")).elsewhere, Elsewhere::Taken);
        let mut flushed = Box::pin(async { bus.flushed().await });
        assert!(futures::poll!(&mut flushed).is_pending());
        flushed
    });
    drop(runtime);
    assert!(matches!(bus.state(), BusState::Away { .. }));
    futures::executor::block_on(&mut flushed);
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing_behind() {
    let nobody = channel_runtime::Nats::at("nats://127.0.0.1:1");
    let start = channels![Hall; cluster].over(nobody);
    let started: Result<Result<channel_runtime::Channels<()>, _>, _> = timeout(Duration::from_millis(1), start).await;
    assert!(started.is_err());
    let ended = async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), ended).await.expect("its task has ended");
}
