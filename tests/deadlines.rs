//! Deadlines: who is silent is pinged, who is gone is noticed, and nothing takes for ever.
//!
//! The clock of the tests in memory stands still but where they advance it.

mod support;

use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Close, CloseCode, ClosedBy, Config, Fault, Socket, channel, channels, message};
use support::wire::{Fixture, bare, echo};
use support::{Frame, masked, text, within};
use tokio::sync::{Notify, mpsc};
use tokio::time::advance;

#[message(type = "echo")]
pub struct Echo {
    pub text: String,
}

pub struct App {
    ends: mpsc::UnboundedSender<Close>,
    gate: Notify,
}

#[channel("/desk/:name", app = App)]
pub struct Desk {
    name: String,
}

#[channel(sends(Echo))]
impl Desk {
    async fn on_connect(&mut self) {
        if self.name == "slow_to_connect" {
            std::future::pending::<()>().await;
        }
    }

    #[message]
    fn echo(&mut self, said: Echo) -> Echo {
        said
    }

    #[message(type = "wait")]
    async fn wait(&mut self, app: &App) -> Echo {
        app.gate.notified().await;
        Echo { text: "waited".into() }
    }

    #[message(type = "wait_for_the_end")]
    async fn wait_for_the_end(&mut self, socket: &Socket<Self>) {
        socket.closed().await;
    }

    async fn on_close(&mut self, close: Close, app: &App) {
        let _ = app.ends.send(close);
        if self.name == "slow_to_close" {
            std::future::pending::<()>().await;
        }
    }
}

struct Test {
    app: TestApp<App>,
    ends: mpsc::UnboundedReceiver<Close>,
    gate: std::sync::Arc<App>,
}

impl Test {
    fn new(config: Config) -> Self {
        let (ends, ends_of) = mpsc::unbounded_channel();
        let gate = std::sync::Arc::new(App { ends, gate: Notify::new() });
        let app = testing::app(channels![Desk].app_arc(gate.clone()).config(config));
        Self { app, ends: ends_of, gate }
    }

    async fn client(&self, name: &str) -> Client<Desk> {
        self.app.connect::<Desk>(&format!("/desk/{name}")).await.unwrap()
    }

    /// How connections have ended, by now.
    fn ended(&mut self) -> Vec<ClosedBy> {
        std::iter::from_fn(|| self.ends.try_recv().ok()).map(|close| close.by).collect()
    }
}

fn echoes(text: &str) -> Echo {
    Echo { text: text.into() }
}

/// So many seconds, a millisecond at a time.
async fn seconds_in_small(seconds: usize) {
    for _ in 0..1000 * seconds {
        advance(Duration::from_millis(1)).await;
    }
}

