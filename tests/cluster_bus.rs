//! The bus of a cluster as a program sees it, and the ends of nodes, on a clock that does not wait.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestCluster, TestClusterSetup};
use channel_runtime::{Bus, BusState, Channels, CloseCode, Elsewhere, Hub, NotTaken, channel, channels, message};
use serde_json::Value;
use tokio::runtime::{Builder, Handle};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

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

/// What not every node has.
#[channel("/annex")]
pub struct Annex;

#[channel(sends(Said))]
impl Annex {}

#[cfg(feature = "cluster")]
#[path = "support/buses.rs"]
mod buses;

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

/// What it has heard since the last time.
fn heard(client: &mut Client<Hall>) -> Vec<String> {
    let text = |text: String| serde_json::from_str::<Value>(&text).unwrap()["text"].as_str().unwrap().to_owned();
    client.take_texts().into_iter().map(text).collect()
}

async fn hall(cluster: &TestCluster<()>, node: usize, name: &str) -> Client<Hall> {
    cluster[node].connect::<Hall>(&format!("/hall/{name}")).await.unwrap()
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
    let asked = Instant::now();
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
    let mut flushed = Box::pin(bus.flushed());
    runtime.block_on(async {
        cluster.bus().cut(0);
        bus.clone().changed().await;
        assert_eq!(hubs.lock().unwrap()[0].all().send(said("lost")).elsewhere, Elsewhere::Taken);
        assert!(futures::poll!(&mut flushed).is_pending());
    });
    drop(runtime);
    assert!(matches!(bus.state(), BusState::Away { .. }));
    futures::executor::block_on(flushed);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_sent_before_the_first_client_is_slowed_with_it() {
    let (setup, hubs) = nodes(2);
    let cluster = setup.settings(|bus| bus.queue_bytes(400_000)).await;
    let hub = hubs.lock().unwrap()[0].clone();
    hub.all().send(said("early"));
    let _ann = hall(&cluster, 0, "ann").await;
    cluster.bus().cut(0);
    until(&mut cluster[0].bus(), false).await;
    for _ in 0..3 {
        hub.all().send(said(&"x".repeat(100_000)));
    }
    assert!(futures::poll!(Box::pin(hub.ready())).is_pending());
}

#[tokio::test(start_paused = true)]
async fn who_is_slowed_by_a_bus_that_is_away_goes_on_when_the_node_ends() {
    let (setup, hubs) = nodes(2);
    let cluster = setup.settings(|bus| bus.queue_bytes(400_000).queue_age(Duration::from_secs(600))).await;
    let hub = hubs.lock().unwrap()[0].clone();
    cluster.bus().cut(0);
    until(&mut cluster[0].bus(), false).await;
    for _ in 0..3 {
        hub.all().send(said(&"x".repeat(100_000)));
    }
    let slowed = tokio::spawn(async move { hub.ready().await });
    tokio::task::yield_now().await;
    assert!(!slowed.is_finished());
    cluster[0].drain().await;
    timeout(Duration::from_secs(10), slowed).await.expect("it goes on").unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_more_node_joins_after_another_has_left() {
    let (mut cluster, hubs) = two().await;
    cluster[1].drain().await;
    assert_eq!(cluster.join().await, 2);
    let mut ann = hall(&cluster, 2, "ann").await;
    hubs[0].all().send(said("welcome"));
    cluster.settle().await;
    assert_eq!(heard(&mut ann), ["welcome"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_while_the_bus_is_away_waits_and_the_sender_is_told_of_what_does_not() {
    let (setup, hubs) = nodes(2);
    let cluster = setup.settings(|bus| bus.queue_bytes(1000).queue_age(Duration::from_secs(2))).await;
    let hub = hubs.lock().unwrap()[0].clone();
    let (mut ann, mut bob) = (hall(&cluster, 0, "ann").await, hall(&cluster, 1, "bob").await);
    let mut bus = cluster[0].bus();
    cluster.bus().cut(0);
    let cut = Instant::now();
    until(&mut bus, false).await;
    assert!(cut.elapsed() <= Duration::from_secs(4), "what it says has to come back within 3 s: {:?}", cut.elapsed());
    let BusState::Away { since } = bus.state() else { unreachable!() };
    assert_eq!(since, Instant::now().into_std());

    let texts: Vec<_> = (0..4).map(|n| n.to_string() + &"x".repeat(300)).collect();
    let elsewhere: Vec<_> = texts.iter().map(|text| hub.all().send(said(text)).elsewhere).collect();
    let full = Elsewhere::Refused(NotTaken::Full);
    assert_eq!(elsewhere, [Elsewhere::Taken, Elsewhere::Taken, full, full]);
    assert!((1..=1000).contains(&bus.stats().queue_bytes));
    cluster.bus().heal(0);
    until(&mut bus, true).await;
    cluster.settle().await;
    assert_eq!(heard(&mut bob), texts[..2]);

    cluster.bus().cut(0);
    until(&mut bus, false).await;
    sleep(Duration::from_millis(2001)).await;
    let sent = hub.all().send(said("late"));
    assert_eq!((sent.recipients, sent.elsewhere, sent.is_complete()), (1, Elsewhere::Refused(NotTaken::Away), false));
    cluster.bus().heal(0);
    until(&mut bus, true).await;
    hub.all().send(said("back"));
    cluster.settle().await;
    assert_eq!(heard(&mut bob), ["back"]);
    assert_eq!(
        heard(&mut ann),
        [&texts[..], &["late".to_owned(), "back".to_owned()]].concat(),
        "who is here hears all"
    );
    let stats = bus.stats();
    assert_eq!((stats.refused_full, stats.refused_away, stats.disconnects, stats.queue_bytes), (2, 1, 2, 0));
    assert_eq!(cluster[1].bus().lost(), 0, "what was not taken was not lost");
}

#[tokio::test(start_paused = true)]
async fn who_watches_the_bus_is_woken_by_what_was_lost() {
    let (cluster, hubs) = two().await;
    let mut bob = hall(&cluster, 1, "bob").await;
    let mut bus = cluster[1].bus();
    cluster.bus().cut_from_bus(1);
    for text in ["1", "2", "3"] {
        assert_eq!(hubs[0].all().send(said(text)).elsewhere, Elsewhere::Taken);
    }
    until(&mut bus, false).await;
    cluster.bus().heal(1);
    until(&mut bus, true).await;
    let back = Instant::now();
    while bus.lost() == 0 {
        timeout(Duration::from_secs(10), bus.changed()).await.expect("it is woken");
    }
    assert!(back.elapsed() <= Duration::from_secs(2), "{:?}", back.elapsed());
    assert_eq!((bus.lost(), bus.stats().lost), (3, 3));
    assert!(heard(&mut bob).is_empty());
}

/// More than are read in one turn, in one parcel.
const MANY: u64 = 1000;

/// Sends them, and waits until node 1 has begun to do what the parcel says. Returns what `done` was before.
async fn begin_to_read_many(cluster: &TestCluster<()>, hubs: &[Hub<Hall>]) -> u64 {
    let (before, parcels) = (hubs[1].stats().sent, cluster[0].bus().stats().parcels);
    for n in 0..MANY {
        hubs[0].all().send(said(&n.to_string()));
    }
    while cluster[1].bus().stats().received < MANY || hubs[1].stats().sent == before {
        yield_now().await;
    }
    assert_eq!(cluster[0].bus().stats().parcels, parcels + 1);
    before
}

#[tokio::test(start_paused = true)]
async fn while_a_long_parcel_is_read_other_tasks_run() {
    let (cluster, hubs) = two().await;
    let _bob = hall(&cluster, 1, "bob").await;
    let before = begin_to_read_many(&cluster, &hubs).await;
    let mut turns = 0;
    while hubs[1].stats().sent < before + MANY {
        turns += 1;
        yield_now().await;
    }
    assert!(turns > 10, "{turns}");
}

#[tokio::test(start_paused = true)]
async fn all_of_a_parcel_is_done_once_also_if_the_connection_ends_meanwhile() {
    let (cluster, hubs) = two().await;
    let mut bob = hall(&cluster, 1, "bob").await;
    let before = begin_to_read_many(&cluster, &hubs).await;
    let mut bus = cluster[1].bus();
    cluster.bus().restart();
    // By its own message the node notices it.
    hubs[1].user("nobody").send(said("out"));
    while bus.stats().disconnects == 0 {
        yield_now().await;
    }
    let done = hubs[1].stats().sent - before;
    assert!((1..MANY).contains(&done), "{done} were done before");
    while hubs[1].stats().sent < before + MANY {
        assert!(matches!(bus.state(), BusState::Away { .. }), "not behind the next connection");
        yield_now().await;
    }
    until(&mut bus, true).await;
    until(&mut cluster[0].bus(), true).await;
    cluster.settle().await;
    let expected: Vec<_> = (0..MANY).map(|n| n.to_string()).collect();
    assert_eq!(heard(&mut bob), expected);
    assert_eq!(bus.lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_twice_is_delivered_once_and_counted() {
    let (cluster, hubs) = two().await;
    let mut bob = hall(&cluster, 1, "bob").await;
    cluster.bus().duplicates(1);
    for text in ["1", "2", "3"] {
        hubs[0].all().send(said(text));
        cluster.settle().await;
    }
    assert_eq!(heard(&mut bob), ["1", "2", "3"]);
    let stats = cluster[1].bus().stats();
    assert_eq!((stats.received, stats.duplicates, stats.lost), (3, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_for_a_channel_that_a_node_does_not_have_is_counted_there() {
    let (lists, servers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let annex = Arc::<Mutex<Option<Hub<Annex>>>>::default();
    let given = annex.clone();
    // As during a deploy.
    let list = move || match lists.fetch_add(1, Ordering::Relaxed) {
        0 => channels![Hall; cluster],
        _ => channels![Hall, Annex; cluster],
    };
    let server = move |channels: Channels<()>| {
        if servers.fetch_add(1, Ordering::Relaxed) == 1 {
            *given.lock().unwrap() = Some(channels.of::<Annex>());
        }
        channels.app(())
    };
    let cluster = testing::cluster_with(2, list, server).await;
    let annex = annex.lock().unwrap().clone().unwrap();
    assert_eq!(annex.all().send(said("to nobody")).elsewhere, Elsewhere::Taken);
    cluster.settle().await;
    let stats = cluster[0].bus().stats();
    assert_eq!((stats.foreign, stats.received, stats.lost), (1, 1, 0));
    assert_eq!(cluster[1].bus().stats().foreign, 0);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_within_the_time_is_named() {
    let (setup, hubs) = nodes(3);
    let cluster = setup.settings(|bus| bus.query_timeout(Duration::from_millis(700))).await;
    let hubs = hubs.lock().unwrap().clone();
    let mut clients = Vec::new();
    for node in [0, 1, 1, 2] {
        clients.push(hall(&cluster, node, "ann").await);
    }
    let silent = cluster[2].bus().node();
    cluster.bus().cut(2);
    let asked = Instant::now();
    let len = hubs[0].all().everywhere().len().await;
    assert_eq!(asked.elapsed(), Duration::from_millis(700));
    assert_eq!((len.value, &len.missing[..], len.bus_is_up, len.is_complete()), (3, &[silent][..], true, false));
    let closed = hubs[1].user("ann").everywhere().disconnect(CloseCode::FORBIDDEN, "banned").await;
    assert_eq!((closed.value, &closed.missing[..]), (3, &[silent][..]));
    assert_eq!([0, 1, 2].map(|node| cluster[node].bus().stats().incomplete), [1, 1, 0]);

    // It is known to be silent, and still named.
    sleep(Duration::from_secs(7)).await;
    assert_eq!(cluster[0].bus().nodes().len(), 1);
    let asked = Instant::now();
    let len = hubs[0].all().everywhere().len().await;
    assert_eq!((len.value, &len.missing[..]), (0, &[silent][..]));
    assert!(asked.elapsed() < Duration::from_millis(10), "nobody waits for it: {:?}", asked.elapsed());

    // Away itself, it names all, and asks nobody.
    let mut bus = cluster[2].bus();
    until(&mut bus, false).await;
    sleep(Duration::from_secs(6)).await;
    let asked = Instant::now();
    let len = hubs[2].all().everywhere().len().await;
    assert_eq!((len.value, len.missing.len(), len.bus_is_up), (1, 2, false));
    assert_eq!(asked.elapsed(), Duration::ZERO);
    cluster.bus().heal(2);
    until(&mut bus, true).await;
    sleep(Duration::from_secs(1)).await;
    let len = hubs[2].all().everywhere().len().await;
    assert!(len.is_complete() && len.value == 1, "{len:?}");
}

#[tokio::test(start_paused = true)]
async fn without_its_bus_a_node_that_knows_no_other_is_not_all_there_is() {
    let (setup, hubs) = nodes(1);
    let cluster = setup.await;
    let hub = hubs.lock().unwrap()[0].clone();
    assert!(hub.all().everywhere().len().await.is_complete());
    cluster.bus().cut(0);
    until(&mut cluster[0].bus(), false).await;
    let len = hub.all().everywhere().len().await;
    assert_eq!((len.value, &len.missing[..], len.bus_is_up, len.is_complete()), (0, &[][..], false, false));
    assert_eq!(cluster[0].bus().stats().incomplete, 1);
}

#[tokio::test(start_paused = true)]
async fn another_node_lists_a_thousand_clients_and_says_how_many_more_there_are() {
    let (cluster, hubs) = two().await;
    let _here = hall(&cluster, 0, "ann").await;
    let mut clients = Vec::new();
    for _ in 0..1003 {
        clients.push(cluster[1].connect::<Hall>("/hall/ann").without_waiting().await.unwrap());
    }
    cluster.settle().await;
    let members = hubs[0].all().everywhere().members().await;
    assert!(members.is_complete());
    assert_eq!((members.value.members.len(), members.value.more), (1001, 3));
}

/// A thousand come back in a second to each node that goes on.
#[tokio::test(start_paused = true)]
async fn clients_of_a_node_that_stops_come_back_in_a_window_that_the_others_share() {
    let (setup, _hubs) = nodes(3);
    let cluster = setup.await;
    let mut ann = cluster[0].connect::<Hall>("/hall/ann").knowing().await.unwrap();
    let mut bob = cluster[1].connect::<Hall>("/hall/bob").knowing().await.unwrap();
    let mut crowd = Vec::new();
    for node in [0, 1] {
        for _ in 1..2400 {
            crowd.push(cluster[node].connect::<Hall>("/hall/crowd").without_waiting().await.unwrap());
        }
    }
    cluster.settle().await;
    cluster[0].drain().await;
    assert_eq!(ann.closing().await.retry_window, Duration::from_millis(1200));
    cluster.settle().await;
    cluster[1].drain().await;
    assert_eq!(bob.closing().await.retry_window, Duration::from_millis(2400), "one is left");
}

#[tokio::test]
async fn alone_there_is_no_bus_and_this_node_is_all_there_is() {
    let channels: Channels<()> = channels![Hall; cluster].alone();
    assert!(channels.bus().is_none());
    let hub = channels.of::<Hall>();
    let app = testing::app(channels.app(()));
    let mut ann = app.connect::<Hall>("/hall/ann").await.unwrap();
    let sent = hub.all().send(said("here"));
    assert_eq!((sent.recipients, sent.elsewhere, sent.is_complete()), (1, Elsewhere::Nowhere, true));
    assert_eq!(ann.expect::<Said>().await.text, "here");
    let banned = hub.user("ann").everywhere().disconnect(CloseCode::FORBIDDEN, "banned").await;
    assert!(banned.is_complete() && banned.value == 1, "{banned:?}");
}

/// With the engines.
#[cfg(feature = "cluster")]
mod over_nats {
    use std::error::Error;

    use channel_runtime::{Cluster, ClusterError, Nats, NatsEngine, Unlinked};

    use tokio::net::TcpSocket;

    use super::buses::{Bus as Server, Kind};
    use super::*;

    /// Nobody listens there.
    const NOBODY: &str = "nats://127.0.0.1:1";

    #[channel("/panetocas")]
    pub struct One;

    #[channel]
    impl One {}

    /// Of the same hash.
    #[channel("/basebobus")]
    pub struct Other;

    #[channel]
    impl Other {}

    async fn refused(list: Channels<(), Unlinked>, bus: Cluster<NatsEngine>) -> ClusterError {
        let Err(error) = list.over(bus).await else { panic!("there is no bus") };
        error
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_bus_a_start_fails_in_time_and_says_why() {
        for (bus, seconds) in [(Nats::at(NOBODY), 30), (Nats::at(NOBODY).start_timeout(Duration::from_secs(2)), 2)] {
            let begun = Instant::now();
            let error = refused(channels![Hall; cluster], bus).await;
            assert_eq!(begun.elapsed().as_secs(), seconds);
            assert!(matches!(error, ClusterError::NoBus(Some(_))) && error.source().is_some(), "{error:?}");
            assert!(error.to_string().starts_with("the bus is not there: "), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_whatever_the_bus_is_said_at_once() {
        for name in ["", "a shop", "a.b", "sch\u{f6}n"] {
            let error = refused(channels![Hall; cluster], Nats::at(NOBODY).name(name)).await;
            let text = format!("`{name}` is no name of a cluster: letters, digits, `-` and `_` are allowed");
            assert_eq!(error.to_string(), text);
        }
        let error = refused(channels![Hall; cluster], Nats::at("nats://bus:port")).await;
        assert!(matches!(error, ClusterError::Settings(_)) && error.source().is_some(), "{error:?}");
        assert!(error.to_string().starts_with("the settings of the bus are wrong: "), "{error}");
        let error = refused(channels![One, Other; cluster], Nats::at(NOBODY)).await;
        assert!(matches!(error, ClusterError::Clash("/panetocas", "/basebobus")), "{error:?}");
    }

    #[test]
    fn a_worker_is_asked_nothing_and_what_it_sends_reaches_the_clients_of_others() {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (server, hub, mut bus, mut ann) = runtime.block_on(async {
            let server = Server::nats().await;
            let channels = over(&server).await;
            let (hub, bus) = (channels.of::<Hall>(), channels.bus().unwrap());
            let ann = testing::app(channels.app(())).connect::<Hall>("/hall/ann").await.unwrap();
            (server, hub, bus, ann)
        });
        let its_own = Builder::new_current_thread().enable_all().build().unwrap();
        let worker = its_own.block_on(async {
            let worker = over(&server).await;
            let (hub, mut bus) = (worker.of::<Hall>(), worker.bus().unwrap());
            while bus.nodes().iter().all(|node| node.worker) {
                bus.changed().await;
            }
            assert_eq!(hub.all().send(said("from a worker")).elsewhere, Elsewhere::Taken);
            bus.flushed().await;
            let len = hub.all().everywhere().len().await;
            assert!(len.is_complete() && len.value == 1, "{len:?}");
            worker
        });
        // Its runtime stands still: it would answer nothing.
        runtime.block_on(async {
            assert_eq!(ann.expect::<Said>().await.text, "from a worker");
            while bus.nodes().is_empty() {
                bus.changed().await;
            }
            assert!(bus.nodes()[0].worker);
            let len = timeout(Duration::from_secs(30), hub.all().everywhere().len()).await.expect("nobody is asked");
            assert!(len.is_complete() && len.value == 1, "{len:?}");
        });
        drop(worker);
    }

    async fn over(server: &Server) -> Channels<()> {
        let nats = Nats::at(server.url()).query_timeout(Duration::from_secs(60));
        channels![Hall; cluster].over(nats).await.unwrap()
    }

    /// Two servers, of which the second knows where the first is.
    async fn servers_of_a_cluster() -> [Server; 2] {
        // Bound and not listened at, as the servers' own ports.
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let routes = format!("nats://{}", reserved.local_addr().unwrap());
        let words = |words: [&str; 4]| words.map(str::to_owned).to_vec();
        let first = Server::start_with(Kind::Nats, |_| words(["--cluster_name", "bus", "--cluster", &routes])).await;
        let second = Server::start_with(Kind::Nats, |_| {
            let mut second = words(["--cluster_name", "bus", "--cluster", "nats://127.0.0.1:-1"]);
            second.extend(["--routes".to_owned(), routes]);
            second
        });
        [first, second.await]
    }

    #[tokio::test]
    async fn servers_of_a_nats_cluster_are_one_bus_and_a_node_goes_to_another_when_its_own_ends() {
        let all = async {
            let [mut first, second] = servers_of_a_cluster().await;
            let both = format!("{},{}", first.url(), second.url());
            let start = |url: String| async {
                let nats = Nats::at(url).queue_age(Duration::from_secs(60)).query_timeout(Duration::from_secs(60));
                let channels: Channels<()> = channels![Hall; cluster].over(nats).await.unwrap();
                let (hub, bus) = (channels.of::<Hall>(), channels.bus().unwrap());
                let client = testing::app(channels.app(())).connect::<Hall>("/hall/ann").await.unwrap();
                (hub, bus, client)
            };
            let mut nodes = [start(first.url()).await, start(second.url()).await, start(both).await];
            for (_, bus, _) in &mut nodes {
                while bus.nodes().iter().filter(|node| !node.worker).count() < 2 {
                    bus.changed().await;
                }
            }
            for from in 0..3 {
                let hub = &nodes[from].0;
                hub.all().send(said("to all"));
                // Who answers has heard what was said before.
                let len = hub.all().everywhere().len().await;
                assert!(len.is_complete() && len.value == 3, "{len:?}");
                for (_, _, client) in &mut nodes {
                    assert_eq!(heard(client), ["to all"], "from {from}");
                }
            }
            first.stop().await;
            let [(_, first_bus, _), (_, _, bob), (hub, ..)] = &mut nodes;
            until(first_bus, false).await;
            // Whichever server it was at.
            hub.all().send(said("by the other server"));
            while heard(bob).is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(60), all).await.expect("they hear each other");
    }

    #[tokio::test]
    async fn a_start_that_is_given_up_leaves_nothing_behind() {
        let mut start = Box::pin(async {
            let started: Result<Channels<()>, ClusterError> = channels![Hall; cluster].over(Nats::at(NOBODY)).await;
            started
        });
        while Handle::current().metrics().num_alive_tasks() == 0 {
            assert!(futures::poll!(&mut start).is_pending());
            tokio::task::yield_now().await;
        }
        drop(start);
        let ended = async {
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), ended).await.expect("its task has ended");
    }
}
