//! Who is waited for, and who is still there: senders follow their room and not its slowest member, and what a client takes is a
//! sign of its life.
//!
//! Streams are memory, and the clock stands still but while everybody waits for it: a run is the same each time, and what is
//! measured is the server's own waiting.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channel_runtime::{ClosedBy, Config, Hub, Service, Socket, channel, channels, message};
use futures::FutureExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use support::{Frame, Raw, head, masked, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// What lies between the server and a client: as much is on its way.
const PIPE: usize = 64 * 1024;

#[message(type = "say")]
pub struct Say {
    by: usize,
    n: usize,
    padding: String,
}

#[message(type = "ask")]
pub struct Ask {
    padding: String,
}

#[message(type = "tell")]
pub struct Tell {
    pieces: usize,
}

/// How many messages each has said, by its number, and those were handled.
pub struct App {
    said: [AtomicUsize; SPEAKERS],
}

/// As many as speak in one test.
const SPEAKERS: usize = 50;

#[channel("/pace/:room", app = App)]
pub struct Pace {
    room: String,
}

#[channel(sends(Say, Ask))]
impl Pace {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        if self.room == "history" {
            let pieces = (0..HISTORY).map(|n| Say { by: 0, n, padding: padding(8000) });
            let sent = socket.send_all(pieces).await;
            assert!(sent.recipients == HISTORY && sent.is_complete());
        }
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>, app: &App) {
        app.said[say.by].fetch_add(1, Ordering::Relaxed);
        socket.others().send(say);
    }

    #[message]
    fn ask(&mut self, ask: Ask) -> Ask {
        ask
    }

    /// Sends as much as a history.
    #[message(type = "export")]
    async fn export(&mut self, socket: &Socket<Self>) {
        socket.send_all((0..HISTORY).map(|n| Say { by: 0, n, padding: padding(8000) })).await;
    }

    #[message]
    fn tell(&mut self, Tell { pieces }: Tell, socket: &Socket<Self>) {
        for n in 0..pieces {
            socket.send(Say { by: 0, n, padding: padding(8000) });
        }
    }
}

/// How many messages of 8,000 bytes who joins is sent: three times what may wait.
const HISTORY: usize = 400;

fn padding(bytes: usize) -> String {
    "x".repeat(bytes)
}