/// So many seconds, one after the other, so that whoever waits for one of them has its turn.
async fn seconds(seconds: usize) {
    for _ in 0..seconds {
        advance(Duration::from_secs(1)).await;
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays_for_ever() {
    let mut test = Test::new(Config::default());
    let mut client = test.client("a").await;
    for _ in 0..300 {
        seconds(1).await;
        client.expect_nothing().await;
    }
    client.send(echoes("still here"));
    assert_eq!(client.expect::<Echo>().await.text, "still here");
    assert_eq!(test.ended(), []);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_is_closed_with_1013_within_36_seconds_and_not_before_30() {
    let mut test = Test::new(Config::default());
    let mut client = test.client("a").await;
    // It is pinged after 25 seconds or up to five before, by its number, which depends on the tests that ran earlier.
    seconds(29).await;
    assert_eq!(test.ended(), []);
    seconds(8).await;
    assert_eq!(test.ended(), [ClosedBy::NoPong]);
    assert_eq!(client.expect_close().await, (CloseCode::TRY_AGAIN, "no pong came".into()));
}

#[tokio::test(start_paused = true)]
async fn pings_can_be_turned_off() {
    let mut test = Test::new(Config::default().ping_interval(None));
    let mut client = test.client("a").await;
    seconds(1000).await;
    client.send(echoes("still here"));
    assert_eq!(client.expect::<Echo>().await.text, "still here");
    assert_eq!(test.ended(), []);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_we_do_not_read_from_is_not_taken_for_dead() {
    let mut test = Test::new(Config::default());
    let mut client = test.client("a").await;
    client.send(DeskFromClient::Wait);
    for _ in 0..100 {
        client.send(echoes(&"x".repeat(1000)));
    }
    seconds(1000).await;
    assert_eq!(test.ended(), []);
    test.gate.gate.notify_one();
    assert_eq!(client.expect::<Echo>().await.text, "waited");
    for _ in 0..100 {
        client.expect::<Echo>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_while_its_handler_waits_is_noticed() {
    let mut test = Test::new(Config::default());
    let mut client = test.client("a").await;
    client.send(DeskFromClient::WaitForTheEnd);
    seconds(37).await;
    assert_eq!(test.ended(), [ClosedBy::NoPong]);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_message_is_idle_whatever_it_pongs() {
    let mut test = Test::new(Config::default().idle_timeout(Duration::from_secs(120)));
    let (mut idle, mut busy) = (test.client("idle").await, test.client("busy").await);
    for _ in 0..119 {
        seconds(1).await;
        idle.expect_nothing().await;
        busy.send(echoes("here"));
        busy.expect::<Echo>().await;
    }
    assert_eq!(test.ended(), []);
    seconds(3).await;
    assert_eq!(test.ended(), [ClosedBy::Idle]);
    assert_eq!(idle.expect_close().await.0, CloseCode::NORMAL);
    busy.send(echoes("still here"));
    assert_eq!(busy.expect::<Echo>().await.text, "still here");
}

#[tokio::test(start_paused = true)]
async fn a_handler_over_its_deadline_is_dropped_and_its_client_told() {
    let mut test = Test::new(Config::default().handler_timeout(Duration::from_secs(3)));
    let mut client = test.client("a").await;
    let asked = client.request(DeskFromClient::Wait);
    // The clock goes on by itself where everybody waits for it.
    assert_eq!(asked.error(Fault::TIMEOUT).await.message, "it took too long");
    client.send(DeskFromClient::Wait);
    client.send(echoes("next"));
    client.expect_error(Fault::TIMEOUT).await;
    assert_eq!(client.expect::<Echo>().await.text, "next");
    client.send(DeskFromClient::Wait);
    seconds(2).await;
    test.gate.gate.notify_one();
    assert_eq!(client.expect::<Echo>().await.text, "waited");
    assert_eq!(test.ended(), []);
}

#[tokio::test(start_paused = true)]
async fn an_on_connect_over_its_deadline_ends_the_connection() {
    let mut test = Test::new(Config::default().handler_timeout(Duration::from_secs(3)));
    let mut client = test.app.connect::<Desk>("/desk/slow_to_connect").without_waiting().await.unwrap();
    client.expect_error(Fault::TIMEOUT).await;
    assert_eq!(client.expect_close().await, (CloseCode::TRY_AGAIN, "timeout".into()));
    assert_eq!(test.ended(), [ClosedBy::Server]);
}

#[tokio::test(start_paused = true)]
async fn an_on_close_over_its_deadline_does_not_keep_the_connection() {
    let mut test = Test::new(Config::default().handler_timeout(Duration::from_secs(3)));
    let mut client = test.client("slow_to_close").await;
    client.close();
    client.expect_close().await;
    assert!(client.is_ended().await);
    assert_eq!(test.ended(), [ClosedBy::Client]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_closes_one_after_the_other_and_serves_who_is_left() {
    const CLIENTS: usize = 10_000;
    let mut test = Test::new(Config::default());
    let mut clients = Vec::new();
    for index in 0..CLIENTS {
        clients.push(test.app.connect::<Desk>(&format!("/desk/{}", index % 100)).without_waiting().await.unwrap());
    }
    test.app.settle().await;
    let Test { app, ends, .. } = &mut test;
    let last = clients.last_mut().unwrap();
    let witness = async {
        for second in 0..4 {
            seconds_in_small(1).await;
            let ended = std::iter::from_fn(|| ends.try_recv().ok()).filter(|end| end.by == ClosedBy::Server).count();
            assert!((1900..=2100).contains(&ended), "{ended} in second {second}");
            last.send(echoes("still served"));
        }
    };
    tokio::join!(app.drain(), witness);
    for _ in 0..4 {
        assert_eq!(last.expect::<Echo>().await.text, "still served");
    }
    assert_eq!(last.expect_close().await.0, CloseCode::GOING_AWAY);
    assert_eq!(test.ended().len() / 100, 20);
}

#[tokio::test]
async fn pings_go_out_on_the_wire_and_their_pongs_come_back() {
    let config = Config::default().ping_interval(Duration::from_millis(4)).pong_timeout(support::PATIENCE * 2);
    let fixture = Fixture::with(config).await;
    let mut raw = fixture.raw("r").await;
    for _ in 0..3 {
        raw.expect(Frame { first: 0x89, payload: Vec::new() }).await;
        raw.write(masked(0x8A, "")).await;
    }
    raw.write(text(&echo("alive"))).await;
    loop {
        let frame = raw.frame().await.unwrap();
        if frame.first != 0x89 {
            assert_eq!(frame, Frame::text(&echo("alive")));
            break;
        }
    }
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_client_that_vanished_without_a_word_leaves_nothing_behind() {
    let millisecond = Duration::from_millis(1);
    let config = Config::default().ping_interval(millisecond).pong_timeout(millisecond).close_timeout(millisecond);
    let mut fixture = Fixture::with(config).await;
    // It is connected, reads nothing and says nothing any more. One has a handler that waits for its end.
    let silent = fixture.server.raw("/wire/silent").await;
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.left), (ClosedBy::NoPong, 0));
    let mut busy = fixture.server.raw("/wire/busy").await;
    busy.write(text(&bare("wait_for_the_end"))).await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::NoPong);
    assert_eq!(fixture.hub.all().len(), 0);
    within(fixture.begin_to_stop()).await.unwrap();
    fixture.assert_all_ended();
    drop((silent, busy));
}

#[test]
fn the_defaults_are_those_of_the_docs() {
    let config = Config::default();
    assert_eq!((config.ping_interval, config.pong_timeout.as_secs()), (Some(Duration::from_secs(25)), 10));
    assert_eq!((config.idle_timeout, config.handler_timeout), (None, None));
    assert_eq!((config.close_timeout.as_secs(), config.drain_window.as_secs()), (2, 5));
}
