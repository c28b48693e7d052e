//! A server in numbers: what is here, what has happened, and how a collector is told.

mod support;

use std::time::Duration;

use channel_runtime::testing;
use channel_runtime::{CloseCode, ClosedBy, Config, Fault, Health, Rate, Socket, Stats, channel, channels, message};
use metrics_exporter_prometheus::PrometheusBuilder;
use support::{Raw, close, head, masked, request, start, text, upgrade, within};

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
#[derive(Debug, PartialEq)]
pub struct Said {
    text: String,
}

#[channel("/chat/:room")]
pub struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    fn identity(&self) -> &String {
        &self.room
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) -> Result<(), Fault> {
        if say.text.is_empty() {
            return Err(Fault::new("chat.empty", "say something"));
        }
        socket.room().send(Said { text: say.text });
        Ok(())
    }

    #[message(type = "forbid")]
    fn forbid(&mut self) -> Result<(), Fault> {
        Err(Fault::forbidden("not for you"))
    }

    #[message(type = "panic")]
    fn panic(&mut self) {
        panic!("asked to");
    }
}

#[message(type = "here")]
pub struct Here {
    count: usize,
}

/// Tells everybody how many are in the room, whenever somebody is or no longer is.
#[channel("/desk")]
pub struct Desk;

#[channel(sends(Here))]
impl Desk {
    fn identity(&self) -> u64 {
        1
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.room().send_with(|room| Here { count: room.len() });
    }

    fn on_close(&mut self, socket: &Socket<Self>) {
        socket.room().send_with(|room| Here { count: room.len() });
    }
}

/// Connects nowhere.
#[channel("/lonely")]
pub struct Lonely;

#[channel]
impl Lonely {}

fn of<K: PartialEq + Copy>(numbers: &[(K, u64)], key: K) -> u64 {
    numbers.iter().find(|(name, _)| *name == key).expect("a number of this name").1
}