fn said(by: usize, n: usize, bytes: usize) -> Vec<u8> {
    text(&format!(r#"{{"type":"say","by":{by},"n":{n},"padding":"{}"}}"#, padding(bytes)))
}

fn ask(bytes: usize) -> Vec<u8> {
    text(&format!(r#"{{"type":"ask","padding":"{}"}}"#, padding(bytes)))
}

struct Town {
    service: Service,
    hub: Hub<Pace>,
    app: Arc<App>,
    /// Clients that do what they do for ever.
    tasks: JoinSet<()>,
}

impl Town {
    fn new(config: Config) -> Self {
        let channels = channels![Pace];
        let hub = channels.of::<Pace>();
        let app = Arc::new(App { said: [const { AtomicUsize::new(0) }; SPEAKERS] });
        let service = channels.app_arc(Arc::clone(&app)).config(config).service();
        Self { service, hub, app, tasks: JoinSet::new() }
    }

    fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(PIPE);
        let service = TowerToHyperService::new(self.service.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service).with_upgrades());
        client
    }

    async fn enter(&self, room: &str) -> Raw {
        let mut raw = Raw::in_memory(self.connect());
        raw.upgrade(&format!("/pace/{room}")).await;
        raw
    }

    /// A client that reads so many bytes a second, until the server ends its stream or it is aborted.
    async fn reads(&mut self, room: &str, rate: usize) -> AbortHandle {
        const READS: usize = 20;
        let mut raw = self.enter(room).await;
        self.tasks.spawn(async move {
            while raw.skip(rate / READS).await > 0 {
                sleep(Duration::from_secs(1) / READS as u32).await;
            }
        })
    }

    /// A client that reads all that comes.
    async fn hears(&mut self, room: &str) {
        let mut raw = self.enter(room).await;
        self.tasks.spawn(async move { while raw.skip(PIPE).await > 0 {} });
    }

    /// A client that says so many messages as fast as it may, and hears all others.
    async fn floods(&mut self, room: &str, by: usize, messages: usize, bytes: usize) {
        let (mut reading, mut writing) = tokio::io::split(self.connect());
        let upgrade = support::upgrade(&format!("/pace/{room}"));
        writing.write_all(upgrade.as_bytes()).await.unwrap();
        self.tasks.spawn(async move {
            let mut buffer = vec![0; PIPE];
            while reading.read(&mut buffer).await.unwrap() > 0 {}
        });
        self.tasks.spawn(async move {
            for n in 0..messages {
                writing.write_all(&said(by, n, bytes)).await.unwrap();
            }
        });
    }

    /// How many messages of each have been handled.
    fn said(&self) -> Vec<usize> {
        self.app.said.iter().map(|said| said.load(Ordering::Relaxed)).collect()
    }

    async fn until_there_are(&self, clients: usize) {
        while self.hub.all().len() < clients {
            tokio::task::yield_now().await;
        }
    }

    /// In a room of others one says 60 messages of 8,000 bytes a second, for so long: how late another has each.
    async fn chat(&self, seconds: usize) -> Vec<Duration> {
        self.chat_at(60, seconds).await
    }

    /// The same with so many messages a second.
    async fn chat_at(&self, rate: usize, seconds: usize) -> Vec<Duration> {
        let at = |n: usize| Duration::from_secs(1) * n as u32 / rate as u32;
        let (mut speaker, mut hearer) = (self.enter("r").await, self.enter("r").await);
        let hearing = async {
            let mut late = Vec::new();
            let start = Instant::now();
            for n in 0..seconds * rate {
                let frame = hearer.frame().await.unwrap();
                assert_eq!(
                    frame.payload.len(),
                    format!(r#"{{"type":"say","by":0,"n":{n},"padding":""}}"#).len() + 8000
                );
                late.push((start + at(n)).elapsed());
            }
            late
        };
        let speaking = async {
            let start = Instant::now();
            for n in 0..seconds * rate {
                tokio::time::sleep_until(start + at(n)).await;
                speaker.write(said(0, n, 8000)).await;
            }
        };
        tokio::join!(hearing, speaking).0
    }

    fn ended(&self, by: ClosedBy) -> u64 {
        self.hub.ended(by)
    }
}

/// That which all but a hundredth are shorter than.
fn p99(mut late: Vec<Duration>) -> Duration {
    late.sort();
    late[late.len() * 99 / 100]
}

const FRAME_TIME: Duration = Duration::from_millis(20);

#[tokio::test(start_paused = true)]
async fn a_member_that_takes_nothing_is_waited_for_by_nobody() {
    let town = Town::new(Config::default());
    let _stalled = town.enter("r").await;
    let late = town.chat(15).await;
    assert!(p99(late.clone()) < FRAME_TIME, "{late:?}");
    assert_eq!(town.ended(ClosedBy::SlowClient), 1);
}

/// What they take last is worth two seconds' credit, as a kernel's last gulp is. Half of their bound waits before that is used up.
#[tokio::test(start_paused = true)]
async fn a_few_that_stall_are_waited_for_by_nobody_even_where_they_took_something_before() {
    let mut town = Town::new(Config::default());
    for _ in 0..35 {
        town.hears("r").await;
    }
    for _ in 0..5 {
        let mut raw = town.enter("r").await;
        town.tasks.spawn(async move {
            sleep(Duration::from_millis(500)).await;
            let mut left = 2 * PIPE;
            while left > 0 {
                left -= raw.skip(left).await;
            }
            std::future::pending::<()>().await;
        });
    }
    let late = town.chat(15).await;
    assert!(p99(late.clone()) < FRAME_TIME, "{late:?}");
    assert_eq!(town.ended(ClosedBy::SlowClient), 5);
}

#[tokio::test(start_paused = true)]
async fn a_few_that_stall_in_a_busy_room_are_waited_for_by_nobody() {
    let mut town = Town::new(Config::default());
    for _ in 0..40 {
        town.hears("r").await;
    }
    let mut stalled = Vec::new();
    for _ in 0..5 {
        stalled.push(town.enter("r").await);
    }
    let late = town.chat_at(300, 15).await;
    assert!(p99(late.clone()) < FRAME_TIME, "{late:?}");
    assert_eq!(town.ended(ClosedBy::SlowClient), 5);
}

/// They are slower than what is said, and would be waited for for ever.
#[tokio::test(start_paused = true)]
async fn two_of_a_hundred_that_read_slowly_and_steadily_do_not_set_the_pace() {
    let mut town = Town::new(Config::default());
    for _ in 0..96 {
        town.hears("r").await;
    }
    for _ in 0..2 {
        town.reads("r", 133_000).await;
    }
    let late = town.chat(15).await;
    let slowed = late.iter().filter(|late| **late > FRAME_TIME).count();
    // For two seconds at 128 KiB a second; then what was not said meanwhile is.
    assert!(slowed < 4 * 60, "{slowed}: {late:?}");
    assert_eq!(town.ended(ClosedBy::SlowClient), 2);
}

#[tokio::test(start_paused = true)]
async fn half_of_a_room_that_stalls_at_once_is_waited_for_by_nobody() {
    let town = Town::new(Config::default());
    let mut stalled = Vec::new();
    for _ in 0..20 {
        stalled.push(town.enter("r").await);
    }
    let mut town = town;
    for _ in 0..18 {
        town.reads("r", 5_000_000).await;
    }
    let late = town.chat(15).await;
    assert!(p99(late.clone()) < FRAME_TIME, "{late:?}");
    assert_eq!(town.ended(ClosedBy::SlowClient), 20);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_is_slow_together_is_waited_for() {
    let mut town = Town::new(Config::default());
    for _ in 0..40 {
        town.reads("r", 100_000).await;
    }
    town.floods("r", 0, 10_000, 2000).await;
    sleep(Duration::from_secs(40)).await;
    assert_eq!(town.ended(ClosedBy::SlowClient), 0);
    // As fast as they read, and no slower: what fills their outboxes and pipes comes on top.
    let said = town.said()[0] * 2000;
    assert!((38 * 100_000..60 * 100_000).contains(&said), "{said}");
}

#[tokio::test(start_paused = true)]
async fn fifty_that_flood_a_slow_crowd_cut_nobody_and_share_it() {
    for (bytes, rate) in [(2000, 50_000), (16_000, 200_000)] {
        let mut town = Town::new(Config::default());
        for _ in 0..60 {
            town.reads("r", rate).await;
        }
        for by in 0..SPEAKERS {
            town.floods("r", by, 1000, bytes).await;
        }
        sleep(Duration::from_secs(10)).await;
        let before = town.said();
        sleep(Duration::from_secs(30)).await;
        assert_eq!(town.ended(ClosedBy::SlowClient), 0, "{bytes}");
        let says: Vec<usize> = town.said().iter().zip(before).map(|(says, before)| says - before).collect();
        let (least, most) = (says.iter().min().unwrap(), says.iter().max().unwrap());
        assert!(least * 4 >= most * 3, "{bytes}: {says:?}");
    }
}

/// A sixteenth of this bound is no byte.
#[tokio::test(start_paused = true)]
async fn where_hardly_anything_may_wait_a_sender_goes_on() {
    for bound in [0, 8] {
        let mut town = Town::new(Config::default().outbox_bytes(bound));
        for _ in 0..3 {
            town.hears("r").await;
        }
        let stalled = town.enter("r").await;
        town.until_there_are(4).await;
        town.floods("r", 0, 100, 2000).await;
        // A look lets one message go on, where somebody is behind.
        sleep(Duration::from_secs(2)).await;
        assert_eq!(town.said()[0], 100, "{bound}");
        assert_eq!(
            (town.hub.all().len(), town.ended(ClosedBy::SlowClient)),
            (4, 1),
            "{bound}: all but who has stalled"
        );
        drop(stalled);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_reads_at_the_pace_is_never_cut() {
    let mut town = Town::new(Config::default());
    for _ in 0..20 {
        town.reads("r", 17_000).await;
    }
    town.floods("r", 0, 10_000, 2000).await;
    sleep(Duration::from_secs(120)).await;
    assert_eq!(town.ended(ClosedBy::SlowClient), 0);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_stalls_lets_its_senders_go_on() {
    let mut town = Town::new(Config::default());
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(town.enter("r").await);
    }
    town.until_there_are(20).await;
    town.floods("r", 0, 1000, 2000).await;
    sleep(Duration::from_secs(1)).await;
    let held_at = town.said()[0];
    assert_eq!(town.hub.all().len(), 21);
    sleep(Duration::from_secs(1)).await;
    assert!(town.said()[0] > held_at + 100, "it goes on");
    assert_eq!(town.ended(ClosedBy::SlowClient), 20, "and they are cut at their bound");
}

#[tokio::test(start_paused = true)]
async fn a_producer_waits_for_one_room_and_not_for_all_of_its_channel() {
    let mut town = Town::new(Config::default());
    for _ in 0..4 {
        town.reads("slow", 20_000).await;
    }
    town.hears("quick").await;
    town.until_there_are(5).await;
    let room = |name: &str| town.hub.room(&Pace::room(name));
    let (slow, quick) = (room("slow"), room("quick"));
    while slow.ready().now_or_never().is_some() {
        assert_eq!(slow.send(Say { by: 0, n: 0, padding: padding(2000) }).refused, 0);
        sleep(Duration::from_millis(1)).await;
    }
    assert!(town.hub.ready().now_or_never().is_none(), "that of the channel is the sum");
    for n in 0..1000 {
        assert_eq!(quick.send(Say { by: 0, n, padding: padding(2000) }).refused, 0);
        timeout(FRAME_TIME, quick.ready()).await.expect("nobody waits for another room");
    }
    timeout(Duration::from_secs(60), slow.ready()).await.unwrap();
    room("empty").ready().await;
    assert_eq!(town.ended(ClosedBy::SlowClient), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_longer_than_the_bound_reaches_those_who_read() {
    let mut town = Town::new(Config::default());
    for _ in 0..3 {
        town.reads("r", 2_000_000).await;
    }
    let mut stalled = town.enter("r").await;
    town.until_there_are(4).await;
    for bytes in [1_100_000, 1_500_000] {
        let sent = town.hub.all().send(Say { by: 0, n: 0, padding: padding(bytes) });
        assert_eq!((sent.recipients, sent.refused), (4, 0));
        for n in 0..20 {
            assert_eq!(town.hub.all().send(Say { by: 0, n, padding: padding(300) }).refused, 0);
            sleep(Duration::from_millis(50)).await;
        }
        let mut left = 1_200_000;
        while bytes == 1_100_000 && left > PIPE {
            left -= stalled.skip(left).now_or_never().unwrap_or(left - PIPE).min(left - PIPE);
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(town.ended(ClosedBy::SlowClient), 0);
    let sent = town.hub.all().send(Say { by: 0, n: 0, padding: padding(1_500_000) });
    assert_eq!((sent.recipients, sent.refused), (4, 1), "a second one into a full outbox is too much");
    assert_eq!(town.ended(ClosedBy::SlowClient), 0, "until it has ended");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_and_steadily_stays() {
    for backlog in [100, 125] {
        let mut town = Town::new(Config::default());
        let mut raw = town.enter("r").await;
        raw.write(text(&format!(r#"{{"type":"tell","pieces":{backlog}}}"#))).await;
        let reading = town.tasks.spawn(async move {
            while raw.skip(800).await > 0 {
                sleep(Duration::from_millis(50)).await;
            }
        });
        sleep(Duration::from_secs(49 + backlog / 2 - 50)).await;
        assert!(!reading.is_finished(), "it has not read all of it yet");
        assert_eq!((town.hub.all().len(), town.ended(ClosedBy::NoPong), town.ended(ClosedBy::SlowClient)), (1, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_and_never_reads_is_given_up() {
    let town = Town::new(Config::default());
    let mut raw = town.enter("r").await;
    let start = Instant::now();
    let asking = async {
        loop {
            raw.write_if_open(ask(1000)).now_or_never();
            sleep(Duration::from_millis(1)).await;
        }
    };
    let gone = async {
        while town.ended(ClosedBy::SlowClient) == 0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(1000), futures::future::select(std::pin::pin!(asking), std::pin::pin!(gone)))
        .await
        .unwrap();
    // The pong timeout, and what a client that reads at the pace has for the 64 KiB that are on their way; then the ticks.
    assert!(start.elapsed() < Duration::from_secs(10 + 4 + 3), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_is_a_sign_of_life() {
    let town = Town::new(Config::default());
    let mut raw = town.enter("r").await;
    let message = format!(r#"{{"type":"ask","padding":"{}"}}"#, padding(60_000));
    let frame = masked(0x81, &message);
    assert!(frame.starts_with(&head(0x81, message.len())));
    for piece in frame.chunks(1200) {
        raw.write(piece).await;
        sleep(Duration::from_secs(1)).await;
    }
    raw.expect(Frame::text(&message)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_for_one_go_is_sent_as_the_client_takes_it() {
    let mut town = Town::new(Config::default());
    let mut slow = town.enter("history").await;
    town.until_there_are(1).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(town.hub.all().send(Say { by: 1, n: 0, padding: String::new() }).refused, 0);
    let reading = town.tasks.spawn(async move {
        for n in 0..HISTORY {
            let expected = format!(r#"{{"type":"say","by":0,"n":{n},"padding":"{}"}}"#, padding(8000));
            assert!(slow.frame().await == Some(Frame::text(&expected)), "{n}");
            sleep(Duration::from_millis(100)).await;
        }
        slow.expect(Frame::text(r#"{"type":"say","by":1,"n":0,"padding":""}"#)).await;
    });
    while !reading.is_finished() {
        sleep(Duration::from_millis(100)).await;
    }
    town.tasks.join_next().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_export_goes_on_beside_a_busy_room_that_never_lets_its_outbox_run_empty() {
    let town = Town::new(Config::default());
    let mut raw = town.enter("r").await;
    raw.write(text(r#"{"type":"export"}"#)).await;
    let mut exported = 0;
    for n in 0..100 {
        sleep(Duration::from_millis(1)).await;
        let Some(frame) = raw.frame().await else { panic!("it is not closed") };
        exported += usize::from(frame.payload.starts_with(br#"{"type":"say","by":0"#));
        // From then on the room is sent as much as the client takes.
        if n >= 8 {
            assert_eq!(town.hub.all().send(Say { by: 1, n, padding: padding(8000) }).refused, 0);
        }
    }
    // A quarter of what may wait, and once more what was taken of it before the room was busy.
    assert!(exported >= 33 + 8, "{exported}");
}