#[tokio::test]
async fn all_that_happens_is_counted_once() {
    let channels = channels![Chat, Lonely];
    let hub = channels.of::<Chat>();
    let server = channels.app(());
    let health = server.health();
    let app = testing::app(server);
    let mut ann = app.connect::<Chat>("/chat/a").await.unwrap();
    let mut bob = app.connect::<Chat>("/chat/a").await.unwrap();
    let mut eve = app.connect::<Chat>("/chat/b").await.unwrap();

    ann.send(Say { text: "hello".into() });
    ann.send(Say { text: "again".into() });
    bob.send(Say { text: String::new() });
    eve.send_text(r#"{"type":"forbid"}"#);
    eve.send_text(r#"{"type":"nobody knows"}"#);
    eve.send_text("no json");
    eve.binary([1, 2, 3]);
    app.settle().await;

    let stats = hub.stats();
    assert_eq!((stats.channel, stats.connections, stats.rooms), ("Chat", 3, 2));
    assert_eq!(stats.received, [("say", 3), ("forbid", 1), ("panic", 0)]);
    assert_eq!((stats.received_invalid, stats.received_binary), (2, 1));
    // Two messages to two, and an error for each of five mistakes.
    assert_eq!((stats.sent, stats.send_refused), (4 + 5, 0));
    for (code, count) in [("application", 1), ("forbidden", 1), ("unknown_type", 2), ("malformed", 1), ("internal", 0)]
    {
        assert_eq!(of(&stats.faults, code), count, "{code}");
    }
    assert_eq!(health.users(), 2);
    assert!(stats.ended.iter().all(|(_, count)| *count == 0), "{stats:?}");

    eve.send_text(r#"{"type":"panic","ref":1}"#);
    bob.close();
    app.settle().await;
    hub.room(&Chat::room("a")).disconnect(CloseCode::NORMAL, "");
    app.settle().await;
    let stats = hub.stats();
    assert_eq!((stats.connections, stats.rooms, health.users()), (0, 0, 0));
    for (by, count) in [(ClosedBy::Panic, 1), (ClosedBy::Client, 1), (ClosedBy::Server, 1), (ClosedBy::Lost, 0)] {
        assert_eq!(of(&stats.ended, by), count, "{by}");
    }
    assert_eq!(of(&stats.faults, "internal"), 1);

    let channels: Vec<Stats> = health.channels();
    assert_eq!(channels.iter().map(|stats| stats.channel).collect::<Vec<_>>(), ["Chat", "Lonely"]);
    assert_eq!(channels[0], stats);
    assert_eq!((channels[1].connections, channels[1].sent), (0, 0));
}

#[tokio::test]
async fn requests_without_a_connection_are_counted_by_status() {
    let server = channels![Chat].app(()).config(Config::default().connections(1));
    let health = server.health();
    let server = start(server).await;
    let of = |status| of(&health.refused(), status);
    let (mut inside, mut outside, mut stranger) =
        (server.connect().await, server.connect().await, server.connect().await);
    assert_eq!(inside.request(&upgrade("/chat/a")).await.status, 101);
    assert_eq!(outside.request(&upgrade("/chat/a")).await.status, 503);
    let request = upgrade("/chat/a").replacen("Host:", "Origin: https://evil.example\r\nHost:", 1);
    assert_eq!(stranger.request(&request).await.status, 403);
    assert_eq!((of(503), of(403), of(404)), (1, 1, 0));
    // By a close frame, for it speaks the subprotocol: counted as what it would have been.
    let request = upgrade("/chat/a").replacen("Host:", "Sec-WebSocket-Protocol: channels.1.json\r\nHost:", 1);
    assert_eq!(server.connect().await.request(&request).await.status, 101);
    assert_eq!(of(503), 2);
}

/// Resets behind the handshake, behind the first message and within a frame, and refusals between them: whoever watches is told
/// each number once and in order, and what is counted is zero in the end.
#[tokio::test]
async fn a_watcher_s_counts_are_right_through_300_resets_in_a_row() {
    const RESETS: usize = 300;
    let channels = channels![Desk];
    let hub = channels.of::<Desk>();
    let server = channels.app(());
    let health = server.health();
    let server = start(server).await;
    let count = async |raw: &mut Raw| {
        let frame = raw.frame().await.expect("a count");
        serde_json::from_slice::<serde_json::Value>(&frame.payload).unwrap()["count"].as_u64().unwrap()
    };
    let mut watcher = server.raw("/desk").await;
    assert_eq!(count(&mut watcher).await, 1);
    let foreign = upgrade("/desk").replacen("Host:", "Origin: https://evil.example\r\nHost:", 1);
    let old = upgrade("/desk").replacen("Version: 13", "Version: 8", 1);
    for n in 0..RESETS {
        let mut client = server.raw("/desk").await;
        match n % 3 {
            0 => {}
            1 => assert_eq!(count(&mut client).await, 2),
            _ => client.write(head(0x81, 100)).await,
        }
        client.reset();
        assert_eq!((count(&mut watcher).await, count(&mut watcher).await), (2, 1), "{n}");
        if n % 10 == 0 {
            let mut refused = server.connect().await;
            assert_eq!(refused.request(&foreign).await.status, 403);
            assert_eq!(refused.request(&old).await.status, 426);
            refused.reset();
        }
    }
    // All at once: each number is what was so when it was sent, under the room's lock, and the last one is the watcher alone.
    let clients = futures::future::join_all((0..RESETS).map(|_| server.raw("/desk"))).await;
    clients.into_iter().for_each(Raw::reset);
    let mut last = 1;
    for _ in 0..2 * RESETS {
        last = count(&mut watcher).await;
        assert!((1..=RESETS as u64 + 1).contains(&last), "{last}");
    }
    assert_eq!((last, hub.stats().connections, health.users()), (1, 1, 1));
    assert_eq!(of(&hub.stats().ended, ClosedBy::Lost), 2 * RESETS as u64);

    watcher.write(close(1000, "")).await;
    watcher.expect_close(1000, "").await;
    within(async {
        while of(&hub.stats().ended, ClosedBy::Client) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let stats = hub.stats();
    assert_eq!((stats.connections, stats.rooms, stats.outbox_bytes, health.users()), (0, 0, 0, 0));
    assert_eq!((of(&health.refused(), 403), of(&health.refused(), 426)), (30, 30));
}

/// Nothing is here any more, once all that has ended is seen to.
async fn empties(health: &Health) {
    let is_empty = || {
        let all = health.channels();
        let gauges = all.iter().map(|stats| (stats.connections, stats.rooms, stats.outbox_bytes));
        gauges.into_iter().all(|gauges| gauges == (0, 0, 0)) && health.users() == 0
    };
    within(async {
        while !is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_here_is_nothing_again_however_it_has_ended() {
    let bounds = Config::default()
        .outbox_bytes(64 * 1024)
        .message_rate(Rate::new(1, Duration::from_secs(3600)).burst(20))
        .close_timeout(Duration::from_millis(50));
    let channels = channels![Chat, Lonely];
    let hub = channels.of::<Chat>();
    let server = channels.app(()).config(bounds);
    let health = server.health();
    let server = start(server).await;
    let say = text(r#"{"type":"say","text":"hello"}"#);
    let mut ended = Vec::new();
    for (says, by) in [
        (close(1000, ""), ClosedBy::Client),
        (masked(0xFF, ""), ClosedBy::Violation),
        (text(r#"{"type":"panic"}"#), ClosedBy::Panic),
        (say.repeat(100), ClosedBy::RateLimited),
    ] {
        let mut raw = server.raw("/chat/a").await;
        raw.write([say.clone(), says].concat()).await;
        while raw.frame().await.is_some() {}
        drop(raw);
        empties(&health).await;
        ended.push(by);
        let foreign = upgrade("/chat/a").replacen("Host:", "Origin: https://evil.example\r\nHost:", 1);
        assert_eq!(server.connect().await.request(&foreign).await.status, 403);
        let old = upgrade("/chat/a").replacen("Version: 13", "Version: 8", 1);
        assert_eq!(server.connect().await.request(&old).await.status, 426);
    }
    for vanish in [drop, Raw::reset] {
        let mut raw = server.raw("/chat/a").await;
        raw.write(&say).await;
        raw.frame().await;
        vanish(raw);
        empties(&health).await;
        ended.push(ClosedBy::Lost);
    }
    for _ in 0..2 {
        let mut raw = server.raw("/chat/a").await;
        raw.write(&say).await;
        raw.frame().await;
        hub.all().disconnect(CloseCode::NORMAL, "");
        raw.expect_close(1000, "").await;
        drop(raw);
        empties(&health).await;
        ended.push(ClosedBy::Server);
    }
    let mut deaf = server.connect_with_small_window().await;
    deaf.upgrade("/chat/a").await;
    let long = || Said { text: "x".repeat(16 * 1024) };
    within(async {
        while hub.room(&Chat::room("a")).send(long()).is_complete() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    empties(&health).await;
    ended.push(ClosedBy::SlowClient);
    drop(deaf);
    assert_eq!(server.connect().await.request(&request("/chat/a", &[])).await.status, 426);
    drop(server.connect().await);
    empties(&health).await;
    let stats = hub.stats();
    for (by, count) in stats.ended {
        assert_eq!(count, ended.iter().filter(|ended| **ended == by).count() as u64, "{by}");
    }
    assert_eq!((of(&health.refused(), 403), of(&health.refused(), 426)), (4, 4));
}

/// Three scrapes: what is told is what is there, under names and labels that are written down.
#[tokio::test]
async fn a_collector_is_told_all_of_it() {
    let channels = channels![Chat];
    let server = channels.app(());
    let health = server.health();
    let app = testing::app(server);
    let recorder = PrometheusBuilder::new().build_recorder();
    let scrape = || {
        metrics::with_local_recorder(&recorder, || health.record());
        recorder.handle().render()
    };
    let tells = |line: &str| {
        let page = scrape();
        assert!(page.lines().any(|each| each == line), "{line}\n{page}");
    };

    tells(r#"channels_connections{channel="Chat"} 0"#);
    let mut ann = app.connect::<Chat>("/chat/a").await.unwrap();
    ann.send(Say { text: "hello".into() });
    ann.send(Say { text: String::new() });
    app.settle().await;
    tells(r#"channels_connections{channel="Chat"} 1"#);
    tells(r#"channels_outdated{channel="Chat",client="breaks"} 0"#);
    tells(r#"channels_rooms{channel="Chat"} 1"#);
    tells(r#"channels_outbox_bytes{channel="Chat"} 0"#);
    tells("channels_users 1");
    tells(r#"channels_received_total{channel="Chat",type="say"} 2"#);
    tells(r#"channels_received_total{channel="Chat",type="invalid"} 0"#);
    tells(r#"channels_sent_total{channel="Chat"} 2"#);
    tells(r#"channels_faults_total{channel="Chat",code="application"} 1"#);
    ann.close();
    app.settle().await;
    tells(r#"channels_connections{channel="Chat"} 0"#);
    tells(r#"channels_ended_total{channel="Chat",by="client"} 1"#);
    tells(r#"channels_handshakes_refused_total{status="429"} 0"#);
}
